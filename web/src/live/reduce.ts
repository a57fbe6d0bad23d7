// The live state after an event. Pure: no clock, no network, and never a change in place.

import type { Event, EventOf, LiveAgent, LiveQueue, LiveServer } from "../api/types";
import { asideAfter, controlled, parked, unparked } from "./control.ts";
import type { LiveCall, LiveState } from "./state";

/** Events that the state already contains change nothing, so a replay does no harm. */
export function applyEvent(live: LiveState, event: Event): LiveState {
  if (event.seq <= live.seq) return live;
  if (live.ahead) return { ...live, outdated: true };
  const next = { ...live, ...asideAfter(live, event), seq: event.seq, at: event.at };
  switch (event.type) {
    case "call_arrived":
      return putCall(next, undefined, arrived(event));
    case "call_placed":
      return putCall(next, undefined, placed(event));
    case "agent_picked_up":
      return changeCall(next, event.call, (call) => ({ ...call, state: "connecting" }));
    case "call_routed":
      return changeCall(next, event.call, (call) => ({
        ...call,
        placed: { campaign: "", ...call.placed, trunk: event.trunk },
      }));
    case "customer_answered":
      return changeCall(next, event.call, (call) => ({ ...call, state: "talking", answered_at: event.at }));
    case "call_queued": {
      const known = next.calls.get(event.call);
      return putCall(countOffered(next, event), known, queued(known ?? hidden(event), event));
    }
    case "call_offered":
      return changeCall(reveal(next, event), event.call, (call) => ({
        ...call,
        state: call.state === "waiting" ? "ringing" : call.state,
        ringing: [...call.ringing.filter((agent) => agent !== event.agent), event.agent],
      }));
    case "offer_ended":
      return changeCall(next, event.call, (call) => offerEnded(call, event));
    case "call_answered":
      return changeCall(countAnswered(reveal(next, event), event), event.call, (call) => ({
        ...call,
        state: "talking",
        agent: event.agent,
        offer: event.offer,
        answered_at: event.at,
        wait_ms: event.wait_ms,
        ringing: [],
      }));
    case "call_parked":
      return changeCall(next, event.call, (call) => ({
        ...call,
        state: "parked",
        control: parked(call.control, event),
      }));
    case "call_returned":
      return changeCall(next, event.call, (call) => ({
        ...call,
        state: "waiting",
        control: unparked(call.control),
      }));
    case "call_retrieved":
      return changeCall(reveal(next, event), event.call, (call) => ({
        ...call,
        state: "talking",
        agent: event.agent,
        offer: event.offer,
        ringing: [],
        control: unparked(call.control),
      }));
    case "call_controlled":
      return changeCall(next, event.call, (call) => ({ ...call, control: controlled(call.control, event) }));
    case "call_watched":
      // A call that is watched is as it was.
      return next;
    case "call_ended":
      return putCall(countEnded(next, event), next.calls.get(event.call), undefined);
    case "agent_changed":
      return agentChanged(next, event);
    case "server_connected":
      return changeServer(next, event, { state: "connected", version: event.version, reason: null });
    case "server_lost":
      return changeServer(next, event, { state: "lost", reason: event.reason });
    case "server_replaced":
      return changeServer(next, event, { state: "replaced", reason: null });
    default:
      // A newer server's word: what it means is in the next snapshot.
      return next;
  }
}

function arrived(event: EventOf<"call_arrived">): LiveCall {
  return {
    id: event.call,
    server: event.server,
    channel: event.channel,
    direction: "inbound",
    caller: event.caller,
    dialled: event.dialled,
    state: "waiting",
    priority: 0,
    arrived_at: event.at,
    ringing: [],
  };
}

/** A call that we make: its agent's phone rings first. */
function placed(event: EventOf<"call_placed">): LiveCall {
  return {
    id: event.call,
    server: event.server,
    channel: event.channel,
    direction: "outbound",
    caller: event.customer,
    dialled: event.dialled,
    state: "ringing",
    agent: event.agent,
    priority: 0,
    arrived_at: event.at,
    placed: { campaign: event.campaign, caller_id: event.caller_id, reservation: event.reservation },
    ringing: [event.agent],
  };
}

/** A caller's digits that are not for these eyes; the server writes them so too. */
const MASK = "•";

/** A call in one's queue whose arrival one was not told: agents learn the caller only of their own calls. */
function hidden(event: EventOf<"call_queued">): LiveCall {
  return {
    id: event.call,
    server: "",
    channel: "",
    direction: "inbound",
    caller: { number: MASK.repeat(3), name: "" },
    dialled: "",
    state: "waiting",
    priority: event.priority,
    arrived_at: event.at,
    ringing: [],
  };
}

/** A masked caller of a call that comes to oneself is in the next snapshot, in full. */
function reveal(
  live: LiveState,
  event: EventOf<"call_offered" | "call_answered" | "call_retrieved">,
): LiveState {
  const masked = live.calls.get(event.call)?.caller.number.includes(MASK);
  return masked && live.agents.has(event.agent) ? { ...live, outdated: true } : live;
}

function queued(call: LiveCall, event: EventOf<"call_queued">): LiveCall {
  return {
    ...call,
    state: "waiting",
    queue: event.queue,
    priority: event.priority,
    // A caller who overflows keeps the place that the first queue gave.
    queued_at: call.queued_at ?? event.at,
    ringing: [],
  };
}

