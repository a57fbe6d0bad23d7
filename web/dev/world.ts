// A small simulated centre for developing the page: callers, queues and agents that move by themselves.

import type {
  AgentState,
  AgentStatus,
  Call,
  Deed,
  Event,
  EventType,
  Live,
  LiveAgent,
  LiveQueue,
  Watch,
} from "../src/api/types";
import { applyEvent } from "../src/live/reduce.ts";
import { AGENT_STATES, fromSnapshot, type LiveCall, type LiveState } from "../src/live/state.ts";
import { afterRinging } from "./consult.ts";

/** Events kept for clients that resume. */
const MAX_KEPT = 10_000;
/** Ended calls kept for the log. */
const MAX_LOG = 2_000;

const QUEUES: readonly [name: string, display: string, limit: number, share: number][] = [
  ["support", "Support", 20, 0.3],
  ["sales", "Sales", 15, 0.22],
  ["billing", "Billing and invoices", 30, 0.18],
  ["repairs", "Repairs", 30, 0.12],
  ["dispatch", "Night dispatch", 10, 0.1],
  ["vip", "Key accounts", 10, 0.08],
];
const FIRST = "Jana Petr Eva Tomáš Lucia Marek Nina Oskar Zuzana Ivan Klára Dávid Mia Filip Sára Adam".split(
  " ",
);
const LAST = "Novák Kováč Horváth Varga Tóth Szabó Molnár Baláž Polák Krajčí Urban Hudec Sýkora Bartoš".split(
  " ",
);
const BREAKS = ["Lunch", "Coffee", "Meeting", "Training"];

type EventBody = { [T in EventType]: Omit<Extract<Event, { type: T }>, "seq" | "at"> }[EventType];

export class World {
  private state: LiveState;
  private readonly kept: Event[] = [];
  private readonly ended: Call[] = [];
  private readonly due = new Map<string, number>();
  private readonly followers = new Set<(event: Event) => void>();
  private ids = 0;
  private seed = 20_260_101;

  private readonly size: { agents: number; callsPerSecond: number };
  private readonly clock: () => number;

  constructor(size: { agents: number; callsPerSecond: number }, clock: () => number = Date.now) {
    this.size = size;
    this.clock = clock;
    this.state = fromSnapshot(this.first());
  }

  follow(follower: (event: Event) => void): () => void {
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  }

  /** The events after `seq`; `null`: some are no longer kept. */
  after(seq: number): Event[] | null {
    const oldest = this.kept[0]?.seq ?? this.state.seq + 1;
    if (seq < oldest - 1 || seq > this.state.seq) return null;
    return this.kept.filter((event) => event.seq > seq);
  }

  get seq(): number {
    return this.state.seq;
  }

  snapshot(): Live {
    const { seq, queues, agents, calls, servers } = this.state;
    return {
      seq,
      untold_events: 0,
      at: this.now(),
      queues: [...queues.values()],
      agents: [...agents.values()],
      calls: [...calls.values()].map(rowOf),
      servers: [...servers.values()],
    };
  }

  /** All calls, the newest first. */
  log(): readonly Call[] {
    return [...this.snapshot().calls.reverse(), ...this.ended];
  }

  /** What happened to a call, as far as it is kept. */
  storyOf(call: string): Event[] {
    return this.kept.filter((event) => "call" in event && event.call === call);
  }

  agent(id: string): LiveAgent | undefined {
    return this.state.agents.get(id);
  }

  /** What `PUT /v1/agents/{id}/state` does. */
  ask(id: string, state: AgentState, reason: string | null): AgentStatus | null {
    const agent = this.state.agents.get(id);
    if (!agent) return null;
    if (agent.status.state === "busy" || agent.status.state === "ringing") {
      this.setAgent(agent, { ...agent.status, next: state, next_reason: reason });
    } else {
      this.setAgent(agent, this.plain(state, reason));
    }
    return this.state.agents.get(id)?.status ?? null;
  }

