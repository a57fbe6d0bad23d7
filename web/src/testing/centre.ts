// A small centre to test with: two queues, three agents, one call in line.

import type { Call, Control, Event, EventType, Live, LiveAgent, LiveQueue } from "../api/types";

export const T0 = "2026-03-02T09:00:00.000000Z";

/** `seconds` after T0, as the wire writes it. */
export function at(seconds: number): string {
  return new Date(Date.parse(T0) + seconds * 1000).toISOString().replace("Z", "000Z");
}

export function queue(id: string, change: Partial<LiveQueue> = {}): LiveQueue {
  return {
    queue: {
      id,
      name: id,
      display_name: id[0]?.toUpperCase() + id.slice(1),
      strategy: "longest_idle",
      priority: 0,
      ring_seconds: 20,
      wrap_up_seconds: 30,
      no_agents: "wait",
      overflow: { action: "hang_up" },
      answer_on: "queue",
      music_class: "default",
      time_zone: "UTC",
      required_skills: [],
      service_level_seconds: 20,
      pick_up_waiting: false,
      active: true,
    },
    waiting: 0,
    ringing: 0,
    talking: 0,
    longest_wait_since: null,
    agents: { available: 0, break: 0, busy: 0, ringing: 0, wrap_up: 0, no_answer: 0, offline: 0 },
    today: { offered: 0, answered: 0, abandoned: 0, answered_in_service_level: 0 },
    ...change,
  };
}

export function agent(
  id: string,
  name: string,
  queues: string[],
  status: Partial<LiveAgent["status"]> = {},
): LiveAgent {
  return {
    agent: { id, name, extension: `10${id.at(-1)}`, active: true, skills: {} },
    queues,
    status: { state: "available", since: T0, ...status },
  };
}

export function call(id: string, change: Partial<Call> = {}): Call {
  return {
    id,
    server: "s1",
    channel: `1700000000.${id.at(-1)}`,
    direction: "inbound",
    caller: { number: "5550101", name: "" },
    dialled: "5550100",
    state: "waiting",
    queue: "support",
    priority: 0,
    arrived_at: T0,
    queued_at: T0,
    ...change,
  };
}

/** What was done to a call that talks. */
export function control(change: Partial<Control> = {}): Control {
  return {
    held_since: null,
    hold_ms: 0,
    muted: false,
    recordings: [],
    consult: null,
    transferred_to: null,
    parked: null,
    parked_ms: 0,
    ...change,
  };
}

export function centre(change: Partial<Live> = {}): Live {
  const counts = queue("x").agents;
  return {
    seq: 10,
    untold_events: 0,
    at: T0,
    queues: [
      queue("support", { waiting: 1, longest_wait_since: T0, agents: { ...counts, available: 2 } }),
      queue("sales", { agents: { ...counts, available: 1, break: 1 } }),
    ],
    agents: [
      agent("a1", "Jana Nováková", ["support", "sales"]),
      agent("a2", "Petr Kováč", ["support"]),
      agent("a3", "Eva Horváth", ["sales"], { state: "break", reason: "Lunch" }),
    ],
    calls: [call("c1")],
    servers: [{ id: "s1", name: "pbx-1", state: "connected", since: T0, version: "22.10.0" }],
    ...change,
  };
}

type Body<T extends EventType> = Omit<Extract<Event, { type: T }>, "seq" | "at" | "type">;

/** An event `seq` seconds after T0. */
export function event<T extends EventType>(seq: number, type: T, body: Body<T>): Event {
  return { ...body, type, seq, at: at(seq) } as unknown as Event;
}
