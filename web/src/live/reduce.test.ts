import { describe, expect, test } from "vitest";
import type { Deed, Event, WatchMode } from "../api/types";
import { at, call, centre, event, T0 } from "../testing/centre";
import { applyEvent } from "./reduce";
import { fromSnapshot, type LiveState } from "./state";

const CHOICE = { eligible: 1, first: [], passed_over: [] };

function stateAfter(...events: Event[]): LiveState {
  return events.reduce(applyEvent, fromSnapshot(centre()));
}

function queueOf(live: LiveState, id = "support") {
  const queue = live.queues.get(id);
  if (!queue) throw new Error(`no queue ${id}`);
  return queue;
}

const arrived = event(11, "call_arrived", {
  call: "c2",
  server: "s1",
  channel: "1.2",
  caller: { number: "5550102", name: "" },
  dialled: "5550100",
});
const queued = event(12, "call_queued", { call: "c2", queue: "support", priority: 0, position: 2 });
const offered = event(13, "call_offered", {
  call: "c1",
  queue: "support",
  offer: "o1",
  agent: "a1",
  choice: CHOICE,
});
const offerEnded = (seq: number, result: "answered" | "missed" | "lost_race", agent = "a1") =>
  event(seq, "offer_ended", { call: "c1", queue: "support", offer: "o1", agent, result, ring_ms: 4000 });
const answered = event(16, "call_answered", {
  call: "c1",
  queue: "support",
  offer: "o1",
  agent: "a1",
  wait_ms: 16_000,
});
const ended = (seq: number, outcome: "answered" | "abandoned") =>
  event(seq, "call_ended", {
    call: "c1",
    queue: "support",
    agent: outcome === "answered" ? "a1" : null,
    outcome,
    ended_by: "caller",
    hangup_cause: 16,
  });

const watched = (seq: number, state: "ringing" | "watching" | "ended", mode: WatchMode = "listen") =>
  event(seq, "call_watched", {
    agent: "a1",
    id: "w1",
    call: "c1",
    watcher: "a9",
    mode,
    state,
    by: "sofia",
    since: at(20),
  });

