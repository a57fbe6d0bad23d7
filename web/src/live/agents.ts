// Which agents are listed, and in which order.

import type { AgentState, LiveAgent } from "../api/types";
import type { Sorting } from "../table/Table";
import { AGENT_STATES } from "./state";
import { AGENT_STATE_WORDS } from "./words";

export interface AgentFilter {
  state: AgentState | null;
  queue: string | null;
  /** Part of a name or extension. */
  text: string;
}

export function listAgents(
  agents: Iterable<LiveAgent>,
  { state, queue, text }: AgentFilter,
  sorting: Sorting,
): LiveAgent[] {
  const wanted = text.trim().toLocaleLowerCase();
  return [...agents]
    .filter(
      (row) =>
        (state === null || row.status.state === state) &&
        (queue === null || row.queues.includes(queue)) &&
        (wanted === "" || `${row.agent.name} ${row.agent.extension}`.toLocaleLowerCase().includes(wanted)),
    )
    .sort(comparison(sorting));
}

export function countStates(agents: Iterable<LiveAgent>): Record<AgentState, number> {
  const counts = Object.fromEntries(AGENT_STATES.map((state) => [state, 0])) as Record<AgentState, number>;
  for (const { status } of agents) counts[status.state] += 1;
  return counts;
}

export function stateOptions(counts: Record<AgentState, number>) {
  const all = AGENT_STATES.reduce((sum, state) => sum + counts[state], 0);
  return [
    { value: "", label: `All states (${all})` },
    ...AGENT_STATES.map((state) => ({
      value: state,
      label: `${AGENT_STATE_WORDS[state]} (${counts[state]})`,
    })),
  ];
}

type Comparison = (a: LiveAgent, b: LiveAgent) => number;

const names = new Intl.Collator(undefined, { numeric: true });
const byName: Comparison = (a, b) => names.compare(a.agent.name, b.agent.name);

const COMPARISONS: Record<string, Comparison> = {
  name: byName,
  extension: (a, b) => names.compare(a.agent.extension, b.agent.extension),
  state: (a, b) => AGENT_STATES.indexOf(a.status.state) - AGENT_STATES.indexOf(b.status.state),
  since: (a, b) => a.status.since.localeCompare(b.status.since),
};

function comparison({ column, descending }: Sorting): Comparison {
  const compare = COMPARISONS[column] ?? byName;
  const sign = descending ? -1 : 1;
  return (a, b) => sign * compare(a, b) || byName(a, b);
}
