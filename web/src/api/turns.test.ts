import { describe, expect, test } from "vitest";
import { turns } from "./turns";

const going = new AbortController().signal;

/** Work that ends when it is told to. */
function work() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const one = (name: string) => () => {
    begun.push(name);
    return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
  };
  return { begun, one, end: (name: string) => ends.get(name)?.() };
}

describe("turns", () => {
  test("lets only so many go on, in the order in which they came", async () => {
    const [inTurn, { begun, one, end }] = [turns(2), work()];
    const all = ["a", "b", "c", "d"].map((name) => inTurn(one(name), going));
    await Promise.resolve();
    expect(begun).toEqual(["a", "b"]);
    end("b");
    await all[1];
    await Promise.resolve();
    expect(begun).toEqual(["a", "b", "c"]);
  });

  test("give a turn back that failed", async () => {
    const inTurn = turns(1);
    await expect(inTurn(() => Promise.reject(new Error("no")), going)).rejects.toThrow("no");
    expect(await inTurn(async () => "next", going)).toBe("next");
  });

  test("pass over who has gone", async () => {
    const [inTurn, { begun, one, end }] = [turns(1), work()];
    const gone = new AbortController();
    const first = inTurn(one("a"), going);
    const second = inTurn(one("b"), gone.signal);
    const third = inTurn(one("c"), going);
    gone.abort();
    await expect(second).rejects.toThrow();
    await expect(inTurn(one("d"), gone.signal)).rejects.toThrow();
    end("a");
    await first;
    await Promise.resolve();
    expect(begun).toEqual(["a", "c"]);
    end("c");
    expect(await third).toBe("c");
  });
});
