import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ProblemError } from "../api/problem";
import type { Event, Live } from "../api/types";
import { centre, event, T0 } from "../testing/centre";
import { serverNow } from "./clock";
import type { Socket } from "./connection";
import { type Feed, startFeed } from "./feed";

const toBreak = (seq: number) =>
  event(seq, "agent_changed", {
    agent: "a1",
    from: "available",
    state: "break",
    since: "2026-03-02T09:00:00Z",
  });

let feed: Feed | null = null;
let sockets: Socket[] = [];
let answers: Array<(live: Live | Error) => void> = [];
const ended = vi.fn();

function start() {
  feed = startFeed({
    fetchLive: () =>
      new Promise((resolve, reject) => {
        answers.push((live) => (live instanceof Error ? reject(live) : resolve(live)));
      }),
    open: () => {
      const socket: Socket = { onmessage: null, onclose: null, close() {} };
      sockets.push(socket);
      return socket;
    },
    onSessionEnded: ended,
  });
  return feed;
}

async function snapshot(live: Live | Error = centre()) {
  const answer = answers.shift();
  if (!answer) throw new Error("no snapshot was asked for");
  answer(live);
  await vi.advanceTimersByTimeAsync(0);
}

type Frame =
  | Event
  | { type: "hello"; seq: number; resumed: boolean }
  | { type: "ping"; untold_events: number };

function say(frame: Frame) {
  sockets.at(-1)?.onmessage?.({ data: JSON.stringify(frame) });
}

const stateOf = (feed: Feed, agent: string) => feed.store.getState().live?.agents.get(agent)?.status.state;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-03-02T09:00:00Z") });
  sockets = [];
  answers = [];
  ended.mockReset();
});
afterEach(() => {
  feed?.close();
  vi.useRealTimers();
});

describe("the feed", () => {
  test("shows the snapshot, then events in batches", async () => {
    const feed = start();
    await snapshot();
    say({ type: "hello", seq: 10, resumed: true });
    expect(feed.store.getState().link.state).toBe("connected");
    say(toBreak(11));
    expect(stateOf(feed, "a1")).toBe("available");
    vi.advanceTimersByTime(100);
    expect(stateOf(feed, "a1")).toBe("break");
    expect(answers).toHaveLength(0);
  });

  test("fetches again when the stream cannot resume, and loses nothing that comes meanwhile", async () => {
    const feed = start();
    await snapshot();
    say({ type: "hello", seq: 500, resumed: false });
    say(toBreak(501));
    vi.advanceTimersByTime(200);
    await snapshot(centre({ seq: 500 }));
    expect(feed.store.getState().live?.seq).toBe(501);
    expect(stateOf(feed, "a1")).toBe("break");
  });

  test("takes a snapshot that is newer than what the stream still brings", async () => {
    const feed = start();
    await snapshot();
    say({ type: "hello", seq: 500, resumed: false });
    await snapshot(centre({ seq: 502 }));
    say(toBreak(501));
    vi.advanceTimersByTime(200);
    expect(stateOf(feed, "a1")).toBe("available");
  });

  test("fetches again when an event names something unknown", async () => {
    start();
    await snapshot();
    say({ type: "hello", seq: 10, resumed: true });
    say({ ...toBreak(11), agent: "new" } as Event);
    await vi.advanceTimersByTimeAsync(2500);
    expect(answers).toHaveLength(1);
  });

  test("lives on snapshots while the server cannot tell what happens", async () => {
    const feed = start();
    await snapshot();
    say({ type: "hello", seq: 10, resumed: true });
    say({ type: "ping", untold_events: 1 });
    await vi.advanceTimersByTimeAsync(2_000);
    await snapshot(centre({ untold_events: 1 }));
    say(toBreak(11));
    await vi.advanceTimersByTimeAsync(100);
    expect(stateOf(feed, "a1"), "the snapshot is newer than this event").toBe("available");
    await vi.advanceTimersByTimeAsync(2_000);
    await snapshot(centre({ seq: 11 }));
    say(toBreak(12));
    await vi.advanceTimersByTimeAsync(100);
    expect(stateOf(feed, "a1")).toBe("break");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(answers).toHaveLength(0);
  });

  test("throws away a flood for a new snapshot", async () => {
    const feed = start();
    await snapshot();
    say({ type: "hello", seq: 10, resumed: true });
    for (let seq = 11; seq <= 5_012; seq += 1) say(toBreak(seq));
    expect(answers).toHaveLength(1);
    await snapshot(centre({ seq: 6_000 }));
    expect(feed.store.getState().live?.seq).toBe(6_000);
  });

  test("keeps who watches over snapshots, until events are missing", async () => {
    const feed = start();
    const watched = () => [...(feed.store.getState().live?.watches.keys() ?? [])];
    await snapshot();
    say({ type: "hello", seq: 10, resumed: true });
    const since = T0;
    const mode = "listen" as const;
    const watch = { id: "w1", call: "c1", agent: "a1", watcher: "a2", mode, by: "sofia", since };
    say({ type: "call_watched", seq: 11, at: since, state: "watching", ...watch });
    await vi.advanceTimersByTimeAsync(100);
    expect(watched()).toEqual(["w1"]);
    feed.refresh();
    await vi.advanceTimersByTimeAsync(2_000);
    await snapshot(centre({ seq: 12 }));
    expect(watched()).toEqual(["w1"]);
    say({ type: "hello", seq: 50, resumed: false });
    expect(watched()).toEqual([]);
  });

  test("keeps why a consultation ended over a snapshot that is newer than the word of it", async () => {
    const feed = start();
    await snapshot();
    say({ type: "hello", seq: 10, resumed: true });
    feed.refresh();
    await vi.advanceTimersByTimeAsync(2_000);
    const ended = { deed: "consult_ended", to: "103", cause: 17 } as const;
    say({ type: "call_controlled", seq: 11, at: T0, call: "c1", agent: "a1", by: null, ...ended });
    await snapshot(centre({ seq: 12 }));
    expect(feed.store.getState().live?.consulted.get("c1")).toEqual({ to: "103", cause: 17, seq: 11 });
  });

  test("says that what is shown is old only after 2 s, and of when it is", async () => {
    const feed = start();
    await snapshot();
    say({ type: "hello", seq: 10, resumed: true });
    const heard = Date.now();
    sockets.at(-1)?.onclose?.();
    await vi.advanceTimersByTimeAsync(1900);
    expect(feed.store.getState().link.state).toBe("connected");
    for (let attempt = 0; attempt < 4; attempt += 1) {
      sockets.at(-1)?.onclose?.();
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(feed.store.getState().link).toMatchObject({ state: "lost", since: heard });
    const still = serverNow();
    vi.advanceTimersByTime(3000);
    expect(serverNow()).toBe(still);
    say({ type: "hello", seq: 10, resumed: true });
    expect(feed.store.getState().link.state).toBe("connected");
  });

  test("tells when the session is over", async () => {
    start();
    await snapshot(
      new ProblemError({ title: "Not logged in", status: 401, code: "x", detail: null, field: null }),
    );
    expect(ended).toHaveBeenCalledOnce();
  });

  test("says in words why there is nothing, and tries again", async () => {
    const feed = start();
    await snapshot(new TypeError("fetch failed"));
    expect(feed.store.getState().failure).toMatch(/cannot be reached/);
    await vi.advanceTimersByTimeAsync(5000);
    await snapshot();
    expect(feed.store.getState()).toMatchObject({ failure: null });
    expect(feed.store.getState().live).not.toBeNull();
  });
});