describe("a call", () => {
  test("is counted by its queue from the moment it is in line", () => {
    expect(stateAfter(arrived).calls.get("c2")).toMatchObject({ state: "waiting", arrived_at: at(11) });
    expect(queueOf(stateAfter(arrived)).waiting).toBe(1);
    const live = stateAfter(arrived, queued);
    expect(live.calls.get("c2")).toMatchObject({ queue: "support", queued_at: at(12) });
    expect(queueOf(live)).toMatchObject({ waiting: 2, longest_wait_since: T0, today: { offered: 1 } });
  });

  test("rings, is answered, and talks", () => {
    const ringing = stateAfter(offered);
    expect(ringing.calls.get("c1")).toMatchObject({ state: "ringing", ringing: ["a1"] });
    expect(queueOf(ringing)).toMatchObject({ waiting: 0, ringing: 1, longest_wait_since: T0 });

    const connecting = stateAfter(offered, offerEnded(14, "answered"));
    expect(connecting.calls.get("c1")).toMatchObject({ state: "connecting", agent: "a1", ringing: [] });
    expect(queueOf(connecting)).toMatchObject({ ringing: 0, talking: 1, longest_wait_since: null });

    const talking = stateAfter(offered, offerEnded(14, "answered"), answered);
    expect(talking.calls.get("c1")).toMatchObject({ state: "talking", answered_at: at(16), wait_ms: 16_000 });
    expect(queueOf(talking)).toMatchObject({ waiting: 0, ringing: 0, talking: 1, longest_wait_since: null });
  });

  test("goes back in line when the agent misses it", () => {
    const live = stateAfter(offered, offerEnded(15, "missed"));
    expect(live.calls.get("c1")).toMatchObject({ state: "waiting", ringing: [], queued_at: T0 });
    expect(queueOf(live)).toMatchObject({ waiting: 1, ringing: 0, longest_wait_since: T0 });
  });

  test("rings on while another phone of the offer still rings", () => {
    const second = event(14, "call_offered", {
      call: "c1",
      queue: "support",
      offer: "o2",
      agent: "a2",
      choice: CHOICE,
    });
    const live = stateAfter(offered, second, offerEnded(15, "missed"));
    expect(live.calls.get("c1")).toMatchObject({ state: "ringing", ringing: ["a2"] });
  });

  test("stays with its agent when the others lose the race", () => {
    const live = stateAfter(offered, offerEnded(14, "answered"), offerEnded(15, "lost_race", "a2"));
    expect(live.calls.get("c1")).toMatchObject({ state: "connecting", agent: "a1" });
  });

  test("waits in its slot without an agent, and talks again once it is fetched", () => {
    const parked = event(20, "call_parked", {
      call: "c1",
      queue: "support",
      agent: "a1",
      by: "ann",
      slot: 701,
      until: at(140),
    });
    const inSlot = [offered, offerEnded(14, "answered"), answered, parked];
    const live = stateAfter(...inSlot);
    expect(live.calls.get("c1")).toMatchObject({
      state: "parked",
      control: { parked: { slot: 701, by: "a1" } },
    });
    expect(queueOf(live)).toMatchObject({ talking: 0, waiting: 0, today: { answered: 1 } });
    const again = { call: "c1", queue: "support", offer: "o3", agent: "a2" };
    const rings = event(21, "call_offered", { ...again, choice: CHOICE });
    const missed = event(22, "offer_ended", { ...again, result: "missed", ring_ms: 4000 });
    expect(stateAfter(...inSlot, rings, missed).calls.get("c1")?.state).toBe("parked");
    const fetched = stateAfter(...inSlot, rings, event(22, "call_retrieved", { ...again, slot: 701 }));
    expect(fetched.calls.get("c1")).toMatchObject({
      state: "talking",
      agent: "a2",
      control: { parked: null },
    });
    expect(queueOf(fetched)).toMatchObject({ talking: 1, today: { answered: 1 } });
    const back = stateAfter(
      ...inSlot,
      event(21, "call_returned", { call: "c1", queue: "support", slot: 701 }),
    );
    expect(queueOf(back)).toMatchObject({
      talking: 0,
      waiting: 1,
      today: { offered: queueOf(live)?.today.offered },
    });
  });

  test("leaves the page and its queue's count at its end", () => {
    const live = stateAfter(offered, offerEnded(14, "answered"), answered, ended(40, "answered"));
    expect(live.calls.has("c1")).toBe(false);
    expect(queueOf(live)).toMatchObject({ talking: 0, today: { answered: 1, abandoned: 0 } });
  });

  test("that overflows is counted by the new queue and keeps its place", () => {
    const live = stateAfter(
      event(20, "call_queued", { call: "c1", queue: "sales", priority: 0, position: 1 }),
    );
    expect(queueOf(live)).toMatchObject({ waiting: 0, longest_wait_since: null });
    expect(queueOf(live, "sales")).toMatchObject({ waiting: 1, longest_wait_since: T0 });
  });

  test("that nobody knew asks for a new snapshot", () => {
    const live = stateAfter(
      event(11, "call_offered", { call: "c9", queue: "support", offer: "o", agent: "a1", choice: CHOICE }),
    );
    expect(live.outdated).toBe(true);
  });
});

describe("a call whose arrival is not for these eyes", () => {
  const inLine = event(12, "call_queued", { call: "c7", queue: "support", priority: 0, position: 2 });
  const offeredTo = (agent: string) =>
    event(13, "call_offered", { call: "c7", queue: "support", offer: "o7", agent, choice: CHOICE });

  test("is counted and shown without its caller", () => {
    const live = stateAfter(inLine);
    expect(live.calls.get("c7")).toMatchObject({ caller: { number: "•••" }, queued_at: at(12) });
    expect(queueOf(live).waiting).toBe(2);
    expect(live.outdated).toBe(false);
    expect(stateAfter(inLine, offeredTo("a colleague")).outdated).toBe(false);
  });

  test("asks for its caller when it becomes one's own", () => {
    expect(stateAfter(inLine, offeredTo("a1")).outdated).toBe(true);
    expect(stateAfter(offered).outdated).toBe(false);
  });
});

describe("a call that we place", () => {
  const placed = event(11, "call_placed", {
    call: "c9",
    server: "s1",
    channel: "dial-agent-c9",
    agent: "a1",
    customer: { number: "+13105550142", e164: "+13105550142", name: "" },
    dialled: "13105550142",
    campaign: "spring",
    caller_id: "3105550100",
  });
  const pickedUp = event(12, "agent_picked_up", { call: "c9", agent: "a1" });
  const customer = event(13, "customer_answered", { call: "c9", agent: "a1" });

  test("goes from the agent's phone to the conversation, and counts in no queue", () => {
    const rung = stateAfter(placed);
    expect(rung.calls.get("c9")).toMatchObject({ direction: "outbound", state: "ringing", ringing: ["a1"] });
    expect(stateAfter(placed, pickedUp).calls.get("c9")?.state).toBe("connecting");
    const talking = stateAfter(placed, pickedUp, customer);
    expect(talking.calls.get("c9")).toMatchObject({ state: "talking", agent: "a1", answered_at: at(13) });
    expect(talking.queues).toEqual(stateAfter().queues);
  });
});

