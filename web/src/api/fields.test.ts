import { describe, expect, test } from "vitest";
import { fieldProblems } from "./fields";
import { ProblemError, UNREACHABLE } from "./problem";

const refusal = (field: string | null, detail: string | null = "number must have 2 to 10 digits.") =>
  new ProblemError({ title: "A field is wrong", status: 400, code: "invalid_field", detail, field });

describe("what was refused", () => {
  test("stands at its field, without the title", () => {
    const { at, other } = fieldProblems(refusal("number"), ["number", "name"]);
    expect(at("number")).toBe("Number must have 2 to 10 digits.");
    expect(at("name")).toBeNull();
    expect(other).toBeNull();
    expect(fieldProblems(refusal("number", null), ["number"]).at("number")).toBe("A field is wrong.");
  });

  test("in a list stands at the list, and does not say what that is part of", () => {
    const shown = ["outbound.rules", "outbound.weight"];
    const inRule = refusal("outbound.rules[3].strip", "outbound.rules[3].strip: 300 is no u8.");
    expect(fieldProblems(inRule, shown).at("outbound.rules")).toBe("Rules[3].strip: 300 is no u8.");
    const ofList = refusal("outbound.rules", 'outbound.rules has the prefix "421" twice.');
    expect(fieldProblems(ofList, shown).at("outbound.rules")).toBe('Rules has the prefix "421" twice.');
    const weight = refusal("outbound.weight", "outbound.weight must be 1 to 1000.");
    expect(fieldProblems(weight, shown).at("outbound.weight")).toBe("Weight must be 1 to 1000.");
  });

  test("is not lost when the form does not show the field", () => {
    for (const field of [null, "secret"]) {
      const { at, other } = fieldProblems(refusal(field), ["number"]);
      expect(at("number")).toBeNull();
      expect(other).toBe("A field is wrong. Number must have 2 to 10 digits.");
    }
  });

  test("is told when there was no answer at all", () => {
    expect(fieldProblems(new TypeError("network"), ["number"]).other).toBe(UNREACHABLE);
    expect(fieldProblems(null, ["number"]).other).toBeNull();
  });
});
