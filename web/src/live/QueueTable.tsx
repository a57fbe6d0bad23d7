import { memo, useMemo } from "react";
import type { LiveQueue } from "../api/types";
import { Panel } from "../table/Panel";
import { type Column, Table } from "../table/Table";
import { ABANDONED_FORMULA, finished, SERVICE_LEVEL_FORMULA } from "./figures";
import classes from "./QueueTable.module.css";
import { AgentStateLabel } from "./StateLabel";
import { AGENT_STATES } from "./state";
import { Timer } from "./Timer";
import { AGENT_STATE_WORDS, percent } from "./words";

const COLUMNS: readonly Column[] = [
  { id: "name", label: "Queue" },
  { id: "waiting", label: "Waiting", width: "5.1%", end: true, hint: "In line, nobody's phone rings" },
  { id: "longest", label: "Longest", width: "5.9%", end: true, hint: "The longest wait of those in line" },
  { id: "ringing", label: "Ringing", width: "5%", end: true, hint: "In line, and an agent's phone rings" },
  { id: "talking", label: "Talking", width: "5%", end: true },
  ...AGENT_STATES.map(
    (state): Column => ({
      id: `agents-${state}`,
      label: (
        <span className={classes.state}>
          <AgentStateLabel state={state} short />
          {AGENT_STATE_WORDS[state]}
        </span>
      ),
      width: state === "no_answer" ? "7.1%" : "6.3%",
      end: true,
      group: state === AGENT_STATES[0],
      hint: `Agents of the queue: ${AGENT_STATE_WORDS[state]}`,
    }),
  ),
  {
    id: "service",
    group: true,
    label: "Service level",
    width: "9.9%",
    end: true,
    hint: SERVICE_LEVEL_FORMULA,
  },
  {
    id: "answered",
    label: "Answered",
    width: "5.7%",
    end: true,
    hint: "Answered since the queue's midnight",
  },
  { id: "abandoned", label: "Abandoned", width: "6.3%", end: true, hint: ABANDONED_FORMULA },
];

interface Props {
  queues: ReadonlyMap<string, LiveQueue>;
  /** The queue that calls and agents are limited to. */
  chosen: string | null;
  onChoose: (queue: string | null) => void;
}

export function QueueTable({ queues, chosen, onChoose }: Props) {
  const rows = useMemo(() => [...queues.values()], [queues]);
  return (
    <Panel title="Queues" count={rows.length} style={{ height: heightFor(rows.length) }}>
      <Table
        label="Queues"
        minWidth={1180}
        columns={COLUMNS}
        rows={rows}
        rowKey={(row) => row.queue.id}
        renderRow={(row, index) => (
          <QueueRow
            key={row.queue.id}
            row={row}
            index={index}
            chosen={row.queue.id === chosen}
            onChoose={onChoose}
          />
        )}
        empty={
          <>
            No queues yet. An administrator makes the first with <code>POST /v1/queues</code>; the{" "}
            <a href="/docs">API's pages</a> show how.
          </>
        }
      />
    </Panel>
  );
}

/** Head, column heads and as many rows as there are; beyond seven the table scrolls. */
function heightFor(rows: number): number {
  return 36 + 27 + 30 * Math.min(Math.max(rows, 2), 7) + 2;
}

interface RowProps {
  row: LiveQueue;
  index: number;
  chosen: boolean;
  onChoose: (queue: string | null) => void;
}

const QueueRow = memo(function QueueRow({ row, index, chosen, onChoose }: RowProps) {
  const { queue, today } = row;
  return (
    <tr aria-rowindex={index} data-queue={queue.id} className={chosen ? classes.chosen : undefined}>
      <th scope="row" className={classes.name}>
        <button
          type="button"
          aria-pressed={chosen}
          title={chosen ? "Show all queues' calls and agents" : "Show only this queue's calls and agents"}
          onClick={() => onChoose(chosen ? null : queue.id)}
        >
          {queue.display_name}
          {!queue.active && <span className="faint"> (closed)</span>}
        </button>
      </th>
      <Cell value={row.waiting} name="waiting" strong />
      <td data-end>
        {row.longest_wait_since ? (
          <Timer at={row.longest_wait_since} lateAfterSeconds={queue.service_level_seconds} />
        ) : (
          <span className="faint">–</span>
        )}
      </td>
      <Cell value={row.ringing} name="ringing" />
      <Cell value={row.talking} name="talking" />
      {AGENT_STATES.map((state) => (
        <Cell key={state} value={row.agents[state]} name={state} />
      ))}
      <td data-end>
        <ServiceLevel row={row} />
      </td>
      <Cell value={today.answered} name="answered" />
      <Cell value={today.abandoned} name="abandoned" />
    </tr>
  );
});

function Cell({ value, name, strong = false }: { value: number; name: string; strong?: boolean }) {
  const classNames = strong && value > 0 ? `number ${classes.strong}` : "number";
  return (
    <td data-end data-cell={name}>
      <span className={classNames} data-zero={value === 0 || undefined}>
        {value}
      </span>
    </td>
  );
}

function ServiceLevel({ row: { queue, today } }: { row: LiveQueue }) {
  const done = finished(today);
  const inTime = today.answered_in_service_level;
  return (
    <span
      className={classes.service}
      title={`${inTime} of ${done} answered within ${queue.service_level_seconds} s`}
    >
      <span className="number">{percent(inTime, done)}</span>
      <span className={classes.limit}>in {queue.service_level_seconds} s</span>
    </span>
  );
}
