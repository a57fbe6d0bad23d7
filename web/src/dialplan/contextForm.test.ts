import { describe, expect, test } from "vitest";
import { ProblemError } from "../api/problem";
import type { DialplanContext } from "../api/types";
import { actionWords } from "./actionWords";
import { fieldsOf, formOf, moved, NEW_CONTEXT, ruleRefusal, withRule } from "./contextForm";
import { usesOf } from "./uses";

const RULES: DialplanContext["rules"] = [
  {
    pattern: "_1XX",
    note: "Phones",
    action: { type: "phone", number: null, ring_seconds: 20, unanswered: "words" },
  },
  { pattern: "_0Z.", note: "", action: { type: "out", strip: 1, prepend: "+421", present: "+4215550100" } },
  { pattern: "500", note: "", action: { type: "queue", queue: "support" } },
  { pattern: "*1", note: "", action: { type: "announce", sound: "custom/closed" } },
  { pattern: "_00.", note: "", action: { type: "go_to", context: "abroad" } },
  { pattern: "_X.", note: "", action: { type: "did" } },
  {
    pattern: "_+X.",
    note: "",
    action: {
      ...{
        type: "menu",
        sound: "custom/welcome",
        context: "choice",
        otherwise: "500",
        tries: 2,
        wait_seconds: 4,
      },
      choices: [
        { key: "1", dial: "500" },
        { key: "*", dial: "101" },
      ],
    },
  },
  { pattern: "_0900.", note: "", action: { type: "hang_up", cause: "rejected" } },
];
const CONTEXT = { id: "d1", name: "agents", note: "n", rules: RULES, asterisk_context: "cordboard-1" };
const queueName = (id: string) => (id === "support" ? "Support" : undefined);

test("a context is sent back as it came", () => {
  expect(fieldsOf(formOf(CONTEXT))).toEqual({ name: "agents", note: "n", rules: RULES });
});

test("a new one leaves its rules to the server, unless they are typed", () => {
  expect(fieldsOf({ ...NEW_CONTEXT, name: " agents " })).toEqual({ name: "agents", note: "", rules: null });
  const [rule] = withRule([]);
  const typed = { ...NEW_CONTEXT, usual: false, rules: rule ? [{ ...rule, pattern: " _0 Z. " }] : [] };
  expect(fieldsOf(typed).rules).toMatchObject([{ pattern: "_0Z.", action: { type: "phone", number: null } }]);
});

test("an action that is chosen again has what was typed of it", () => {
  const { rules } = formOf(CONTEXT);
  const there = rules.map((rule) => ({ ...rule, type: "hang_up" as const }));
  const back = there.map((rule, place) => ({ ...rule, type: rules[place]?.type ?? "hang_up" }));
  expect(fieldsOf({ ...formOf(CONTEXT), rules: back }).rules).toEqual(RULES);
});

test("every action is said in words", () => {
  expect(RULES.map(({ action }) => actionWords(action, queueName))).toEqual([
    "rings the phone of the number dialled, for 20 s; Asterisk's voice says so if nobody answers",
    "goes to the telephone network, without its first digit, with +421 in front, presenting +4215550100",
    "waits in the queue \u2068Support\u2069",
    "hears \u2068custom/closed\u2069, and is over",
    "goes on by the rules of abroad",
    "goes where the list of DIDs says",
    "hears \u2068custom/welcome\u2069, and a key chooses in choice: 1 dials 500, * dials 101; otherwise 500",
    "ends: refused (cause 21)",
  ]);
  expect(actionWords({ type: "queue", queue: "gone" }, queueName)).toBe("waits in a queue that is not known");
});

test("the keys of a menu are read as people write them", () => {
  const { rules } = formOf(CONTEXT);
  const menu = rules.filter(({ type }) => type === "menu");
  const choices = (typed: string) => {
    const [rule] =
      fieldsOf({ ...formOf(CONTEXT), rules: menu.map((one) => ({ ...one, choices: typed })) }).rules ?? [];
    return rule?.action.type === "menu" ? rule.action.choices : null;
  };
  expect(choices("1 = 500; *=+4215550100")).toEqual([
    { key: "1", dial: "500" },
    { key: "*", dial: "+4215550100" },
  ]);
  // What is none goes to the server, which says why.
  expect(choices("1")).toEqual([{ key: "1", dial: "" }]);
  expect(choices(" ")).toEqual([]);
});

test("a rule goes up or down, and not beyond the others", () => {
  const { rules } = formOf(CONTEXT);
  const keys = (list: ReturnType<typeof moved>) => list.map(({ key }) => key);
  expect(keys(moved(rules, 1, -1))).toEqual([1, 0, 2, 3, 4, 5, 6, 7]);
  expect(keys(moved(rules, 6, 1))).toEqual([0, 1, 2, 3, 4, 5, 7, 6]);
  expect(keys(moved(rules, 0, -1))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(keys(moved(rules, 7, 1))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

describe("a refusal", () => {
  const about = (field: string | null, detail: string) =>
    ruleRefusal(
      new ProblemError({ title: "A field is wrong", status: 400, code: "invalid_field", detail, field }),
    );

  test.each([
    [
      "rules",
      "rules entry 2 (_0Z.): strip takes away all of a number of 3.",
      1,
      "strip",
      "Takes away all of a number of 3.",
    ],
    [
      "rules",
      "rules entry 1 (_0Z.) leads to nix, which is no context here.",
      0,
      null,
      "Leads to nix, which is no context here.",
    ],
    ["rules[4].pattern", "The pattern is empty at line 1 column 34.", 4, "pattern", "Is empty."],
    [
      "rules[0].action",
      "Invalid value: integer `70000`, expected u16 at line 1 column 85.",
      0,
      null,
      "Invalid value: integer `70000`, expected u16.",
    ],
  ])("of %s is shown at its rule: %s", (field, detail, place, at, words) => {
    expect(about(field, detail)).toEqual({ place, field: at, words });
  });

  test("of all rules, of another field, or of none, is about no rule", () => {
    expect(about("rules", "rules would lead calls in a circle: a → b → a.")).toBeNull();
    expect(about("name", "name is already taken.")).toBeNull();
    expect(about(null, "Try again.")).toBeNull();
    expect(ruleRefusal(new TypeError("no network"))).toBeNull();
  });
});

test("what uses a context is named, and counted where it is much", () => {
  const phones = Array.from({ length: 8 }, (_, at) => ({ number: String(101 + at), context: "agents" }));
  const known = {
    phones: [...phones, { number: "200", context: "other" }],
    trunks: [{ name: "provider", context: "agents" }],
    contexts: [
      { name: "agents", rules: [] },
      {
        name: "night",
        rules: [{ pattern: "_X.", action: { type: "go_to" as const, context: "agents" }, note: "" }],
      },
    ],
  };
  const closed = { display_name: "Closed", overflow: { action: "hang_up" as const } };
  const into = { action: "dialplan" as const, context: "agents", extension: "100", priority: 1 };
  const dids = [{ number: "4215550100", to: { type: "context" as const, context: "agents" } }];
  const queues = [closed, { display_name: "Sales", overflow: into }];
  expect(usesOf("agents", { ...known, queues, dids })).toEqual([
    "Calls of phones 101, 102, 103, 104, 105 and 3 more begin there.",
    "Calls of trunk provider begin there.",
    "Calls of DID 4215550100 go there.",
    "Callers of queue Sales overflow into it.",
    "Rules of context night lead there.",
  ]);
  expect(usesOf("night", { ...known, queues, dids: [] })).toEqual([]);
});