function offerEnded(call: LiveCall, event: EventOf<"offer_ended">): LiveCall {
  if (event.result === "answered") {
    return { ...call, state: "connecting", agent: event.agent, offer: event.offer, ringing: [] };
  }
  const ringing = call.ringing.filter((agent) => agent !== event.agent);
  if (call.state === "parked") return { ...call, ringing };
  const agentLeft = call.state === "connecting" && call.agent === event.agent;
  if (call.state === "talking" || (call.state === "connecting" && !agentLeft)) return { ...call, ringing };
  return {
    ...call,
    ringing,
    state: ringing.length > 0 ? "ringing" : "waiting",
    agent: null,
    offer: null,
  };
}

// Calls and the queues that count them

function changeCall(live: LiveState, id: string, change: (call: LiveCall) => LiveCall): LiveState {
  const call = live.calls.get(id);
  return call ? putCall(live, call, change(call)) : { ...live, outdated: true };
}

function putCall(live: LiveState, before: LiveCall | undefined, after: LiveCall | undefined): LiveState {
  const id = after?.id ?? before?.id;
  if (!id) return live;
  const calls = new Map(live.calls);
  if (after) calls.set(id, after);
  else calls.delete(id);
  return { ...live, calls, queues: recount(live, calls, before, after) };
}

type Counted = "waiting" | "ringing" | "talking";

/** Which of its queue's figures a call is part of. */
function countedAs(call: LiveCall | undefined): Counted | null {
  if (!call?.queue || call.state === "ended" || call.state === "parked") return null;
  return call.state === "connecting" ? "talking" : call.state;
}

function recount(
  live: LiveState,
  calls: ReadonlyMap<string, LiveCall>,
  before: LiveCall | undefined,
  after: LiveCall | undefined,
): ReadonlyMap<string, LiveQueue> {
  const [was, is] = [countedAs(before), countedAs(after)];
  if (was === is && before?.queue === after?.queue) return live.queues;
  const queues = new Map(live.queues);
  add(queues, before?.queue, was, -1);
  add(queues, after?.queue, is, 1);
  for (const id of new Set([before?.queue, after?.queue])) {
    const queue = id ? queues.get(id) : undefined;
    if (queue) queues.set(queue.queue.id, { ...queue, longest_wait_since: longestWait(queue, calls) });
  }
  return queues;
}

function add(
  queues: Map<string, LiveQueue>,
  id: string | null | undefined,
  figure: Counted | null,
  by: 1 | -1,
) {
  const queue = id ? queues.get(id) : undefined;
  if (queue && figure) queues.set(queue.queue.id, { ...queue, [figure]: Math.max(0, queue[figure] + by) });
}

function longestWait(queue: LiveQueue, calls: ReadonlyMap<string, LiveCall>): string | null {
  const inLine = queue.waiting + queue.ringing;
  if (inLine === 0) return null;
  let [seen, earliest] = [0, ""];
  for (const call of calls.values()) {
    const counted = countedAs(call);
    if (call.queue !== queue.queue.id || (counted !== "waiting" && counted !== "ringing")) continue;
    seen += 1;
    const since = call.queued_at ?? call.arrived_at;
    if (earliest === "" || since < earliest) earliest = since;
  }
  // Those who do not see every call of the queue keep what the server said.
  if (seen >= inLine || !queue.longest_wait_since) return earliest || null;
  return queue.longest_wait_since;
}

// Today's figures

function count(
  live: LiveState,
  id: string | null | undefined,
  today: Partial<LiveQueue["today"]>,
): LiveState {
  const queue = id ? live.queues.get(id) : undefined;
  if (!queue) return id ? { ...live, outdated: true } : live;
  const sums = { ...queue.today };
  for (const [figure, by] of Object.entries(today)) sums[figure as keyof typeof sums] += by;
  return { ...live, queues: new Map(live.queues).set(queue.queue.id, { ...queue, today: sums }) };
}

function countOffered(live: LiveState, event: EventOf<"call_queued">): LiveState {
  return count(live, event.queue, { offered: 1 });
}

function countAnswered(live: LiveState, event: EventOf<"call_answered">): LiveState {
  const limit = live.queues.get(event.queue)?.queue.service_level_seconds ?? 0;
  return count(live, event.queue, {
    answered: 1,
    answered_in_service_level: event.wait_ms <= limit * 1000 ? 1 : 0,
  });
}

function countEnded(live: LiveState, event: EventOf<"call_ended">): LiveState {
  return event.outcome === "abandoned" ? count(live, event.queue, { abandoned: 1 }) : live;
}

// Agents and servers

function agentChanged(live: LiveState, event: EventOf<"agent_changed">): LiveState {
  const known = live.agents.get(event.agent);
  if (!known) return { ...live, outdated: true };
  const { seq: _seq, at: _at, type: _type, agent: _agent, from: _from, ...status } = event;
  const agents = new Map(live.agents).set(event.agent, { ...known, status });
  return { ...live, agents, queues: moveAgent(live.queues, known, status.state) };
}

function moveAgent(
  before: LiveState["queues"],
  { queues: memberOf, status }: LiveAgent,
  state: LiveAgent["status"]["state"],
): LiveState["queues"] {
  if (status.state === state) return before;
  const queues = new Map(before);
  for (const id of memberOf) {
    const queue = queues.get(id);
    if (!queue) continue;
    const agents = {
      ...queue.agents,
      [status.state]: Math.max(0, queue.agents[status.state] - 1),
      [state]: queue.agents[state] + 1,
    };
    queues.set(id, { ...queue, agents });
  }
  return queues;
}

function changeServer(
  live: LiveState,
  event: { server: string; at: string },
  change: Partial<LiveServer>,
): LiveState {
  const server = live.servers.get(event.server);
  if (!server) return { ...live, outdated: true };
  const servers = new Map(live.servers).set(event.server, { ...server, ...change, since: event.at });
  return { ...live, servers };
}