  /** What `PUT /v1/agents/{id}/phone` does. */
  sit(id: string, extension: string, exists: boolean): { status: number; value: unknown } {
    const problem = (status: number, code: string, title: string, detail: string, field?: string) => ({
      status,
      value: { title, status, code, detail, field },
    });
    const own = this.state.agents.get(id);
    if (!own) return problem(404, "not_found", "There is no such agent", "");
    const there = [...this.state.agents.values()].find(({ agent }) => agent.extension === extension);
    if (!there && !exists) {
      const detail = `No phone has the extension ${extension}.`;
      return problem(400, "invalid_field", "A field is wrong", detail, "extension");
    }
    if (own.status.state === "busy" || own.status.state === "ringing") {
      return problem(409, "agent_busy", "The agent is on a call", "The agent is on a call.");
    }
    if (there && there !== own && there.status.state !== "offline") {
      const detail = `An agent who is ${there.status.state.replace("_", " ")} sits there.`;
      return problem(409, "state_refused", "The agent's state does not allow it", detail, "extension");
    }
    const agent = this.seat(own, extension);
    const other = there && there !== own ? this.seat(there, own.agent.extension) : null;
    return { status: 200, value: { agent, moved: other && { id: other.id, extension: other.extension } } };
  }

  private seat(one: LiveAgent, extension: string): LiveAgent["agent"] {
    const agent = { ...one.agent, extension };
    this.state = { ...this.state, agents: new Map(this.state.agents).set(agent.id, { ...one, agent }) };
    return agent;
  }

  call(id: string): LiveCall | undefined {
    return this.state.calls.get(id);
  }

  /** Is there a phone, or could a telephone number be so? */
  rings(to: string): boolean {
    const phones = [...this.state.agents.values()].map(({ agent }) => agent.extension);
    return phones.includes(to) || /^\+?\d{7,15}$/.test(to.replace(/[\s()./-]/g, ""));
  }

  watches(call: string): Watch[] {
    return [...this.state.watches.values()].filter((watch) => watch.call === call);
  }

  /** Something was done to a call. */
  control(call: LiveCall, deed: Deed, by: string) {
    this.emit({ type: "call_controlled", call: call.id, agent: call.agent ?? "", by, ...deed });
    if (deed.deed === "consult_begun") this.dueIn(`consult-${call.id}`, 4);
    if (deed.deed === "transferred") this.end(this.call(call.id) ?? call, "answered", "agent");
  }

  /** A supervisor's phone rings, is picked up a little later, or is let go. */
  watch(call: LiveCall, watch: Watch) {
    this.emit({ type: "call_watched", agent: call.agent ?? "", ...watch });
    if (watch.state === "ringing") this.dueIn(watch.id, 2);
  }

  hangUp(call: LiveCall) {
    this.end(call, call.answered_at ? "answered" : "abandoned", "agent");
  }

  /** Lets `seconds` of time pass. */
  step(seconds: number) {
    if (this.chance(this.size.callsPerSecond * seconds)) this.arrive();
    for (const call of this.state.calls.values()) this.stepCall(call, seconds);
    for (const agent of this.state.agents.values()) this.stepAgent(agent, seconds);
    for (const watch of this.state.watches.values()) this.stepWatch(watch);
  }

  private stepWatch(watch: Watch) {
    const call = this.state.calls.get(watch.call);
    if (call && watch.state === "ringing" && this.isDue(watch.id)) {
      this.watch(call, { ...watch, state: "watching" });
    }
  }

  /** Who is consulted answers after a while; a number that ends in 7 is busy, one that ends in 9 does not answer. */
  private stepConsult(call: LiveCall) {
    const consult = call.control?.consult;
    if (consult?.state !== "ringing" || !this.isDue(`consult-${call.id}`)) return;
    const cause = { 7: 17, 9: 19 }[consult.to.at(-1) ?? ""];
    for (const deed of afterRinging(call, cause)) this.control(call, deed, "");
  }

  private stepCall(call: LiveCall, seconds: number) {
    this.stepConsult(call);
    if (call.state === "waiting") {
      const free = this.freeAgent(call);
      if (free) this.offer(call, free);
      else if (this.chance(seconds / 90)) this.end(call, "abandoned", "caller");
    } else if (call.state === "ringing" && this.isDue(call.id)) {
      this.endOffer(call);
    } else if (call.state === "talking" && this.state.calls.has(call.id) && this.isDue(call.id)) {
      this.end(call, "answered", this.chance(0.8) ? "caller" : "agent");
    }
  }

