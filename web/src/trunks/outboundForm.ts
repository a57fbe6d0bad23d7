// What is typed about the calls that go out by a trunk, and what is sent of it. Pure.

import type { Wrong } from "../api/fields";
import type { TrunkOutbound, TrunkRule } from "../api/types";

/** As typed. */
export interface OutboundForm {
  /** Otherwise calls only come in. */
  goesOut: boolean;
  priority: string;
  weight: string;
  /** Empty: any number. */
  channels: string;
  /** Calls that may begin within a second. Empty: any number. */
  rate: string;
  /** None: it takes all numbers. */
  rules: readonly RuleForm[];
}

export interface RuleForm {
  /** Tells rules apart while they are typed. */
  key: number;
  prefix: string;
  strip: string;
  prepend: string;
  /** Of a minute, as a decimal number. Empty: nobody knows. */
  cost: string;
}

export const ALL_OUT: OutboundForm = {
  ...{ goesOut: true, priority: "10", weight: "1", channels: "", rate: "", rules: [] },
};

export function outboundForm(outbound: TrunkOutbound | null | undefined): OutboundForm {
  if (!outbound) return { ...ALL_OUT, goesOut: false };
  return {
    goesOut: true,
    priority: String(outbound.priority),
    weight: String(outbound.weight),
    channels: String(outbound.max_channels ?? ""),
    rate: String(outbound.max_calls_per_second ?? ""),
    rules: outbound.rules.map(ruleForm),
  };
}

function ruleForm(rule: TrunkRule, key: number): RuleForm {
  const { prefix, strip, prepend, cost_micros_per_minute: cost } = rule;
  return { key, prefix, strip: String(strip), prepend, cost: cost === null ? "" : costWords(cost) };
}

/** One more rule to type. */
export function withRule(rules: readonly RuleForm[]): RuleForm[] {
  const key = 1 + Math.max(-1, ...rules.map((rule) => rule.key));
  return [...rules, { key, prefix: "", strip: "0", prepend: "", cost: "" }];
}

/** What the server is sent; `null`: calls only come in. Its own checks are not made twice. */
export function readOutbound(form: OutboundForm): TrunkOutbound | null | Wrong {
  if (!form.goesOut) return null;
  const rules: TrunkRule[] = [];
  for (const { prefix, strip, prepend, cost } of form.rules) {
    const micros = readCost(cost);
    if (micros === undefined) return { field: "outbound.rules", words: notACost(cost) };
    rules.push({
      prefix: bare(prefix).replace(/^\+/, ""),
      strip: Number(strip),
      prepend: bare(prepend),
      cost_micros_per_minute: micros,
    });
  }
  return {
    priority: Number(form.priority),
    weight: Number(form.weight),
    max_channels: atMost(form.channels),
    max_calls_per_second: atMost(form.rate),
    rules,
  };
}

function atMost(text: string): number | null {
  return text === "" ? null : Number(text);
}

/** Digits as people write them, without what stands between them. */
function bare(text: string): string {
  return text.replace(/[\s()./-]/g, "");
}

const MICROS = 1_000_000;
/** The highest cost that the server keeps. */
const MOST = 2 ** 32 - 1;

function notACost(text: string): string {
  return `“${text.trim()}” is no cost of a minute. Write a number such as 0.012: at most ${Math.floor(MOST / MICROS)}, with at most 6 decimals.`;
}

/** Millionths of what was typed, to the digit; `null`: nothing was; `undefined`: it is no cost. */
export function readCost(text: string): number | null | undefined {
  if (text.trim() === "") return null;
  const [, whole, decimals = ""] = /^(\d{1,4})(?:[.,](\d{1,6}))?$/.exec(text.trim()) ?? [];
  if (whole === undefined) return undefined;
  // By digits: 0.29 times a million is not whole in binary.
  const micros = Number(whole + decimals.padEnd(6, "0"));
  return micros <= MOST ? micros : undefined;
}

/** A cost as a decimal number, without noughts that say nothing: 12000 is 0.012. */
export function costWords(micros: number): string {
  const decimals = String(micros % MICROS).padStart(6, "0");
  return `${Math.floor(micros / MICROS)}.${decimals}`.replace(/\.?0+$/, "");
}