describe("a call that is controlled", () => {
  const deed = (seq: number, deed: Deed) =>
    event(seq, "call_controlled", { call: "c1", agent: "a1", by: "jana", ...deed });
  const controlOf = (...events: Event[]) => stateAfter(...events).calls.get("c1")?.control;
  const named = (deed: "recording_started" | "recording_paused" | "recording_resumed" | "recording_ended") =>
    ({ deed, name: "r1" }) satisfies Deed;

  test("is on hold from the first word of it, and its holds add up", () => {
    const held = deed(20, { deed: "held" });
    expect(controlOf(held, deed(22, { deed: "held" }))).toMatchObject({ held_since: at(20), hold_ms: 0 });
    const resumed = deed(23, { deed: "resumed", held_ms: 3_000 });
    expect(controlOf(held, resumed)).toMatchObject({ held_since: null, hold_ms: 3_000 });
    const twice = [deed(30, { deed: "held" }), deed(32, { deed: "resumed", held_ms: 2_000 })];
    expect(controlOf(held, resumed, ...twice)).toMatchObject({ held_since: null, hold_ms: 5_000 });
    expect(controlOf(resumed)).toBeUndefined();
  });

  test("is muted and heard again", () => {
    expect(controlOf(deed(20, { deed: "muted" }))?.muted).toBe(true);
    expect(controlOf(deed(20, { deed: "muted" }), deed(21, { deed: "unmuted" }))?.muted).toBe(false);
  });

  test("is recorded, paused, resumed, and one that has ended stays so", () => {
    const states = (...deeds: Deed[]) =>
      controlOf(...deeds.map((one, index) => deed(20 + index, one)))?.recordings;
    const started = named("recording_started");
    expect(states(started)).toEqual([{ name: "r1", state: "recording", started_at: at(20) }]);
    expect(states(started, named("recording_paused"))?.[0]?.state).toBe("paused");
    const resumed = [started, named("recording_paused"), named("recording_resumed")];
    expect(states(...resumed)?.[0]?.state).toBe("recording");
    const again = { deed: "recording_started", name: "r2" } satisfies Deed;
    const ended = states(...resumed, named("recording_ended"), named("recording_resumed"), again);
    expect(ended?.map(({ name, state }) => [name, state])).toEqual([
      ["r1", "ended"],
      ["r2", "recording"],
    ]);
  });

  test("stays untouched when keys are sent", () => {
    expect(controlOf(deed(20, { deed: "digits_sent", count: 3 }))).toBeUndefined();
  });

  const begun = deed(20, { deed: "consult_begun", to: "103", transfer: false });

  test("says who is consulted, and since when it is as it is", () => {
    const consult = { to: "103", transfer: false, state: "ringing", since: at(20) };
    expect(controlOf(begun)).toMatchObject({ consult, transferred_to: null });
    const talks = deed(24, { deed: "consult_changed", state: "talking" });
    expect(controlOf(begun, talks)?.consult).toEqual({ ...consult, state: "talking", since: at(24) });
    const all = deed(30, { deed: "consult_changed", state: "conference" });
    expect(controlOf(begun, talks, all)?.consult).toMatchObject({ state: "conference", since: at(30) });
    expect(controlOf(talks)).toBeUndefined();
  });

  test("keeps in mind how a consultation ended until there is another", () => {
    const gone = deed(40, { deed: "consult_ended", to: "103", cause: 17 });
    expect(controlOf(begun, gone)?.consult).toBeNull();
    expect(stateAfter(begun, gone).consulted.get("c1")).toEqual({ to: "103", cause: 17, seq: 40 });
    const again = deed(50, { deed: "consult_begun", to: "104", transfer: true });
    expect(stateAfter(begun, gone, again).consulted.size).toBe(0);
    expect(stateAfter(begun, gone, ended(50, "answered")).consulted.size).toBe(0);
  });

  test("says to whom it was given", () => {
    const given = deed(40, { deed: "transferred", to: "103" });
    expect(controlOf(begun, given)).toMatchObject({ consult: null, transferred_to: "103" });
  });

  test("leaves nothing at its end", () => {
    const live = stateAfter(deed(20, { deed: "held" }), watched(21, "watching"), ended(40, "answered"));
    expect(live.calls.has("c1")).toBe(false);
    expect(live.watches.size).toBe(0);
  });
});

