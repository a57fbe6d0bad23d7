// What the simulated centre says of its trunks: a number that ends in 7 is busy, and one that ends in 9 rings in vain.

import type { TestCall, Trunk, TrunkChecked, TrunkRule, WayExplained, WaysExplained } from "../src/api/types";

const EVERY_NUMBER: TrunkRule = { prefix: "", strip: 0, prepend: "", cost_micros_per_minute: null };

/** The digits of a number with country code, or what is wrong with it. */
export function digitsOf(to: unknown): string | null {
  const digits = String(to).replace(/[\s()./+-]/g, "");
  return /^\d{7,15}$/.test(digits) ? digits : null;
}

function ruleFor({ outbound }: Trunk, digits: string): TrunkRule | undefined {
  if (!outbound) return undefined;
  if (outbound.rules.length === 0) return EVERY_NUMBER;
  const fitting = outbound.rules.filter(({ prefix }) => digits.startsWith(prefix));
  return fitting.sort((a, b) => b.prefix.length - a.prefix.length)[0];
}

export function explain(trunks: readonly Trunk[], digits: string): WaysExplained {
  const ways = trunks.map((trunk, index) => wayOf(trunk, digits, index));
  const rank = ({ verdict, priority }: WayExplained) => (verdict === "takes" ? 0 : 1e6) + (priority ?? 0);
  return {
    ...{ server: "s1", to: `+${digits}`, dial_out: null },
    trunks: ways.sort((a, b) => rank(a) - rank(b)),
  };
}

function wayOf(trunk: Trunk, digits: string, channels: number): WayExplained {
  const rule = ruleFor(trunk, digits);
  const [verdict, why] = !trunk.outbound
    ? (["incoming_only", "has no `outbound`: calls only come in"] as const)
    : !trunk.active
      ? (["not_active", "is not active"] as const)
      : rule
        ? (["takes", "takes it"] as const)
        : (["no_rule", "has no rule for this number"] as const);
  return {
    ...{ id: trunk.id, name: trunk.name, verdict, why, channels },
    dials: rule ? `${rule.prepend}${digits.slice(rule.strip)}` : null,
    priority: trunk.outbound?.priority ?? null,
    cost_micros_per_minute: rule?.cost_micros_per_minute ?? null,
  };
}

/** What is found at a trunk, and of a call to `digits` if there are some. */
export function checked(trunk: Trunk, digits: string | null): TrunkChecked {
  const finding = (verdict: "ok" | "warning", what: string, remedy: string | null = null) => ({
    ...{ subject: `${trunk.name} on pbx-1`, verdict, what, why: null, remedy },
  });
  const findings = [
    trunk.qualify_seconds > 0
      ? finding("ok", "answers OPTIONS within 12.4 ms")
      : finding("warning", "is not asked whether it answers", "set `qualify_seconds`"),
  ];
  const call = digits === null ? null : called(digits);
  const ok = call?.outcome !== "failed";
  return { made_at: new Date().toISOString(), made_by: "admin", ok, findings, call };
}

function called(digits: string): TestCall {
  const nothing = { why: null, cause: null, post_dial_delay_ms: null, answered_after_ms: null, codec: null };
  const call = { ...nothing, server: "pbx-1", dialled: digits };
  if (digits.endsWith("7")) return { ...call, outcome: "failed", cause: 17, why: "user busy" };
  const rang = { ...call, post_dial_delay_ms: 1_240 };
  if (digits.endsWith("9")) return { ...rang, outcome: "rang", cause: 19, why: "no answer" };
  return { ...rang, outcome: "answered", answered_after_ms: 3_410, codec: "alaw" };
}
