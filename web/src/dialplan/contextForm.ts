// What is typed into the form of a context, and what is sent of it. Pure.

import { ProblemError, sentence } from "../api/problem";
import type { ContextFields, DialplanAction, DialplanContext, DialplanRule, HangUpCause } from "../api/types";
import { listed, optional } from "../setup/words";

/** As typed. */
export interface ContextForm {
  name: string;
  note: string;
  /** Of a new one: the server gives it its usual rules. */
  usual: boolean;
  rules: readonly RuleForm[];
}

/** A rule, with the fields of all actions: what was typed of one is there again when it is chosen again. */
export interface RuleForm {
  /** Tells rules apart while they are typed. */
  key: number;
  pattern: string;
  note: string;
  type: DialplanAction["type"];
  /** Empty: the phone of the number dialled. */
  number: string;
  ring: string;
  voice: boolean;
  strip: string;
  prepend: string;
  /** Empty: the phone's own. */
  present: string;
  queue: string;
  sound: string;
  context: string;
  cause: HangUpCause;
  /** Of a menu, as typed: "1=500, 2=101". */
  choices: string;
  /** Empty: the call is over. */
  otherwise: string;
  tries: string;
  wait: string;
}

const EMPTY_RULE: Omit<RuleForm, "key"> = {
  ...{ pattern: "", note: "", type: "phone", number: "", ring: "30", voice: false, strip: "0" },
  ...{ prepend: "", present: "", queue: "", sound: "", context: "", cause: "rejected" },
  ...{ choices: "", otherwise: "", tries: "3", wait: "5" },
};

export const NEW_CONTEXT: ContextForm = { name: "", note: "", usual: true, rules: [] };

/** As many as the server keeps. */
export const MAX_RULES = 500;

export function formOf({ name, note, rules }: DialplanContext): ContextForm {
  return { name, note, usual: false, rules: rules.map(ruleForm) };
}

function ruleForm({ pattern, note = "", action }: DialplanRule, key: number): RuleForm {
  return { ...EMPTY_RULE, key, pattern, note, type: action.type, ...typedOf(action) };
}

function typedOf(action: DialplanAction): Partial<RuleForm> {
  switch (action.type) {
    case "phone": {
      const { number, ring_seconds: ring = 30, unanswered } = action;
      return { number: number ?? "", ring: String(ring), voice: unanswered === "words" };
    }
    case "out": {
      const { strip = 0, prepend = "", present } = action;
      return { strip: String(strip), prepend, present: present ?? "" };
    }
    case "queue":
      return { queue: action.queue };
    case "announce":
      return { sound: action.sound };
    case "go_to":
      return { context: action.context };
    case "did":
      return {};
    case "menu":
      return menuTyped(action);
    case "hang_up":
      return { cause: action.cause ?? "rejected" };
  }
}

type MenuAction = Extract<DialplanAction, { type: "menu" }>;

function menuTyped(menu: MenuAction): Partial<RuleForm> {
  const { sound, context, choices, otherwise, tries = 3, wait_seconds: wait = 5 } = menu;
  const typed = choices.map(({ key, dial }) => `${key}=${dial}`).join(", ");
  return {
    ...{ sound, context, choices: typed, otherwise: otherwise ?? "" },
    ...{ tries: String(tries), wait: String(wait) },
  };
}

function menuOf({ sound, context, choices, otherwise, tries, wait }: RuleForm): MenuAction {
  return {
    type: "menu",
    sound: sound.trim(),
    context,
    // One without = is refused by the server, which says what a choice is.
    choices: listed(choices.replace(/\s*=\s*/g, "=")).map((one) => {
      const [key = "", ...dial] = one.split("=");
      return { key, dial: dial.join("=") };
    }),
    otherwise: optional(bare(otherwise)),
    tries: Number(tries),
    wait_seconds: Number(wait),
  };
}