describe("a call that is watched", () => {
  test("is as it was; who watches is kept aside until the watch ends", () => {
    const before = stateAfter();
    const live = stateAfter(watched(20, "ringing"), watched(21, "watching", "whisper"));
    expect(live.calls).toEqual(before.calls);
    expect([...live.watches.values()]).toMatchObject([
      { id: "w1", call: "c1", watcher: "a9", mode: "whisper", state: "watching", by: "sofia" },
    ]);
    expect(stateAfter(watched(20, "ringing"), watched(21, "ended")).watches.size).toBe(0);
  });
});

describe("today's figures", () => {
  test("count an answer in time only up to the queue's limit", () => {
    const late = event(17, "call_answered", {
      call: "c1",
      queue: "support",
      offer: "o1",
      agent: "a1",
      wait_ms: 20_001,
    });
    expect(queueOf(stateAfter(answered)).today).toMatchObject({ answered: 1, answered_in_service_level: 1 });
    expect(queueOf(stateAfter(late)).today).toMatchObject({ answered: 1, answered_in_service_level: 0 });
  });

  test("count those who gave up", () => {
    expect(queueOf(stateAfter(ended(18, "abandoned"))).today).toMatchObject({ answered: 0, abandoned: 1 });
  });
});

describe("the longest wait", () => {
  test("moves to the next in line", () => {
    const live = stateAfter(arrived, queued, ended(18, "abandoned"));
    expect(queueOf(live).longest_wait_since).toBe(at(12));
  });

  test("stays as the server said for those who do not see every call", () => {
    const hidden = centre();
    const support = hidden.queues[0];
    if (!support) throw new Error("no queue");
    support.waiting = 5;
    support.longest_wait_since = at(-90);
    const live = [arrived, queued].reduce(applyEvent, fromSnapshot(hidden));
    expect(queueOf(live)).toMatchObject({ waiting: 6, longest_wait_since: at(-90) });
  });
});

describe("an agent", () => {
  const pause = event(11, "agent_changed", {
    agent: "a1",
    from: "available",
    state: "break",
    reason: "Lunch",
    since: at(11),
  });

  test("carries the new status and moves in every queue's count", () => {
    const live = stateAfter(pause);
    expect(live.agents.get("a1")?.status).toEqual({ state: "break", reason: "Lunch", since: at(11) });
    expect(queueOf(live).agents).toMatchObject({ available: 1, break: 1 });
    expect(queueOf(live, "sales").agents).toMatchObject({ available: 0, break: 2 });
  });

  test("leaves the counts alone when only the wish changes", () => {
    const before = fromSnapshot(centre());
    const wish = event(11, "agent_changed", {
      agent: "a1",
      from: "available",
      state: "available",
      since: T0,
      next: "break",
    });
    expect(applyEvent(before, wish).queues).toBe(before.queues);
  });
});

describe("a server", () => {
  test("is lost, replaced and back", () => {
    const lost = event(11, "server_lost", { server: "s1", reason: "no pong for 10 s" });
    const replaced = event(12, "server_replaced", { server: "s1" });
    const back = event(13, "server_connected", { server: "s1", version: "22.10.1" });
    expect(stateAfter(lost).servers.get("s1")).toMatchObject({
      state: "lost",
      reason: "no pong for 10 s",
      since: at(11),
    });
    expect(stateAfter(lost, replaced).servers.get("s1")).toMatchObject({ state: "replaced" });
    expect(stateAfter(lost, back).servers.get("s1")).toMatchObject({
      state: "connected",
      version: "22.10.1",
      reason: null,
    });
  });
});

describe("the stream", () => {
  test("repeats do no harm", () => {
    const once = stateAfter(arrived, queued);
    expect([arrived, queued].reduce(applyEvent, once)).toBe(once);
  });

  test("gaps and unknown words are normal", () => {
    const live = stateAfter({ seq: 999, at: at(999), type: "something_new" } as unknown as Event);
    expect(live).toMatchObject({ seq: 999, outdated: false });
  });

  test("never changes what was there", () => {
    const before = fromSnapshot(centre());
    const copy = structuredClone(before);
    [arrived, queued, offered, offerEnded(14, "answered"), answered, ended(40, "answered")].reduce(
      applyEvent,
      before,
    );
    expect(before).toEqual(copy);
  });
});

describe("a snapshot", () => {
  test("knows whose phones ring, and leaves out what has ended", () => {
    const live = centre();
    const [first] = live.agents;
    if (!first) throw new Error("no agent");
    first.status = { state: "ringing", since: T0, call: "c1" };
    live.calls = [call("c1", { state: "ringing" }), call("c2", { state: "ended" })];
    const state = fromSnapshot(live);
    expect([...state.calls.keys()]).toEqual(["c1"]);
    expect(state.calls.get("c1")?.ringing).toEqual(["a1"]);
  });
});
