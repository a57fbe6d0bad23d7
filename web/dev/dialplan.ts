// The dialplan of the simulated centre: contexts in memory, and a simulation that knows their patterns.

import type {
  DialplanAction,
  DialplanContext,
  DialplanRule,
  Extension,
  SimulatedEnd,
  SimulatedRule,
  SimulatedStep,
  Simulation,
  Trunk,
} from "../src/api/types";
import { type Answer, type Fields, missing, wrong } from "./telephony.ts";

const PHONE: DialplanAction = { type: "phone", number: null, ring_seconds: 30, unanswered: "hang_up" };
const OUT: DialplanAction = { type: "out", strip: 0, prepend: "", present: null };
const USUAL: DialplanRule[] = [
  { pattern: "_X.", note: "Phones", action: PHONE },
  { pattern: "_X.", note: "The telephone network", action: OUT },
  { pattern: "_+X.", note: "The same, with the country code", action: OUT },
];

export class Dialplan {
  private readonly kept = new Map<string, DialplanContext>();
  private slots = 0;

  constructor() {
    this.keep({ name: "agents", note: "Phones of agents", rules: USUAL });
  }

  contexts(method: string, id: string | undefined, fields: Fields): Answer {
    const known = this.kept.get(id ?? "");
    if (method === "GET" && !id) return { status: 200, value: { items: this.list(), next: null } };
    if (id && !known) return missing("context");
    if (method === "DELETE" && id) return this.kept.delete(id) ? { status: 204 } : missing("context");
    const context = {
      name: String(fields.name),
      note: String(fields.note ?? ""),
      rules: (fields.rules as DialplanRule[] | null) ?? USUAL,
    };
    return this.refused(context, known) ?? { status: known ? 200 : 201, value: this.keep(context, known) };
  }

