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
