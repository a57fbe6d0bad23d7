// What would be in the air without a context. Pure.

import type { DialplanContext, Did, Extension, LiveQueue, Trunk } from "../api/types";

/** How many names are said before the rest is counted. */
const NAMED = 5;

interface Known {
  phones: readonly Pick<Extension, "number" | "context">[];
  trunks: readonly Pick<Trunk, "name" | "context">[];
  contexts: readonly Pick<DialplanContext, "name" | "rules">[];
  dids: readonly Pick<Did, "number" | "to">[];
  queues: readonly Pick<LiveQueue["queue"], "display_name" | "overflow">[];
}

/** What begins or leads there, a line for each kind; none: nothing does. */
export function usesOf(name: string, { phones, trunks, contexts, dids, queues }: Known): string[] {
  const begin = phones.filter((one) => one.context === name).map(({ number }) => number);
  const arrive = trunks.filter((one) => one.context === name).map((one) => one.name);
  const lead = contexts
    .filter((one) => one.name !== name && one.rules.some(({ action }) => leadsTo(action, name)))
    .map((one) => one.name);
  const numbers = dids.filter(({ to }) => to.type === "context" && to.context === name);
  const overflow = queues
    .filter((one) => one.overflow.action === "dialplan" && one.overflow.context === name)
    .map((one) => one.display_name);
  return [
    begin.length > 0 && `Calls of ${counted(begin, "phone")} begin there.`,
    arrive.length > 0 && `Calls of ${counted(arrive, "trunk")} begin there.`,
    numbers.length > 0 &&
      `Calls of ${counted(
        numbers.map(({ number }) => number),
        "DID",
      )} go there.`,
    overflow.length > 0 && `Callers of ${counted(overflow, "queue")} overflow into it.`,
    lead.length > 0 && `Rules of ${counted(lead, "context")} lead there.`,
  ].filter((line) => line !== false);
}

function leadsTo(action: DialplanContext["rules"][number]["action"], name: string): boolean {
  return (action.type === "go_to" || action.type === "menu") && action.context === name;
}

function counted(names: readonly string[], noun: string): string {
  const more = names.length - NAMED;
  const said = names.slice(0, NAMED).join(", ");
  const nouns = names.length === 1 ? noun : `${noun}s`;
  return more > 0 ? `${nouns} ${said} and ${more.toLocaleString()} more` : `${nouns} ${said}`;
}