  private list(): DialplanContext[] {
    return [...this.kept.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  private keep(context: Pick<DialplanContext, "name" | "note" | "rules">, before?: DialplanContext) {
    if (!before) this.slots += 1;
    const fresh = { id: `d${this.slots}`, asterisk_context: `cordboard-${this.slots}` };
    const kept = { ...(before ?? fresh), ...context };
    this.kept.set(kept.id, kept);
    return kept;
  }

  private refused({ name, rules }: Pick<DialplanContext, "name" | "rules">, before?: DialplanContext) {
    const bad = /[^\w-]/.exec(name)?.[0];
    if (bad) return wrong("name", `name has '${bad}'; use letters, digits, '-' and '_'.`);
    if (this.list().some((one) => one.name === name && one.id !== before?.id))
      return wrong("name", "name is already taken.", 409);
    const names = this.list().map((one) => one.name);
    for (const [at, { pattern, action }] of rules.entries()) {
      if (!patternOf(pattern)) {
        const why = `has '${pattern.replace(/[\d*#+]/g, "")[0]}'; a pattern begins with '_'`;
        return wrong(`rules[${at}].pattern`, `The pattern ${why} at line 1 column 1.`);
      }
      const keys = action.type === "menu" ? action.choices.map(({ key }) => key) : [];
      const twice = keys.find((key, place) => keys.indexOf(key) !== place);
      if (twice)
        return wrong("rules", `rules entry ${at + 1} (${pattern}): choices has key "${twice}" twice.`);
      if (action.type === "go_to" && !names.includes(action.context)) {
        const why = `leads to ${action.context}, which is no context here`;
        return wrong("rules", `rules entry ${at + 1} (${pattern}) ${why}.`);
      }
    }
    return undefined;
  }

  simulate(fields: Fields, phones: readonly Extension[], trunks: readonly Trunk[]): Answer {
    const [name, dialled] = [String(fields.from), String(fields.dialled)];
    if (!/^\+?[\d*#]+$/.test(dialled)) return wrong("dialled", "dialled has no digits.");
    const phone = phones.find(({ number }) => number === name);
    const trunk = trunks.find((one) => one.name === name);
    const first = (phone ?? trunk)?.context ?? name;
    if (!phone && !trunk && !this.list().some((one) => one.name === name))
      return wrong("from", "from is no active phone, no active trunk and no context of the dialplan.");
    const numbers = phones.map(({ number }) => number);
    const steps: SimulatedStep[] = [];
    let end: SimulatedEnd = { kind: "no_rule" };
    // A circle, which the server would have refused, ends as well.
    for (let at: string | undefined = first; at && steps.length < 20; ) {
      const context = this.list().find((one) => one.name === at);
      if (!context) {
        end = { kind: "elsewhere", context: at };
        break;
      }
      const rules = tried(context.rules, dialled, numbers);
      steps.push({ context: at, rules });
      const action = rules.find(({ holds }) => holds)?.action;
      at = action?.type === "go_to" ? action.context : undefined;
      if (action && !at) end = endOf(action, dialled, trunks);
    }
    const kind = phone ? "phone" : trunk ? "trunk" : "context";
    const from = { kind, name, context: first, asterisk_context: null } as const;
    const value: Simulation = { from, dialled, server: "s1", steps, end, summary: `then: ${end.kind}` };
    return { status: 200, value };
  }
}

function tried(rules: readonly DialplanRule[], dialled: string, phones: readonly string[]): SimulatedRule[] {
  // A shape of its own: the longer the digits at the front, the more specific.
  const order = rules.toSorted((a, b) => digitsAtFront(b.pattern) - digitsAtFront(a.pattern));
  let held = false;
  return order.map(({ pattern, action }) => {
    const fits = patternOf(pattern)?.test(dialled) ?? false;
    const phone = action.type !== "phone" || phones.includes(action.number ?? dialled);
    const holds = fits && phone && !held;
    const reason = !fits
      ? "something else stands at place 1"
      : !phone
        ? "it fits, but there is no phone of this number"
        : holds
          ? "it fits, and nothing more specific does"
          : "it fits, but a more specific rule holds";
    held ||= holds;
    return { pattern, action, fits, holds, reason };
  });
}

function digitsAtFront(pattern: string): number {
  return /^_?([\d*#+]*)/.exec(pattern)?.[1]?.length ?? 0;
}

function patternOf(pattern: string): RegExp | null {
  if (/^\+?[\d*#]+$/.test(pattern)) return new RegExp(`^${pattern.replace(/[*+]/g, "\\$&")}$`);
  if (!/^_([\d*#+XZN]|\[[\d*#+-]+\])+[.!]?$/i.test(pattern)) return null;
  const text = pattern
    .slice(1)
    .replace(/[*+]/g, "\\$&")
    .replace(/X/gi, "\\d")
    .replace(/Z/gi, "[1-9]")
    .replace(/N/gi, "[2-9]");
  return new RegExp(`^${text.replace(/\.$/, ".+").replace(/!$/, ".*")}$`);
}

function endOf(action: DialplanAction, dialled: string, trunks: readonly Trunk[]): SimulatedEnd {
  switch (action.type) {
    case "phone":
      return {
        kind: "phone",
        number: action.number ?? dialled,
        ring_seconds: 30,
        unanswered: "hang_up",
        exists: true,
      };
    case "out": {
      const number = `${action.prepend ?? ""}${dialled.slice(action.strip ?? 0)}`;
      return {
        kind: "out",
        number,
        read_as: "number",
        trunks: trunks.slice(0, 1).map(({ name }) => ({ trunk: name, number })),
      };
    }
    case "queue":
      return { kind: "queue", queue: action.queue };
    case "announce":
      return { kind: "announce", sound: action.sound };
    case "hang_up":
      return { kind: "hang_up", cause: action.cause ?? "rejected", q850: 21 };
    case "menu": {
      const { type: _type, ...menu } = action;
      return { kind: "menu", ...menu };
    }
    case "did":
    case "go_to":
      return { kind: "no_rule" };
  }
}
