import { describe, expect, test } from "vitest";
import { ALL_OUT, costWords, outboundForm, readCost, readOutbound, withRule } from "./outboundForm";

describe("the cost of a minute", () => {
  test.each([
    ["0.012", 12_000],
    ["0,29", 290_000],
    [" 1 ", 1_000_000],
    ["0.000001", 1],
    ["0", 0],
    ["4294.967295", 4_294_967_295],
  ])("“%s” is sent to the digit, and shown as it was", (text, micros) => {
    expect(readCost(text)).toBe(micros);
    expect(costWords(micros)).toBe(text.trim().replace(",", "."));
  });

  test.each(["-1", "1.0000001", "4294.967296", "1e3", "1 000", "€1", ".", "NaN", "<b>"])(
    "is not “%s”",
    (text) => {
      expect(readCost(text)).toBeUndefined();
      const form = { ...ALL_OUT, rules: [{ key: 0, prefix: "", strip: "0", prepend: "", cost: text }] };
      expect(readOutbound(form)).toMatchObject({ field: "outbound.rules" });
    },
  );

  test("may be left out", () => {
    expect(readCost("  ")).toBeNull();
    expect([costWords(0), costWords(1_500_000), costWords(10_000_000)]).toEqual(["0", "1.5", "10"]);
  });
});

describe("calls that go out", () => {
  const outbound = {
    ...{ priority: 1, weight: 3, max_channels: 30, max_calls_per_second: null },
    rules: [{ prefix: "421", strip: 3, prepend: "0", cost_micros_per_minute: 12_000 }],
  };

  test("are sent back as they came", () => {
    expect(readOutbound(outboundForm(outbound))).toEqual(outbound);
    expect(readOutbound(outboundForm(null))).toBeNull();
  });

  test("may be all, at usual priority, as where nothing is told", () => {
    expect(readOutbound(ALL_OUT)).toEqual({
      ...{ priority: 10, weight: 1, max_channels: null, max_calls_per_second: null, rules: [] },
    });
  });

  test("keep what was typed while they are switched off", () => {
    const typed = outboundForm(outbound);
    expect(readOutbound({ ...typed, goesOut: false })).toBeNull();
    expect(readOutbound({ ...typed, goesOut: true })).toEqual(outbound);
  });

  test("have digits as people write them", () => {
    const rules = [{ key: 0, prefix: "+421 905", strip: "3", prepend: " 00-", cost: "" }];
    expect(readOutbound({ ...ALL_OUT, rules })).toMatchObject({
      rules: [{ prefix: "421905", prepend: "00" }],
    });
  });
});

test("each rule that is added has a key of its own", () => {
  const rules = withRule(withRule([]));
  expect(withRule(rules.slice(1)).map(({ key }) => key)).toEqual([1, 2]);
});
