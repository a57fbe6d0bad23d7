import { expect, test } from "vitest";
import { inWords, ProblemError, problemOf, UNREACHABLE, UNREADABLE, wordsFor } from "./problem";

const answer = (status: number, headers?: Record<string, string>) => new Response(null, { status, headers });

test("a problem is told by its title and detail", () => {
  const body = {
    title: "the agent is unknown",
    status: 404,
    code: "agent_unknown",
    detail: "It was removed",
  };
  expect(inWords(problemOf(body, answer(404)))).toBe("The agent is unknown. It was removed.");
});

test("an answer that is no problem document is told by its status", () => {
  expect(inWords(problemOf("<html>Bad gateway</html>", answer(502)))).toBe("The server failed (502).");
  expect(inWords(problemOf(undefined, answer(429, { "retry-after": "30" })))).toBe(
    "Too many attempts. Try again in 30 s.",
  );
});

test("the refused field is kept", () => {
  expect(problemOf({ title: "x", field: "password" }, answer(422)).field).toBe("password");
  expect(problemOf({ title: "x", field: 7 }, answer(422)).field).toBeNull();
});

test("whatever is thrown has words", () => {
  expect(wordsFor(new ProblemError(problemOf({ title: "No" }, answer(403))))).toBe("No.");
  expect(wordsFor(new TypeError("fetch failed"))).toBe(UNREACHABLE);
  expect(wordsFor(new SyntaxError("Unexpected token <"))).toBe(UNREADABLE);
});
