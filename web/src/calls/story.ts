// What happened to a call, in words, one line for each fact that says something to a person. Pure.

import type { Call, Event, EventOf } from "../api/types";
import { causeWords, isolated, OVERFLOW_WORDS, stopwatch } from "../live/words.ts";
import {
  choiceWords,
  deedWords,
  endWords,
  offerEndWords,
  routedWords,
  type Told,
  watchedWords,
} from "./storyWords.ts";

/** What things are called that events name by their ids. */
export interface Names {
  agent: (id: string) => string;
  queue: (id: string) => string;
  /** A phone of this house, a queue, or a number outside: what was dialled, with whom it is. */
  place: (to: string) => string;
}

export interface Line extends Told {
  seq: number;
  at: string;
  /** Milliseconds since the call began. */
  after: number;
}

/** The story of a call, as far as `events` (in order) tell it to these eyes. */
export function storyOf(call: Call, events: readonly Event[], names: Names): Line[] {
  const from = Date.parse(events[0]?.at ?? call.arrived_at);
  const lines: Line[] = [];
  let trunk: string | null = null;
  for (const event of events) {
    const told = event.type === "call_routed" ? routedWords(event, trunk) : lineOf(event, call, names);
    if (event.type === "call_routed") trunk = event.trunk;
    if (told) lines.push({ ...told, seq: event.seq, at: event.at, after: Date.parse(event.at) - from });
  }
  return lines;
}

function lineOf(event: Event, call: Call, names: Names): Told | null {
  switch (event.type) {
    case "call_arrived":
      return { tone: "plain", words: `The call arrived for ${event.dialled}` };
    case "call_placed":
      return placed(event, names);
    case "agent_picked_up":
      return { tone: "ringing", words: `${names.agent(event.agent)} picked up; the customer's phone rings` };
    case "customer_answered":
      return { tone: "talking", words: "The customer answered" };
    case "call_queued":
      return queued(event, names);
    case "call_offered":
      return {
        tone: "ringing",
        words: `${names.agent(event.agent)}'s phone rings`,
        detail: choiceWords(event.choice),
      };
    case "offer_ended":
      return offerEndWords(names.agent(event.agent), event);
    case "call_answered":
      return {
        tone: "talking",
        words: `The caller talks with ${names.agent(event.agent)}`,
        detail: `after a wait of ${stopwatch(event.wait_ms)}`,
      };
    case "call_parked":
      return {
        tone: "held",
        words: `${names.agent(event.agent)} parked the call in ${event.slot}; the customer hears music`,
        detail: `by ${isolated(event.by)}`,
      };
    case "call_returned":
      return { tone: "waiting", words: `Nobody fetched it: in line in ${names.queue(event.queue)} again` };
    case "call_retrieved":
      return {
        tone: "talking",
        words: `The caller talks with ${names.agent(event.agent)}`,
        detail: event.slot == null ? null : `fetched from ${event.slot}`,
      };
    case "call_controlled":
      return deedWords(event, call, names);
    case "call_watched":
      return watchedWords(event, names.agent(event.watcher));
    case "call_ended":
      return ended(event, call, names);
    case "agent_changed":
      // Its other changes are told by what the call did to it.
      return event.state === "wrap_up"
        ? { tone: "plain", words: `${names.agent(event.agent)} is in wrap-up` }
        : null;
    default:
      return null;
  }
}

function placed(event: EventOf<"call_placed">, names: Names): Told {
  const facts = [
    event.caller_id ? `the customer sees ${event.caller_id}` : "the customer sees the trunk's own number",
    event.campaign ? `campaign ${isolated(event.campaign)}` : null,
  ];
  return {
    tone: "plain",
    words: `${names.agent(event.agent)} calls ${isolated(event.customer.e164 ?? event.dialled)}`,
    detail: facts.filter(Boolean).join("; "),
  };
}

function queued(event: EventOf<"call_queued">, names: Names): Told {
  const { overflow_reason: reason, kept_for: kept } = event;
  const facts = [
    `place ${event.position}`,
    reason ? `from another queue: ${OVERFLOW_WORDS[reason]}` : null,
    kept ? `kept for ${names.agent(kept.agent)}, who called them before` : null,
  ];
  return {
    tone: "waiting",
    words: `In line in ${names.queue(event.queue)}`,
    detail: facts.filter(Boolean).join("; "),
  };
}

function ended(event: EventOf<"call_ended">, call: Call, names: Names): Told {
  const agent = event.agent ? names.agent(event.agent) : null;
  const facts = [
    event.talk_ms == null ? null : `talked ${stopwatch(event.talk_ms)}`,
    event.hangup_cause == null ? null : causeWords(event.hangup_cause),
  ];
  return {
    tone: "ended",
    words: endWords(event, agent, call),
    detail: facts.filter(Boolean).join("; "),
  };
}