  private stepAgent(agent: LiveAgent, seconds: number) {
    const { state, until } = agent.status;
    if (until && Date.parse(until) <= this.clock()) this.setAgent(agent, this.plain("available"));
    else if (state === "available" && this.chance(seconds / 400)) {
      this.setAgent(agent, this.plain("break", this.pick(BREAKS)));
    } else if (state === "break" && this.chance(seconds / 60)) this.setAgent(agent, this.plain("available"));
    else if (state === "offline" && this.chance(seconds / 900)) this.setAgent(agent, this.plain("available"));
  }

  private arrive() {
    const call = this.id();
    const share = this.random();
    let sum = 0;
    const queue = [...this.state.queues.values()].find((_, index) => {
      sum += QUEUES[index]?.[3] ?? 0;
      return share < sum;
    });
    const number = `+155501${String(Math.floor(this.random() * 100)).padStart(2, "0")}`;
    const name = this.chance(0.3) ? `${this.pick(FIRST)} ${this.pick(LAST)}` : "";
    this.emit({
      type: "call_arrived",
      call,
      server: "s1",
      channel: `1700000000.${this.ids}`,
      caller: { number, e164: number, name },
      dialled: "5550100",
    });
    if (!queue) return;
    this.emit({ type: "call_queued", call, queue: queue.queue.id, priority: 0, position: queue.waiting + 1 });
  }

  private freeAgent(call: LiveCall): LiveAgent | undefined {
    let best: LiveAgent | undefined;
    for (const agent of this.state.agents.values()) {
      if (agent.status.state !== "available" || !call.queue || !agent.queues.includes(call.queue)) continue;
      if (!best || agent.status.since < best.status.since) best = agent;
    }
    return best;
  }

  private offer(call: LiveCall, agent: LiveAgent) {
    const offer = this.id();
    const choice = { strategy: "longest_idle" as const, eligible: 1, first: [], passed_over: [] };
    this.emit({
      type: "call_offered",
      call: call.id,
      queue: call.queue ?? "",
      offer,
      agent: agent.agent.id,
      choice,
    });
    this.setAgent(agent, { ...this.plain("ringing"), call: call.id, offer });
    this.dueIn(call.id, 2 + this.random() * 6);
  }

  private endOffer(call: LiveCall) {
    const agent = this.state.agents.get(call.ringing[0] ?? "");
    if (!agent) return;
    const base = {
      call: call.id,
      queue: call.queue ?? "",
      offer: agent.status.offer ?? "",
      agent: agent.agent.id,
    };
    if (this.chance(0.07)) {
      this.emit({ type: "offer_ended", ...base, result: "missed", ring_ms: 15_000 });
      this.setAgent(agent, { ...this.plain("no_answer", "missed the call"), until: this.in(20) });
      return;
    }
    this.emit({ type: "offer_ended", ...base, result: "answered", ring_ms: 4_000 });
    this.setAgent(agent, { ...agent.status, ...this.plain("busy"), next: agent.status.next, call: call.id });
    const wait = this.clock() - Date.parse(call.queued_at ?? call.arrived_at);
    this.emit({ type: "call_answered", ...base, wait_ms: wait });
    this.dueIn(call.id, 20 + this.random() * 160);
  }

  private end(call: LiveCall, outcome: "answered" | "abandoned", by: "caller" | "agent") {
    const talk = call.answered_at ? this.clock() - Date.parse(call.answered_at) : null;
    const wait = call.wait_ms ?? this.clock() - Date.parse(call.queued_at ?? call.arrived_at);
    const facts = { outcome, ended_by: by, hangup_cause: 16, wait_ms: wait, talk_ms: talk };
    this.ended.unshift({ ...rowOf(call), ...facts, state: "ended", ended_at: this.now() });
    this.ended.length = Math.min(this.ended.length, MAX_LOG);
    this.emit({ type: "call_ended", call: call.id, queue: call.queue, agent: call.agent, ...facts });
    const agent = this.state.agents.get(call.agent ?? "");
    if (!agent) return;
    const { next, next_reason: reason } = agent.status;
    if (next) this.setAgent(agent, this.plain(next, reason));
    else this.setAgent(agent, { ...this.plain("wrap_up"), until: this.in(15), call: call.id });
  }