/** One more rule to type, behind the others. */
export function withRule(rules: readonly RuleForm[]): RuleForm[] {
  const key = 1 + Math.max(-1, ...rules.map((rule) => rule.key));
  return [...rules, { ...EMPTY_RULE, key }];
}

/** The rule at a place goes one up (-1) or down (1), if there is room. */
export function moved(rules: readonly RuleForm[], place: number, by: -1 | 1): RuleForm[] {
  const [one, other] = [rules[place], rules[place + by]];
  const after = [...rules];
  if (!one || !other) return after;
  after[place] = other;
  after[place + by] = one;
  return after;
}

/** What the server is sent; its own checks are not made twice. */
export function fieldsOf({ name, note, usual, rules }: ContextForm): ContextFields {
  return { name: name.trim(), note: note.trim(), rules: usual ? null : rules.map(ruleOf) };
}

export function ruleOf(rule: RuleForm): DialplanRule {
  return { pattern: bare(rule.pattern), note: rule.note.trim(), action: actionOf(rule) };
}

export function actionOf(rule: RuleForm): DialplanAction {
  switch (rule.type) {
    case "phone":
      return {
        type: "phone",
        number: optional(rule.number),
        ring_seconds: Number(rule.ring),
        unanswered: rule.voice ? "words" : "hang_up",
      };
    case "out":
      return {
        type: "out",
        strip: Number(rule.strip),
        prepend: bare(rule.prepend),
        present: optional(bare(rule.present)),
      };
    case "queue":
      return { type: "queue", queue: rule.queue };
    case "announce":
      return { type: "announce", sound: rule.sound.trim() };
    case "go_to":
      return { type: "go_to", context: rule.context };
    case "did":
      return { type: "did" };
    case "menu":
      return menuOf(rule);
    case "hang_up":
      return { type: "hang_up", cause: rule.cause };
  }
}

/** Digits and patterns as people write them, without the spaces between. */
function bare(text: string): string {
  return text.replace(/\s/g, "");
}

/** What the server refused of one rule. */
export interface RuleRefusal {
  /** Its place, counted from 0. */
  place: number;
  /** A field of it, if the words are about one. */
  field: string | null;
  words: string;
}

/** A queue that nobody has chosen: the server would say that it is no id. */
export function unchosen({ usual, rules }: ContextForm): RuleRefusal | null {
  const place = usual ? -1 : rules.findIndex(({ type, queue }) => type === "queue" && queue === "");
  return place < 0 ? null : { place, field: "queue", words: "Choose a queue." };
}

/** As they are called on the wire. */
const RULE_FIELDS: readonly string[] = [
  ...["pattern", "note", "number", "ring_seconds", "strip", "prepend", "present", "sound", "context"],
  ...["choices", "otherwise", "tries", "wait_seconds"],
];

/** Which rule a refusal is about; `null`: about none, or all. */
export function ruleRefusal(error: unknown): RuleRefusal | null {
  if (!(error instanceof ProblemError)) return null;
  const { field, detail } = error.problem;
  const [, entry, after] = /^rules entry (\d+) \([^)]*\):?\s+(.*)$/s.exec(detail ?? "") ?? [];
  if (field === "rules" && entry && after) {
    const [first = "", ...rest] = after.split(" ");
    const about = RULE_FIELDS.includes(first) ? first : null;
    return { place: Number(entry) - 1, field: about, words: sentence(about ? rest.join(" ") : after) };
  }
  const [, index, part] = /^rules\[(\d+)\](?:\.(\w+))?/.exec(field ?? "") ?? [];
  if (index === undefined) return null;
  // Where in the request it stands says nothing to who has typed it.
  const words = (detail ?? error.problem.title).replace(/ at line \d+ column \d+\.?$/, "");
  return {
    place: Number(index),
    field: part && part !== "action" ? part : null,
    words: sentence(words.replace(/^The pattern /, "")),
  };
}
