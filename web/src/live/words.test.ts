import { expect, test } from "vitest";
import { callerWords, causeWords, percent, serverTrouble, stopwatch } from "./words";

test("a stop watch counts to hours and never below zero", () => {
  expect([0, 7_999, 754_000, 3_723_000, -5_000].map(stopwatch)).toEqual([
    "0:00",
    "0:07",
    "12:34",
    "1:02:03",
    "0:00",
  ]);
});

test("a rate of nothing is undefined", () => {
  expect(percent(0, 0)).toBe("–");
  expect(percent(1, 3)).toBe("33 %");
});

test("a caller is named by what is known", () => {
  expect(callerWords({ number: "", name: "" })).toBe("Withheld");
  expect(callerWords({ number: "", name: "Anonymous" })).toBe("Anonymous");
  expect(callerWords({ number: "5550101", name: "5550101" })).toBe("5550101");
  expect(callerWords({ number: "5550101", e164: "+4215550101", name: "Eva" })).toBe("+4215550101 Eva");
});

test("a cause has its number", () => {
  expect([causeWords(17), causeWords(99)]).toEqual(["busy (cause 17)", "cause 99"]);
});

test("a server that works needs no words", () => {
  const server = { id: "s1", name: "pbx-1", since: "2026-03-02T09:00:00Z" };
  expect(serverTrouble({ ...server, state: "connected" })).toBeNull();
  expect(serverTrouble({ ...server, state: "lost", reason: "timeout" })).toContain("(timeout)");
});