  private setAgent(agent: LiveAgent, status: AgentStatus) {
    this.emit({ type: "agent_changed", agent: agent.agent.id, from: agent.status.state, ...status });
  }

  private plain(state: AgentState, reason: string | null = null): AgentStatus {
    return { state, reason, since: this.now(), until: null, call: null, offer: null, next: null };
  }

  private emit(body: EventBody) {
    const event = { ...body, seq: this.state.seq + 1, at: this.now() } as Event;
    this.state = applyEvent(this.state, event);
    this.kept.push(event);
    if (this.kept.length > MAX_KEPT) this.kept.shift();
    for (const follower of this.followers) follower(event);
  }

  // The beginning

  private first(): Live {
    const agents = Array.from({ length: this.size.agents }, (_, index) => this.firstAgent(index));
    return {
      seq: 1000,
      untold_events: 0,
      at: this.now(),
      queues: QUEUES.map((queue, index) => this.firstQueue(queue, index, agents)),
      agents,
      calls: [],
      servers: [{ id: "s1", name: "pbx-1", state: "connected", since: this.now(), version: "22.10.0" }],
    };
  }

  private firstAgent(index: number): LiveAgent {
    const state: AgentState = this.chance(0.12) ? "offline" : this.chance(0.08) ? "break" : "available";
    const queues = QUEUES.flatMap((_, queue) =>
      queue === index % QUEUES.length || this.chance(0.2) ? [`q${queue}`] : [],
    );
    return {
      agent: {
        id: `a${index}`,
        name: `${FIRST[index % FIRST.length]} ${LAST[(index * 5 + Math.floor(index / 16)) % LAST.length]}`,
        extension: String(101 + index),
        active: true,
        skills: {},
      },
      queues,
      status: this.plain(state, state === "break" ? this.pick(BREAKS) : null),
    };
  }

  private firstQueue(
    [name, display, limit]: (typeof QUEUES)[number],
    index: number,
    agents: readonly LiveAgent[],
  ): LiveQueue {
    const id = `q${index}`;
    const counts = Object.fromEntries(AGENT_STATES.map((state) => [state, 0])) as LiveQueue["agents"];
    for (const agent of agents) if (agent.queues.includes(id)) counts[agent.status.state] += 1;
    const answered = 40 + Math.floor(this.random() * 90);
    return {
      queue: {
        id,
        name,
        display_name: display,
        strategy: "longest_idle",
        priority: 0,
        ring_seconds: 20,
        wrap_up_seconds: 15,
        no_agents: "wait",
        overflow: { action: "hang_up" },
        answer_on: "queue",
        music_class: "default",
        time_zone: "UTC",
        required_skills: [],
        service_level_seconds: limit,
        active: true,
      },
      waiting: 0,
      ringing: 0,
      talking: 0,
      agents: counts,
      today: {
        offered: answered + 9,
        answered,
        abandoned: 3 + Math.floor(this.random() * 6),
        answered_in_service_level: Math.floor(answered * (0.7 + this.random() * 0.28)),
      },
    };
  }

  // Chance and time

  private random(): number {
    this.seed = (Math.imul(this.seed, 1_664_525) + 1_013_904_223) >>> 0;
    return this.seed / 2 ** 32;
  }

  private chance(probability: number): boolean {
    return this.random() < probability;
  }

  private pick(words: readonly string[]): string {
    return words[Math.floor(this.random() * words.length)] ?? "";
  }

  private id(): string {
    this.ids += 1;
    return `m${String(this.ids).padStart(8, "0")}`;
  }

  private now(): string {
    return new Date(this.clock()).toISOString();
  }

  private in(seconds: number): string {
    return new Date(this.clock() + seconds * 1000).toISOString();
  }

  private dueIn(id: string, seconds: number) {
    this.due.set(id, this.clock() + seconds * 1000);
  }

  private isDue(id: string): boolean {
    const at = this.due.get(id) ?? 0;
    if (at > this.clock()) return false;
    this.due.delete(id);
    return true;
  }
}

function rowOf({ ringing: _ringing, ...call }: LiveCall): Call {
  return call;
}
