// What the page knows of the centre: the server's snapshot, indexed.

import type { AgentState, AgentStatus, Call, Live, LiveAgent, LiveQueue, LiveServer } from "../api/types";
import { type Aside, NOTHING_ASIDE } from "./control.ts";

/** A call, with the agents whose phones it rings. */
export interface LiveCall extends Call {
  ringing: readonly string[];
}

export interface LiveState extends Aside {
  /** The newest fact that is in here. */
  seq: number;
  /** When that fact happened, by the server's clock. */
  at: string;
  queues: ReadonlyMap<string, LiveQueue>;
  agents: ReadonlyMap<string, LiveAgent>;
  /** Calls that have not ended, in order of arrival. */
  calls: ReadonlyMap<string, LiveCall>;
  servers: ReadonlyMap<string, LiveServer>;
  /** It holds what the stream has yet to tell: events cannot be laid over it, only the next snapshot is true. */
  ahead: boolean;
  /** An event named something that is not in here: only a new snapshot can tell what it is. */
  outdated: boolean;
}

/** The order in which states are listed, those that need an eye first. */
export const AGENT_STATES = [
  "available",
  "ringing",
  "busy",
  "wrap_up",
  "break",
  "no_answer",
  "offline",
] as const satisfies readonly AgentState[];

export function fromSnapshot(live: Live, aside: Aside = NOTHING_ASIDE): LiveState {
  const ringing = ringingByCall(live.agents);
  const calls = live.calls
    .filter((call) => call.state !== "ended")
    .sort((a, b) => a.arrived_at.localeCompare(b.arrived_at))
    .map((call): LiveCall => ({ ...call, ringing: ringing.get(call.id) ?? [] }));
  const calling = new Map(calls.map((call) => [call.id, call]));
  return {
    seq: live.seq,
    at: live.at,
    queues: new Map(live.queues.map((queue) => [queue.queue.id, queue])),
    agents: new Map(live.agents.map((agent) => [agent.agent.id, agent])),
    calls: calling,
    servers: new Map(live.servers.map((server) => [server.id, server])),
    watches: new Map([...aside.watches].filter(([, watch]) => calling.has(watch.call))),
    consulted: new Map([...aside.consulted].filter(([call]) => calling.has(call))),
    ahead: live.untold_events > 0,
    outdated: false,
  };
}

function ringingByCall(agents: readonly LiveAgent[]): Map<string, string[]> {
  const byCall = new Map<string, string[]>();
  for (const { agent, status } of agents) {
    if (status.state !== "ringing" || !status.call) continue;
    const others = byCall.get(status.call);
    if (others) others.push(agent.id);
    else byCall.set(status.call, [agent.id]);
  }
  return byCall;
}

/** May an agent leave this state for another at once? During a call a wish waits for its end. */
export function isOnCall(status: AgentStatus): boolean {
  return status.state === "busy" || status.state === "ringing";
}
