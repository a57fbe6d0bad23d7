import { describe, expect, test } from "vitest";
import type { Call, Choice, Event } from "../api/types";
import { at, call, control, event, T0 } from "../testing/centre";
import { type Names, storyOf } from "./story";
import { choiceWords, endWords } from "./storyWords";

const NAMES: Names = {
  agent: (id) => ({ a1: "Jana", a2: "Petr" })[id] ?? "another agent",
  queue: (id) => (id === "support" ? "Support" : "another queue"),
  place: (to) => (to === "103" ? "Eva (103)" : to),
};
const OFFER = { call: "c1", queue: "support", offer: "o1", agent: "a1" };
const CHOICE: Choice = { strategy: "longest_idle", eligible: 2, first: [], passed_over: [] };

function told(events: Event[], change: Partial<Call> = {}): string[] {
  const lines = storyOf(call("c1", change), events, NAMES);
  return lines.map(({ after, words, detail }) => `${after / 1000} ${words}${detail ? ` (${detail})` : ""}`);
}

/** Without the marks around texts that others chose. */
const plain = (text: string) => text.replace(/[\u2068\u2069]/g, "");

const deed = (seq: number, body: object) =>
  event(seq, "call_controlled", { call: "c1", agent: "a1", by: "jana", ...body } as never);

describe("the story of a call", () => {
  test("goes from its arrival to its end, with times from its beginning", () => {
    const arrived = {
      server: "s1",
      channel: "1.1",
      caller: { number: "5550101", name: "" },
      dialled: "5550100",
    };
    const events = [
      event(10, "call_arrived", { call: "c1", ...arrived }),
      event(10, "call_queued", { call: "c1", queue: "support", priority: 0, position: 2 }),
      event(12, "call_offered", {
        ...OFFER,
        choice: { ...CHOICE, passed_over: [{ state: "busy", count: 3 }] },
      }),
      event(27, "offer_ended", { ...OFFER, result: "missed", ring_ms: 15_000 }),
      event(28, "call_offered", { ...OFFER, agent: "a2", choice: { ...CHOICE, eligible: 1 } }),
      event(30, "offer_ended", { ...OFFER, agent: "a2", result: "answered", ring_ms: 2_000 }),
      event(30, "call_answered", { ...OFFER, agent: "a2", wait_ms: 20_000 }),
      event(90, "call_ended", {
        ...{ call: "c1", queue: "support", agent: "a2", outcome: "answered", ended_by: "agent" },
        ...{ hangup_cause: 16, wait_ms: 20_000, talk_ms: 60_000 },
      }),
    ];
    expect(told(events)).toEqual([
      "0 The call arrived for 5550100",
      "0 In line in Support (place 2)",
      "2 Jana's phone rings (idle for the longest time, of 2 who were free; not free: 3 on a call)",
      "17 Jana did not answer (rang 0:15)",
      "18 Petr's phone rings (the only one who was free)",
      "20 The caller talks with Petr (after a wait of 0:20)",
      "80 Petr hung up (talked 1:00; normal end (cause 16))",
    ]);
  });

  test("says by which trunk a call went, and why not by the one before", () => {
    const events = [
      event(1, "agent_picked_up", { call: "c1", agent: "a1" }),
      event(1, "call_routed", { call: "c1", trunk: "provider", dialled: "0905550101" }),
      event(2, "call_routed", { call: "c1", trunk: "carrier", dialled: "421905550101", after_cause: 34 }),
      event(8, "customer_answered", { call: "c1", agent: "a1" }),
    ];
    expect(told(events).map(plain)).toEqual([
      "0 Jana picked up; the customer's phone rings",
      "0 By trunk provider as 0905550101",
      "1 Trunk provider could not take it; by trunk carrier as 421905550101 (no line free (cause 34))",
      "7 The customer answered",
    ]);
    // The log may have been shortened.
    const [later] = told(events.slice(2)).map(plain);
    expect(later).toMatch(/^0 The trunk before could not take it; by trunk carrier/);
  });

  test("says what was done, by whom, and for how long", () => {
    const recordings = [{ name: "cordboard-c1-1", state: "ended", started_at: T0 } as const];
    const lines = told(
      [
        deed(1, { deed: "held" }),
        deed(33, { deed: "resumed", held_ms: 32_000 }),
        deed(34, { deed: "muted" }),
        deed(35, { deed: "unmuted", by: null }),
        deed(36, { deed: "digits_sent", count: 4 }),
        deed(37, { deed: "recording_started", name: "cordboard-c1-1" }),
        deed(38, { deed: "recording_ended", name: "cordboard-c1-9" }),
      ],
      { control: control({ recordings }) },
    );
    expect(lines.map(plain)).toEqual([
      "0 On hold: the customer hears music (by jana)",
      "32 Resumed after 0:32 on hold (by jana)",
      "33 Jana muted: nobody hears them (by jana)",
      "34 Jana can be heard again",
      "35 4 keys pressed (by jana)",
      "36 Recording 1 begins (by jana)",
      "37 Recording ends (by jana)",
    ]);
  });

  test("says who was asked, and to whom the customer was given", () => {
    const lines = told([
      deed(1, { deed: "consult_begun", to: "103", transfer: false }),
      deed(2, { deed: "consult_ended", to: "103", cause: 17, by: null }),
      deed(3, { deed: "consult_begun", to: "5550177", transfer: true }),
      deed(4, { deed: "consult_ended", to: "5550177", cause: null }),
      deed(5, { deed: "transferred", to: "103" }),
    ]);
    expect(lines.map(plain)).toEqual([
      "0 Jana asks Eva (103); the customer hears music (by jana)",
      "1 Eva (103) is busy",
      "2 Transfer to 5550177: their phone rings (by jana)",
      "3 The consultation is over (by jana)",
      "4 The customer was given to Eva (103) (by jana)",
    ]);
  });

  test("says who listened, as far as that is told", () => {
    const watch = { agent: "a1", id: "w1", call: "c1", watcher: "a2", by: "sofia", since: T0 };
    const states = ["ringing", "watching", "ended"] as const;
    const events = states.map((state, seq) =>
      event(seq, "call_watched", { ...watch, mode: "whisper", state }),
    );
    expect(told(events).map(plain)).toEqual([
      "0 Petr's phone rings, to take part (by sofia)",
      "1 Petr whispers; only the agent hears them (by sofia)",
      "2 Petr takes part no longer",
    ]);
  });

  test("shows no ids of what is gone", () => {
    const id = "0190e7a4-0000-7000-8000-000000000001";
    const events = [
      event(1, "call_queued", { call: "c1", queue: id, priority: 0, position: 1 }),
      event(2, "call_offered", { ...OFFER, agent: id, choice: CHOICE }),
      event(3, "call_answered", { ...OFFER, agent: id, wait_ms: 0 }),
      event(4, "agent_changed", {
        agent: id,
        from: "busy",
        state: "wrap_up",
        since: at(4),
        call: "c1",
      } as never),
    ];
    expect(told(events).join("\n")).not.toContain("0190e7a4");
  });

  test("passes over what it does not know, and what says nothing to a person", () => {
    const events = [
      { type: "call_painted", seq: 1, at: at(1), call: "c1" } as unknown as Event,
      deed(2, { deed: "teleported" }),
      event(3, "agent_changed", {
        agent: "a1",
        from: "ringing",
        state: "busy",
        since: at(3),
        call: "c1",
      } as never),
    ];
    expect(told(events)).toEqual([]);
    expect(told([])).toEqual([]);
  });

  test("keeps what others wrote from turning the words around it", () => {
    const by = "\u202eeve";
    expect(told([deed(1, { deed: "held", by })])[0]).toContain(`by \u2068${by}\u2069`);
  });
});

