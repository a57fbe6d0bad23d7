// The words for what the wire abbreviates. One place, so that a state has one name on every page.

import type { AgentState, Call, Caller, LiveServer, Role } from "../api/types";

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

/** Local time of day with seconds. */
export function timeOfDay(at: number | string): string {
  return new Date(at).toLocaleTimeString(undefined, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
}
