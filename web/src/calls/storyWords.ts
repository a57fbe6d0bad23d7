// The words of a call's story, by what was decided, done or ended.

import type { AgentState, Call, Choice, EventOf, OfferResult, WatchMode } from "../api/types";
import {
  AGENT_STATE_WORDS,
  causeWords,
  consultedWords,
  isolated,
  OVERFLOW_WORDS,
  stopwatch,
} from "../live/words.ts";
import type { Names } from "./story.ts";

/** The colour beside a line; its words say the same. */
export type Tone =
  | "plain"
  | "waiting"
  | "ringing"
  | "missed"
  | "talking"
  | "held"
  | "recorded"
  | "third"
  | "watched"
  | "ended";

export interface Told {
  tone: Tone;
  words: string;
  /** Why, how long, by whom. */
  detail?: string | null;
}

const STRATEGY_WORDS: Record<NonNullable<Choice["strategy"]>, string> = {
  longest_idle: "idle for the longest time",
  round_robin: "next in turn",
  least_calls: "fewest calls today",
  random: "by chance",
  ring_all: "all are rung",
  skills: "best skills",
};

const APART_WORDS: Record<NonNullable<Choice["apart"]>, string> = {
  retrieved: "they fetch it from its slot",
  picked_up: "they pick it up",
  came_back: "they parked it, and nobody fetched it",
};

/** Why this agent: "idle for the longest time, of 3 who were free; not free: 2 on a call". Nothing where it is not told. */
export function choiceWords({ strategy, apart, eligible, passed_over: passed }: Choice): string | null {
  if (apart) return APART_WORDS[apart];
  if (eligible === 0) return null;
  const why = strategy ? STRATEGY_WORDS[strategy] : "the call was kept for them";
  const chosen = eligible === 1 ? "the only one who was free" : `${why}, of ${eligible} who were free`;
  const others = passed.map(({ state, count }) => `${count} ${stateWords(state)}`);
  const facts = [strategy ? chosen : why, others.length > 0 ? `not free: ${others.join(", ")}` : null];
  return facts.filter(Boolean).join("; ");
}

function stateWords(state: AgentState | null | undefined): string {
  return state ? AGENT_STATE_WORDS[state].toLowerCase() : "paused or without the skill";
}

const OFFER_WORDS: Record<Exclude<OfferResult, "answered">, (agent: string) => string> = {
  missed: (agent) => `${agent} did not answer`,
  declined: (agent) => `${agent} rejected the call`,
  phone_busy: (agent) => `${agent}'s phone was in use`,
  unreachable: (agent) => `${agent}'s phone could not be reached`,
  picked_up: (agent) => `Somebody else picked up what rang at ${agent}`,
  lost_race: (agent) => `Somebody else was faster than ${agent}`,
  caller_gone: (agent) => `The caller left while ${agent}'s phone rang`,
  agent_left: (agent) => `${agent} went while the phone rang`,
  bridge_failed: (agent) => `${agent} answered, but Asterisk did not connect the two`,
  server_lost: (agent) => `Asterisk was lost while ${agent}'s phone rang`,
};

export function offerEndWords(agent: string, { result, ring_ms: ring }: EventOf<"offer_ended">): Told | null {
  // The next line says that the two talk.
  if (result === "answered") return null;
  return { tone: "missed", words: OFFER_WORDS[result](agent), detail: `rang ${stopwatch(ring)}` };
}

/** By which trunk it went, and why not by the one `before`. */
export function routedWords(event: EventOf<"call_routed">, before: string | null): Told {
  const way = `trunk ${isolated(event.trunk)} as ${isolated(event.dialled)}`;
  if (event.after_cause == null) return { tone: "ringing", words: `By ${way}` };
  const failed = before === null ? "The trunk before" : `Trunk ${isolated(before)}`;
  const words = `${failed} could not take it; by ${way}`;
  return { tone: "missed", words, detail: causeWords(event.after_cause) };
}

/** What was done to a call that talks. */
export function deedWords(event: EventOf<"call_controlled">, call: Call, names: Names): Told | null {
  const told = deed(event, call, names);
  if (!told) return null;
  const facts = [told.detail, event.by ? `by ${isolated(event.by)}` : null];
  return { ...told, detail: facts.filter(Boolean).join("; ") };
}