describe("the end", () => {
  test.each([
    [{ outcome: "answered", ended_by: "caller" }, "The customer hung up"],
    [{ outcome: "answered", ended_by: "system" }, "The call was ended"],
    [{ outcome: "abandoned", ended_by: "caller" }, "The caller hung up before anybody answered"],
    [
      { outcome: "overflowed", ended_by: "system", overflow_reason: "max_wait" },
      "Sent back to the dialplan: waited too long",
    ],
    [{ outcome: "rejected", ended_by: "system", overflow_reason: "queue_full" }, "Turned away: queue full"],
    [{ outcome: "unrouted", ended_by: "system" }, "Ended: no queue was found for it"],
    [{ outcome: "failed", ended_by: "system" }, "Lost with its Asterisk"],
    [{ outcome: "not_reached", ended_by: "caller" }, "The customer was not reached"],
    [{ outcome: "not_reached", ended_by: "agent" }, "Jana hung up before the customer answered"],
  ] as const)("%o", (end, words) => {
    expect(endWords(end, "Jana", {})).toBe(words);
  });

  test("of a transfer is not the end of the talk", () => {
    const given = { control: control({ transferred_to: "103" }) };
    expect(endWords({ outcome: "answered", ended_by: "agent" }, "Jana", given)).toBe(
      "The agent is free; the customer talks on",
    );
  });
});

describe("the reasons of an offer", () => {
  test("are none where they are not told", () => {
    expect(choiceWords({ strategy: null, eligible: 0, first: [], passed_over: [] })).toBeNull();
  });

  test("name a call that was kept", () => {
    const choice = { strategy: null, eligible: 1, first: [], passed_over: [{ state: null, count: 1 }] };
    expect(choiceWords(choice)).toBe("the call was kept for them; not free: 1 paused or without the skill");
  });
});
