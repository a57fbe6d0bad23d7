import { describe, expect, test } from "vitest";
import { patternWords } from "./patternWords";

describe("a pattern in words", () => {
  test.each([
    ["112", "this number alone"],
    ["*97#", "this number alone"],
    ["+4215550100", "this number alone"],
    ["_1XX", "1, then 2 digits"],
    ["_0ZXXXXXXXX", "0, then one of 1–9, then 8 digits"],
    ["_00.", "00, then at least one more"],
    ["_+x.", "+, then a digit, then at least one more"],
    ["_[2-5]NN!", "one of 2–5, then 2 digits of 2–9, then whatever follows, or nothing"],
    ["_9[13-5*][7]0X", "9, then one of 1, 3–5, *, then 70, then a digit"],
  ])("%s: %s", (pattern, words) => expect(patternWords(pattern)).toBe(words));

  test.each(["", "_", "_.", "0Z.", "_0A", "_[", "_[]", "_[1-]", "_0.0", "_X. ", "<b>"])(
    "nothing is said of “%s”, which is none",
    (pattern) => expect(patternWords(pattern)).toBeNull(),
  );
});
