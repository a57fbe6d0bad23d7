import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { at, T0 } from "../testing/centre";
import { onTick, serverNow, serverTimeIsPast, setServerTime, startClock, stopClock } from "./clock";

const HERE = Date.parse(T0);
const ticks: number[] = [];
let unfollow = () => {};

beforeEach(() => {
  vi.useFakeTimers({ now: HERE });
  ticks.length = 0;
  setServerTime(T0);
  unfollow = onTick((now) => ticks.push(now));
});
afterEach(() => {
  unfollow();
  startClock();
  vi.useRealTimers();
});

describe("the clock", () => {
  test("ticks each second on the server's whole second", () => {
    setServerTime(at(0.4));
    ticks.length = 0;
    vi.advanceTimersByTime(3000);
    expect(ticks.length).toBe(3);
  });

  test("shows the server's time, whatever the time is here", () => {
    setServerTime(at(90));
    expect(serverNow() - HERE).toBe(90_000);
    serverTimeIsPast(at(40));
    expect(serverNow() - HERE).toBe(90_000);
    serverTimeIsPast(at(95));
    expect(serverNow() - HERE).toBe(95_000);
  });

  test("stands still while nothing is heard, and goes on where it is then", () => {
    stopClock();
    vi.advanceTimersByTime(5000);
    expect(new Set(ticks.map((now) => now - HERE))).toEqual(new Set([0]));
    startClock();
    expect(ticks.at(-1)).toBe(HERE + 5000);
  });

  test("does nothing for nobody", () => {
    unfollow();
    expect(vi.getTimerCount()).toBe(0);
  });
});