function deed(event: EventOf<"call_controlled">, call: Call, names: Names): Told | null {
  switch (event.deed) {
    case "held":
      return { tone: "held", words: "On hold: the customer hears music" };
    case "resumed":
      return { tone: "talking", words: `Resumed after ${stopwatch(event.held_ms)} on hold` };
    case "muted":
      return { tone: "held", words: `${names.agent(event.agent)} muted: nobody hears them` };
    case "unmuted":
      return { tone: "talking", words: `${names.agent(event.agent)} can be heard again` };
    case "digits_sent":
      return { tone: "plain", words: event.count === 1 ? "1 key pressed" : `${event.count} keys pressed` };
    case "recording_started":
      return { tone: "recorded", words: `${recordingWords(call, event.name)} begins` };
    case "recording_paused":
      return { tone: "recorded", words: `${recordingWords(call, event.name)} paused` };
    case "recording_resumed":
      return { tone: "recorded", words: `${recordingWords(call, event.name)} goes on` };
    case "recording_ended":
      return { tone: "recorded", words: `${recordingWords(call, event.name)} ends` };
    default:
      return thirdWords(event, names);
  }
}

function thirdWords(event: EventOf<"call_controlled">, names: Names): Told | null {
  const agent = names.agent(event.agent);
  switch (event.deed) {
    case "consult_begun": {
      const to = names.place(event.to);
      return event.transfer
        ? { tone: "third", words: `Transfer to ${to}: their phone rings` }
        : { tone: "third", words: `${agent} asks ${to}; the customer hears music` };
    }
    case "consult_changed":
      return { tone: "third", words: consultStateWords(event.state, agent) };
    case "consult_ended":
      return {
        tone: "third",
        words:
          consultedWords({ to: names.place(event.to), cause: event.cause ?? null })?.replace(/\.$/, "") ??
          "The consultation is over",
      };
    case "transferred":
      return { tone: "third", words: `The customer was given to ${names.place(event.to)}` };
    default:
      return null;
  }
}

function consultStateWords(
  state: NonNullable<NonNullable<Call["control"]>["consult"]>["state"],
  agent: string,
): string {
  return {
    ringing: "Their phone rings",
    talking: `${agent} talks with them; the customer hears music`,
    waiting: `${agent} talks with the customer; the one who was asked hears music`,
    conference: "All three talk",
  }[state];
}

/** Which of a call's recordings it is; they are counted from 1. */
function recordingWords({ control }: Pick<Call, "control">, name: string): string {
  const place = control?.recordings.findIndex((one) => one.name === name) ?? -1;
  return place < 0 ? "Recording" : `Recording ${place + 1}`;
}

const WATCHING_WORDS: Record<WatchMode, string> = {
  listen: "listens; nobody hears them",
  whisper: "whispers; only the agent hears them",
  barge: "is in the call; both hear them",
};

export function watchedWords({ state, mode, by }: EventOf<"call_watched">, watcher: string): Told {
  const detail = `by ${isolated(by)}`;
  if (state === "ringing")
    return { tone: "watched", words: `${watcher}'s phone rings, to take part`, detail };
  if (state === "ended") return { tone: "watched", words: `${watcher} takes part no longer` };
  return { tone: "watched", words: `${watcher} ${WATCHING_WORDS[mode]}`, detail };
}

type End = Pick<EventOf<"call_ended">, "outcome" | "overflow_reason" | "ended_by">;

/** Who ended a call, and how. */
export function endWords(
  { outcome, overflow_reason: reason, ended_by: by }: End,
  agent: string | null,
  call: Pick<Call, "control">,
): string {
  const who = by === "caller" ? "The customer" : by === "agent" ? (agent ?? "The agent") : null;
  switch (outcome) {
    case "answered":
      if (call.control?.transferred_to && by !== "caller") return "The agent is free; the customer talks on";
      return who ? `${who} hung up` : "The call was ended";
    case "abandoned":
      return by === "caller"
        ? "The caller hung up before anybody answered"
        : "The call ended before anybody answered";
    case "overflowed":
      return `Sent back to the dialplan${reason ? `: ${OVERFLOW_WORDS[reason]}` : ""}`;
    case "rejected":
      return `Turned away${reason ? `: ${OVERFLOW_WORDS[reason]}` : ""}`;
    case "unrouted":
      return "Ended: no queue was found for it";
    case "failed":
      return "Lost with its Asterisk";
    case "not_reached":
      return who && by !== "caller"
        ? `${who} hung up before the customer answered`
        : "The customer was not reached";
  }
}
