import { memo, useMemo, useState } from "react";
import type { AgentState, LiveAgent, LiveQueue } from "../api/types";
import { Panel } from "../table/Panel";
import { type Column, type Sorting, Table } from "../table/Table";
import classes from "./AgentTable.module.css";
import { type AgentFilter, countStates, listAgents, stateOptions } from "./agents";
import { PhoneCell, usePhoneIds } from "./PhoneCell";
import { AgentStateLabel } from "./StateLabel";
import { StateMenu } from "./StateMenu";
import type { LiveCall } from "./state";
import { Timer } from "./Timer";
import { AGENT_STATE_WORDS, callerWords } from "./words";

const COLUMNS: readonly Column[] = [
  { id: "name", label: "Agent", sortable: true },
  {
    id: "extension",
    label: "Phone",
    width: "70px",
    sortable: true,
    hint: "With a dot: registered. With a cross: not",
  },
  { id: "state", label: "State", width: "106px", sortable: true },
  { id: "since", label: "Since", width: "66px", end: true, sortable: true, hint: "Time in this state" },
  { id: "reason", label: "Reason", width: "17%", hint: "Why, what follows, or when it ends by itself" },
  { id: "call", label: "Call", width: "24%" },
  { id: "menu", label: <span className="hidden">Set state</span>, width: "40px" },
];

interface Props {
  agents: ReadonlyMap<string, LiveAgent>;
  calls: ReadonlyMap<string, LiveCall>;
  queues: ReadonlyMap<string, LiveQueue>;
  /** Only this queue's. */
  queue: string | null;
}

/** All agents, for those who direct them. */
export function AgentTable({ agents, calls, queues, queue }: Props) {
  const [sorting, setSorting] = useState<Sorting>({ column: "name", descending: false });
  const [filter, setFilter] = useState<Omit<AgentFilter, "queue">>({ state: null, text: "" });
  const rows = useMemo(
    () => listAgents(agents.values(), { ...filter, queue }, sorting),
    [agents, filter, queue, sorting],
  );
  const phones = usePhoneIds();
  const filtered = rows.length !== agents.size;
  return (
    <Panel
      title="Agents"
      count={filtered ? `${rows.length} of ${agents.size}` : rows.length}
      tools={<Filters agents={agents} filter={filter} onFilter={setFilter} />}
    >
      <Table
        label="Agents"
        minWidth={660}
        columns={COLUMNS}
        rows={rows}
        rowKey={(row) => row.agent.id}
        sorting={sorting}
        onSort={setSorting}
        renderRow={(row, index) => (
          <AgentRow
            key={row.agent.id}
            row={row}
            index={index}
            call={callWords(row, calls, queues)}
            phone={phones?.get(row.agent.extension)}
          />
        )}
        empty={<Empty filtered={filtered} />}
      />
    </Panel>
  );
}

function callWords({ status }: LiveAgent, calls: Props["calls"], queues: Props["queues"]): string {
  const call = status.call ? calls.get(status.call) : undefined;
  if (!call) return "";
  const queue = call.queue ? queues.get(call.queue)?.queue.display_name : undefined;
  const number = callerWords(call.caller);
  return queue ? `${number} · ${queue}` : number;
}

function Empty({ filtered }: { filtered: boolean }) {
  if (filtered) return "No agent matches. Clear the filter to see all.";
  return (
    <>
      No agents yet. An administrator makes the first with <code>POST /v1/agents</code> (the{" "}
      <a href="/docs">API's pages</a> show how); <code>cordboard demo</code> shows a centre with some.
    </>
  );
}

interface FiltersProps {
  agents: Props["agents"];
  filter: Omit<AgentFilter, "queue">;
  onFilter: (filter: Omit<AgentFilter, "queue">) => void;
}

function Filters({ agents, filter, onFilter }: FiltersProps) {
  const options = useMemo(() => stateOptions(countStates(agents.values())), [agents]);
  return (
    <>
      <input
        className={classes.input}
        type="search"
        placeholder="Name or extension"
        aria-label="Agents by name or extension"
        value={filter.text}
        onChange={(event) => onFilter({ ...filter, text: event.currentTarget.value })}
      />
      <select
        className={classes.input}
        aria-label="Agents by state"
        value={filter.state ?? ""}
        onChange={(event) =>
          onFilter({ ...filter, state: (event.currentTarget.value || null) as AgentState | null })
        }
      >
        {options.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </>
  );
}

interface RowProps {
  row: LiveAgent;
  index: number;
  call: string;
  /** The id of the agent's phone, if it is set up here. */
  phone: string | undefined;
}

const AgentRow = memo(function AgentRow({ row, index, call, phone }: RowProps) {
  const { agent, status } = row;
  return (
    <tr aria-rowindex={index} data-agent={agent.id} data-state={status.state}>
      <th scope="row" className={classes.name} title={agent.name}>
        {agent.name}
      </th>
      <td className="number">
        <PhoneCell extension={agent.extension} id={phone} />
      </td>
      <td>
        <AgentStateLabel state={status.state} />
      </td>
      <td data-end>
        <Timer at={status.since} />
      </td>
      <td>
        <Reason status={status} />
      </td>
      <td className="number" title={call}>
        {call || <span className="faint">–</span>}
      </td>
      <td className={classes.menu}>
        <StateMenu agent={agent} status={status} />
      </td>
    </tr>
  );
});

function Reason({ status }: { status: LiveAgent["status"] }) {
  const next = status.next ? `then ${AGENT_STATE_WORDS[status.next]}` : null;
  const words = [status.reason, next].filter(Boolean).join(", ");
  return (
    <span title={words}>
      {words}
      {words && status.until && " · "}
      {status.until && (
        <span className="faint">
          <Timer at={status.until} down /> left
        </span>
      )}
    </span>
  );
}
