import { describe, expect, test } from "vitest";
import { type DiffLine, diffLines, hunksOf } from "./lineDiff";

const MARKS = { same: " ", gone: "-", new: "+" } as const;
const marked = (lines: readonly DiffLine[] | null) => lines?.map(({ sign, text }) => MARKS[sign] + text);
const diff = (before: string, after: string) =>
  marked(diffLines(before.split("").join("\n"), after.split("").join("\n")))?.join(",");

describe("lines that became others", () => {
  test.each([
    ["", "", ""],
    ["abc", "abc", " a, b, c"],
    ["", "ab", "+a,+b"],
    ["ab", "", "-a,-b"],
    ["abc", "axc", " a,-b,+x, c"],
    ["abcabba", "cbabac", "-a,-b, c,+b, a, b,-b, a,+c"],
    ["abcd", "bcda", "-a, b, c, d,+a"],
  ])("%s to %s", (before, after, lines) => {
    expect(diff(before, after)).toBe(lines);
  });

  test("both texts are in it, whatever they are", () => {
    // A fixed sequence that looks like chance.
    let seed = 7;
    const next = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor(seed / 65_536) % below;
    };
    for (let round = 0; round < 200; round += 1) {
      const text = () => Array.from({ length: next(12) }, () => "abc"[next(3)]).join("\n");
      const [before, after] = [text(), text()];
      const lines = diffLines(before, after) ?? [];
      const of = (leftOut: DiffLine["sign"]) =>
        lines.filter(({ sign }) => sign !== leftOut).map((line) => line.text);
      expect(of("new").join("\n")).toBe(before);
      expect(of("gone").join("\n")).toBe(after);
    }
  });

  test("a line end at the end, or of Windows, is no difference", () => {
    expect(marked(diffLines("a\r\nb\r\n", "a\nb"))).toEqual([" a", " b"]);
  });

  test("too many are not compared", () => {
    const many = (word: string) => Array.from({ length: 1_500 }, (_, at) => `${word} ${at}`).join("\n");
    expect(diffLines(many("old"), many("new"))).toBeNull();
    expect(diffLines(many("old"), `${many("old")}\nnew`)).toHaveLength(1_501);
  });
});

test("only what differs is shown, with three lines around", () => {
  const lines = (
    diffLines("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk", "a\nb\nc\nd\nX\nf\ng\nh\ni\nj\nk") ?? []
  ).slice();
  const hunks = hunksOf(lines);
  expect(hunks.map(({ skipped, lines }) => [skipped, marked(lines)])).toEqual([
    [1, [" b", " c", " d", "-e", "+X", " f", " g", " h"]],
  ]);
  expect(hunksOf([])).toEqual([]);
});
