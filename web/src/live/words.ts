// The words for what the wire abbreviates. One place, so that a state has one name on every page.

import type {
  AgentState,
  Call,
  Caller,
  Consult,
  ControlAction,
  LiveServer,
  Role,
  Watch,
  WatchMode,
} from "../api/types";
import type { Consulted } from "./control";

export const AGENT_STATE_WORDS: Record<AgentState, string> = {
  available: "Available",
  ringing: "Ringing",
  busy: "On a call",
  wrap_up: "Wrap-up",
  break: "Break",
  no_answer: "No answer",
  offline: "Offline",
};

export const CALL_STATE_WORDS: Record<Call["state"], string> = {
  waiting: "Waiting",
  ringing: "Ringing",
  connecting: "Connecting",
  talking: "Talking",
  parked: "Parked",
  ended: "Ended",
};

export const OUTCOME_WORDS: Record<NonNullable<Call["outcome"]>, string> = {
  answered: "Answered",
  abandoned: "Abandoned",
  overflowed: "Sent to the dialplan",
  rejected: "Turned away",
  unrouted: "No queue found",
  failed: "Lost with its server",
  not_reached: "Not reached",
};

export const OVERFLOW_WORDS: Record<NonNullable<Call["overflow_reason"]>, string> = {
  max_wait: "waited too long",
  queue_full: "queue full",
  no_agents: "no agents",
  queue_removed: "queue removed",
  loop: "queues in a circle",
  key_pressed: "pressed a key",
};

export const ENDED_BY_WORDS: Record<NonNullable<Call["ended_by"]>, string> = {
  caller: "Caller",
  agent: "Agent",
  system: "System",
};

/** What could not be done, for the title of a failure. */
export const NOT_DONE_WORDS: Record<ControlAction | "consult" | "transfer", string> = {
  hold: "The call was not put on hold",
  unhold: "The call was not resumed",
  mute: "You were not muted",
  unmute: "You were not unmuted",
  record: "The recording was not started",
  pause_recording: "The recording was not paused",
  resume_recording: "The recording was not resumed",
  stop_recording: "The recording was not stopped",
  consult: "Nobody was called",
  transfer: "The call was not given over",
  swap: "The two did not change places",
  conference: "The three were not brought together",
  end_consult: "The consultation was not ended",
};

/** Why a consultation came to nothing, by the cause of its end; `null`: it ended as one does. */
export function consultedWords({ to, cause }: Pick<Consulted, "to" | "cause">): string | null {
  if (cause === null || cause === NORMAL) return null;
  if (cause === BUSY) return `${to} is busy.`;
  return cause === NO_ANSWER ? `${to} does not answer.` : `${to} could not be reached.`;
}

/** Causes of Q.850. */
const [NORMAL, BUSY, NO_ANSWER] = [16, 17, 19];

/** The usual causes of Q.850, in words. */
const CAUSE_WORDS: Record<number, string> = {
  1: "no such number",
  3: "no route to the destination",
  16: "normal end",
  17: "busy",
  18: "no answer from the network",
  19: "no answer",
  20: "not registered",
  21: "refused",
  22: "number changed",
  27: "destination out of order",
  28: "number not complete",
  31: "normal end",
  34: "no line free",
  38: "network out of order",
  41: "failure for a moment",
  42: "network overloaded",
  44: "line not available",
  47: "no resources",
  58: "media not available",
  102: "time ran out",
  127: "unknown reason",
};

/** What a network said at the end, with its number, as a carrier asks for it. */
export function causeWords(cause: number): string {
  return CAUSE_WORDS[cause] ? `${CAUSE_WORDS[cause]} (cause ${cause})` : `cause ${cause}`;
}

/** Who talks with whom while somebody is consulted. */
export function consultWords({ to, transfer, state }: Consult): string {
  if (transfer) return `Transfer to ${to}: ${state === "ringing" ? "rings" : "answered"}`;
  return {
    ringing: `${to} rings`,
    talking: `You talk with ${to}; the customer hears music`,
    waiting: `You talk with the customer; ${to} hears music`,
    conference: "All three talk",
  }[state];
}

export const WATCH_MODE_WORDS: Record<WatchMode, { ask: string; means: string; not: string }> = {
  listen: { ask: "Listen", means: "Nobody hears you", not: "You do not listen" },
  whisper: { ask: "Whisper", means: "Only the agent hears you", not: "You do not whisper" },
  barge: { ask: "Barge in", means: "Both hear you", not: "You did not barge in" },
};

/** What the supervisor who watches does now. */
export function watchWords({ state, mode }: Pick<Watch, "state" | "mode">): string {
  if (state === "ringing") return "Rings you";
  return { listen: "You listen", whisper: "You whisper", barge: "You barge in" }[mode];
}

export const ROLE_WORDS: Record<Role, string> = {
  administrator: "Administrator",
  supervisor: "Supervisor",
  agent: "Agent",
  service: "Service",
};

/** Who calls, by what the network says. */
export function callerWords(caller: Caller): string {
  const number = caller.e164 ?? caller.number;
  if (number === "") return caller.name || "Withheld";
  return caller.name && caller.name !== caller.number ? `${number} ${caller.name}` : number;
}

/** Why calls of this server do not reach us; `null`: they do. */
export function serverTrouble(server: LiveServer): string | null {
  const reason = server.reason ? ` (${server.reason})` : "";
  switch (server.state) {
    case "connected":
      return null;
    case "connecting":
      return `connecting for the first time${reason}.`;
    case "unauthorized":
      return `it refuses our user name or password${reason}. Correct them in the server's settings.`;
    case "replaced":
      return "another program took our Stasis application. Stop that program; then calls reach Cordboard again.";
    case "lost":
      return `the connection is lost${reason}. Calls that are up stay up; we try again until it answers.`;
  }
}

/** Part of a whole as "87 %"; "–" where there is no whole. */
export function percent(part: number, whole: number): string {
  return whole > 0 ? `${Math.round((part / whole) * 100)} %` : "–";
}

/** Seconds as on a stop watch: 0:07, 12:34, 1:02:03. */
export function stopwatch(milliseconds: number): string {
  const total = Math.max(0, Math.floor(milliseconds / 1000));
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const tail = String(seconds).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

const WHEN = new Intl.DateTimeFormat(undefined, {
  dateStyle: "medium",
  timeStyle: "medium",
  hourCycle: "h23",
});

/** Local date and time of day with seconds. */
export function dateAndTime(at: string): string {
  return WHEN.format(new Date(at));
}

/** Local time of day with seconds. */
export function timeOfDay(at: number | string): string {
  return new Date(at).toLocaleTimeString(undefined, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
}

/** A text that others chose, so that its direction of writing stays its own: it cannot turn the words around it. */
export function isolated(text: string): string {
  return `\u2068${text}\u2069`;
}
