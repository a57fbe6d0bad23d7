import { memo, useMemo } from "react";
import type { LiveAgent, LiveQueue } from "../api/types";
import { Panel } from "../table/Panel";
import { type Column, Table } from "../table/Table";
import { CallStateLabel } from "./StateLabel";
import type { LiveCall } from "./state";
import { Timer } from "./Timer";
import { callerWords, stopwatch } from "./words";

const COLUMNS: readonly Column[] = [
  { id: "state", label: "State", width: "104px" },
  { id: "caller", label: "Caller" },
  { id: "queue", label: "Queue", width: "18%" },
  { id: "agent", label: "Agent", width: "19%", hint: "Who talks, or whose phone rings" },
  { id: "wait", label: "Wait", width: "64px", end: true, hint: "From entering the queue to the answer" },
  { id: "talk", label: "Talk", width: "60px", end: true, hint: "Since the answer" },
];

/** Those who wait come first, the earliest at the top; talks below. */
const ORDER: Record<LiveCall["state"], number> = {
  waiting: 0,
  ringing: 0,
  connecting: 0,
  talking: 1,
  ended: 2,
};

interface Props {
  calls: ReadonlyMap<string, LiveCall>;
  queues: ReadonlyMap<string, LiveQueue>;
  agents: ReadonlyMap<string, LiveAgent>;
  /** Only this queue's. */
  queue: string | null;
}

export function CallTable({ calls, queues, agents, queue }: Props) {
  const rows = useMemo(
    () =>
      [...calls.values()]
        .filter((call) => queue === null || call.queue === queue)
        .sort((a, b) => ORDER[a.state] - ORDER[b.state]),
    [calls, queue],
  );
  return (
    <Panel title="Calls" count={rows.length}>
      <Table
        label="Calls"
        minWidth={540}
        columns={COLUMNS}
        rows={rows}
        rowKey={(call) => call.id}
        renderRow={(call, index) => {
          const of = call.queue ? queues.get(call.queue)?.queue : undefined;
          return (
            <CallRow
              key={call.id}
              call={call}
              index={index}
              queue={of?.display_name}
              limit={of?.service_level_seconds}
              agent={agentWords(call, agents)}
            />
          );
        }}
        empty={
          queue === null
            ? "No calls now. They show here from their arrival to their end."
            : "No calls in this queue now."
        }
      />
    </Panel>
  );
}

function agentWords(call: LiveCall, agents: Props["agents"]): string {
  const ids = call.agent ? [call.agent] : call.ringing;
  const [first, ...others] = ids.map((id) => agents.get(id)?.agent.name ?? "another agent");
  if (first === undefined) return "";
  return others.length > 0 ? `${first} +${others.length}` : first;
}

interface RowProps {
  call: LiveCall;
  index: number;
  queue: string | undefined;
  /** The queue's limit of good service in seconds. */
  limit: number | undefined;
  agent: string;
}

const CallRow = memo(function CallRow({ call, index, queue, limit, agent }: RowProps) {
  const caller = callerWords(call.caller);
  const waits = !call.answered_at;
  return (
    <tr aria-rowindex={index} data-call={call.id} data-state={call.state}>
      <td>
        <CallStateLabel state={call.state} />
      </td>
      <td title={`${caller} called ${call.dialled}`} className="number">
        {caller}
      </td>
      <td title={queue}>{queue ?? <span className="faint">–</span>}</td>
      <td title={agent}>{agent || <span className="faint">–</span>}</td>
      <td data-end>
        {waits ? (
          <Timer at={call.queued_at ?? call.arrived_at} lateAfterSeconds={limit} />
        ) : (
          <span className="number faint">{call.wait_ms == null ? "–" : stopwatch(call.wait_ms)}</span>
        )}
      </td>
      <td data-end>
        {call.answered_at ? <Timer at={call.answered_at} /> : <span className="faint">–</span>}
      </td>
    </tr>
  );
});
