import { memo, useMemo } from "react";
import { mayDirect, useUser } from "../api/session";
import type { Control, LiveAgent, LiveQueue, Watch } from "../api/types";
import { Panel } from "../table/Panel";
import { type Column, Table } from "../table/Table";
import { CallMenu } from "./CallMenu";
import classes from "./CallTable.module.css";
import { recordingOf, type Watches, watchBy } from "./control";
import { CallStateLabel, HeldLabel, WatchLabel } from "./StateLabel";
import type { LiveCall } from "./state";
import { TakeCall } from "./TakeCall";
import { Timer } from "./Timer";
import { callerWords, stopwatch } from "./words";

const COLUMNS: readonly Column[] = [
  { id: "state", label: "State", width: "130px" },
  { id: "caller", label: "Caller" },
  { id: "queue", label: "Queue", width: "16%" },
  { id: "agent", label: "Agent", width: "17%", hint: "Who talks, or whose phone rings" },
  { id: "wait", label: "Wait", width: "64px", end: true, hint: "From entering the queue to the answer" },
  { id: "talk", label: "Talk", width: "66px", end: true, hint: "Since the answer" },
];
const MENU: Column = { id: "menu", label: <span className="hidden">Actions</span>, width: "40px" };
const DIRECTING: readonly Column[] = [...COLUMNS, MENU];

/** Those who wait come first, the earliest at the top; talks below. */
const ORDER: Record<LiveCall["state"], number> = {
  waiting: 0,
  ringing: 0,
  connecting: 0,
  parked: 0,
  talking: 1,
  ended: 2,
};

interface Props {
  calls: ReadonlyMap<string, LiveCall>;
  queues: ReadonlyMap<string, LiveQueue>;
  agents: ReadonlyMap<string, LiveAgent>;
  watches: Watches;
  /** Only this queue's. */
  queue: string | null;
}

export function CallTable({ calls, queues, agents, watches, queue }: Props) {
  const user = useUser();
  const directs = mayDirect(user);
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
        minWidth={directs ? 600 : 560}
        columns={directs ? DIRECTING : COLUMNS}
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
              directs={directs}
              own={user.agent}
              watch={directs ? watchBy(watches, call.id, user.agent) : undefined}
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
  directs: boolean;
  /** The agent of this log-in. */
  own: string | null | undefined;
  watch: Watch | undefined;
}

const CallRow = memo(function CallRow(props: RowProps) {
  const { call, index, queue, limit, agent, directs, own, watch } = props;
  const caller = callerWords(call.caller);
  const waits = !call.answered_at;
  // Agents are told only of their own calls what is done to them.
  const control = directs || call.agent === own ? call.control : undefined;
  const third = control?.consult ? `with ${control.consult.to}` : null;
  return (
    <tr
      aria-rowindex={index}
      data-call={call.id}
      data-state={call.state}
      className={watch && classes.watched}
    >
      <td>
        <State call={call} control={control} watch={watch} />
      </td>
      <td title={`${caller} called ${call.dialled}`} className="number">
        {caller}
      </td>
      <td title={queue}>
        {queue ?? <span className="faint">–</span>} {own && <TakeCall call={call} own={own} />}
      </td>
      <td title={third ? `${agent} ${third}` : agent}>
        {third ? (
          <span className={classes.both}>
            <span>{agent}</span>
            <span className="faint">{third}</span>
          </span>
        ) : (
          agent || <span className="faint">–</span>
        )}
      </td>
      <td data-end>
        {waits ? (
          <Timer at={call.queued_at ?? call.arrived_at} lateAfterSeconds={limit} />
        ) : (
          <span className="number faint">{call.wait_ms == null ? "–" : stopwatch(call.wait_ms)}</span>
        )}
      </td>
      <td data-end>
        <Recorded control={control} />
        {call.answered_at ? <Timer at={call.answered_at} /> : <span className="faint">–</span>}
      </td>
      {directs && (
        <td className={classes.menu}>
          {call.state === "talking" && <CallMenu call={call} agent={agent} own={own} watch={watch} />}
        </td>
      )}
    </tr>
  );
});

interface StateProps {
  call: LiveCall;
  control: Control | undefined;
  watch: Watch | undefined;
}

function State({ call, control, watch }: StateProps) {
  if (control?.held_since) {
    return (
      <span className={classes.held}>
        <HeldLabel />
        <Timer at={control.held_since} />
      </span>
    );
  }
  if (call.state === "parked") {
    return (
      <>
        <CallStateLabel state="parked" /> <span className="number">{call.control?.parked?.slot}</span>
      </>
    );
  }
  return watch ? <WatchLabel watch={watch} /> : <CallStateLabel state={call.state} />;
}

const RECORDING_WORDS = { recording: "Recorded", paused: "Recording paused" } as const;

function Recorded({ control }: { control: Control | undefined }) {
  const state = recordingOf(control)?.state;
  if (!state || state === "ended") return null;
  const words = RECORDING_WORDS[state];
  return (
    <span className={classes.recorded} data-recording={state} title={words}>
      <span className="hidden">{words}</span>
    </span>
  );
}
