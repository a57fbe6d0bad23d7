import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Event } from "../api/types";
import { openStream, type Socket } from "./connection";

class FakeSocket implements Socket {
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  closed = false;
  readonly after: number;

  constructor(after: number) {
    this.after = after;
  }
  close() {
    this.closed = true;
  }
  say(frame: unknown) {
    this.onmessage?.({ data: typeof frame === "string" ? frame : JSON.stringify(frame) });
  }
}

function start() {
  const sockets: FakeSocket[] = [];
  const seen: Event[] = [];
  const lost: number[] = [];
  const hellos: boolean[] = [];
  const stream = openStream({
    open: (after) => {
      const socket = new FakeSocket(after);
      sockets.push(socket);
      return socket;
    },
    after: () => seen.at(-1)?.seq ?? 7,
    onHello: ({ resumed }) => hellos.push(resumed),
    onEvent: (event) => seen.push(event),
    onHeard: () => {},
    onUntold: () => {},
    onLost: (retryMs) => lost.push(retryMs),
    random: () => 1,
  });
  const last = () => {
    const socket = sockets.at(-1);
    if (!socket) throw new Error("no socket was opened");
    return socket;
  };
  return { stream, sockets, seen, lost, hellos, last };
}

const fact = (seq: number) => ({ seq, at: "2026-03-02T09:00:00Z", type: "server_replaced", server: "s1" });

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the event stream", () => {
  test("resumes after the last event it saw", () => {
    const { sockets, last } = start();
    expect(last().after).toBe(7);
    last().say({ type: "hello", seq: 7, resumed: true });
    last().say(fact(12));
    last().onclose?.();
    vi.advanceTimersByTime(250);
    expect(sockets).toHaveLength(2);
    expect(last().after).toBe(12);
  });

  test("waits twice as long after each failure, at most 15 s, and starts anew after a hello", () => {
    const { lost, last } = start();
    for (let attempt = 0; attempt < 8; attempt += 1) {
      last().onclose?.();
      vi.advanceTimersByTime(lost.at(-1) ?? 0);
    }
    expect(lost).toEqual([250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
    last().say({ type: "hello", seq: 7, resumed: true });
    last().onclose?.();
    expect(lost.at(-1)).toBe(250);
  });

  test("takes 30 s of silence for a loss, and a ping for a word", () => {
    const { sockets, lost, last } = start();
    last().say({ type: "hello", seq: 7, resumed: true });
    vi.advanceTimersByTime(29_000);
    last().say({ type: "ping" });
    vi.advanceTimersByTime(29_999);
    expect(lost).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(lost).toEqual([250]);
    expect(sockets[0]?.closed).toBe(true);
  });

  test("survives frames that are none", () => {
    const { seen, last } = start();
    for (const frame of ["", "{", "null", "[]", '"x"', '{"seq":"1"}', '{"type":"hello"}']) last().say(frame);
    last().say(fact(8));
    expect(seen.map(({ seq }) => seq)).toEqual([8]);
  });

  test("tries at once when asked to", () => {
    const { stream, sockets, last } = start();
    last().onclose?.();
    stream.retryNow();
    expect(sockets).toHaveLength(2);
    vi.advanceTimersByTime(1000);
    expect(sockets).toHaveLength(2);
  });

  test("says nothing more once it is closed", () => {
    const { stream, sockets, last, lost } = start();
    stream.close();
    expect(last().closed).toBe(true);
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
    expect(lost).toEqual([]);
  });
});
