import { Button, Loader } from "@mantine/core";
import { infiniteQueryOptions, useInfiniteQuery } from "@tanstack/react-query";
import { memo } from "react";
import { answer, api } from "../api/client";
import type { Call } from "../api/types";
import { Failure } from "../dialog/Failure";
import { CallStateLabel } from "../live/StateLabel";
import { useLive } from "../live/useLive";
import { callerWords, ENDED_BY_WORDS, OUTCOME_WORDS, OVERFLOW_WORDS, stopwatch } from "../live/words";
import { Page } from "../shell/Page";
import { Panel } from "../table/Panel";
import { type Column, Table } from "../table/Table";
import { CallStory } from "./CallStory";
import classes from "./CallsPage.module.css";

/** Calls fetched at once. */
const MORE = 100;
const REFRESH_MS = 10_000;

const COLUMNS: readonly Column[] = [
  { id: "arrived", label: "Arrived", width: "150px" },
  { id: "caller", label: "Caller" },
  { id: "dialled", label: "Dialled", width: "110px" },
  { id: "queue", label: "Queue", width: "13%" },
  { id: "agent", label: "Agent", width: "14%" },
  { id: "outcome", label: "Outcome", width: "190px" },
  { id: "ended", label: "Ended by", width: "90px" },
  { id: "cause", label: "Cause", width: "64px", end: true, hint: "Q.850 cause of the caller's channel" },
  {
    id: "wait",
    label: "Wait",
    width: "70px",
    end: true,
    hint: "From entering the queue to the answer or the end",
  },
  { id: "talk", label: "Talk", width: "70px", end: true, hint: "From the answer to the end" },
];

const callLog = infiniteQueryOptions({
  queryKey: ["calls"],
  queryFn: ({ pageParam }) =>
    answer(
      api.GET("/v1/calls", {
        params: { query: { limit: MORE, ...(pageParam ? { cursor: pageParam } : {}) } },
      }),
    ),
  initialPageParam: "",
  getNextPageParam: (page) => page.next ?? undefined,
  // Somebody who reads further down is not disturbed.
  refetchInterval: (query) => (query.state.data && query.state.data.pages.length > 1 ? false : REFRESH_MS),
});

interface Props {
  /** The call whose story is told. */
  open: string | undefined;
  onOpen: (call: string | undefined) => void;
}

/** The log of calls, the newest first. */
export function CallsPage({ open, onOpen }: Props) {
  const log = useInfiniteQuery(callLog);
  const queues = useLive((state) => state.live?.queues);
  const agents = useLive((state) => state.live?.agents);
  const rows = log.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page title="Calls">
      <Failure error={log.error} />
      <Panel
        title="Call log"
        count={log.data ? `the newest ${rows.length}` : ""}
        tall
        tools={
          <>
            {log.hasNextPage && (
              <Button
                size="compact-sm"
                variant="default"
                loading={log.isFetchingNextPage}
                onClick={() => void log.fetchNextPage()}
              >
                Load {MORE} more
              </Button>
            )}
            <Button
              size="compact-sm"
              variant="default"
              loading={log.isRefetching}
              onClick={() => void log.refetch()}
            >
              Refresh
            </Button>
          </>
        }
      >
        <Table
          label="Call log"
          minWidth={1080}
          columns={COLUMNS}
          rows={rows}
          rowKey={(call) => call.id}
          renderRow={(call, index) => (
            <LogRow
              key={call.id}
              call={call}
              index={index}
              queue={call.queue ? queues?.get(call.queue)?.queue.display_name : undefined}
              agent={call.agent ? agents?.get(call.agent)?.agent.name : undefined}
              onOpen={onOpen}
            />
          )}
          empty={log.isPending ? <Loader aria-label="Loading" /> : <Empty />}
        />
      </Panel>
      {open && <CallStory key={open} id={open} onClose={() => onOpen(undefined)} />}
    </Page>
  );
}

function Empty() {
  return (
    <>
      No calls yet. A call is logged as soon as Asterisk hands it over with{" "}
      <code>Stasis(cordboard,QUEUE)</code>.
    </>
  );
}

interface RowProps {
  call: Call;
  index: number;
  queue: string | undefined;
  agent: string | undefined;
  onOpen: Props["onOpen"];
}

const LogRow = memo(function LogRow({ call, index, queue, agent, onOpen }: RowProps) {
  const caller = callerWords(call.caller);
  return (
    <tr aria-rowindex={index} data-call={call.id}>
      <td className="number">
        <button
          type="button"
          className={classes.open}
          aria-label={`Story of the call of ${whenWords(call.arrived_at)}, ${caller}`}
          onClick={() => onOpen(call.id)}
        >
          {whenWords(call.arrived_at)}
        </button>
      </td>
      <td className="number" title={caller}>
        {caller}
      </td>
      <td className="number">{call.dialled}</td>
      <td title={queue}>{queue ?? <Nothing />}</td>
      <td title={agent}>{agent ?? <Nothing />}</td>
      <td>{call.outcome ? outcomeWords(call) : <CallStateLabel state={call.state} />}</td>
      <td>{call.ended_by ? ENDED_BY_WORDS[call.ended_by] : <Nothing />}</td>
      <td data-end className="number">
        {call.hangup_cause ?? <Nothing />}
      </td>
      <Duration milliseconds={call.wait_ms} />
      <Duration milliseconds={call.talk_ms} />
    </tr>
  );
});

function outcomeWords({ outcome, overflow_reason: reason }: Call): string {
  const words = outcome ? OUTCOME_WORDS[outcome] : "";
  return reason ? `${words}: ${OVERFLOW_WORDS[reason]}` : words;
}

function Duration({ milliseconds }: { milliseconds: number | null | undefined }) {
  return (
    <td data-end className="number">
      {milliseconds == null ? <Nothing /> : stopwatch(milliseconds)}
    </td>
  );
}

function Nothing() {
  return <span className="faint">–</span>;
}

const WHEN = new Intl.DateTimeFormat(undefined, {
  day: "2-digit",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

function whenWords(at: string): string {
  return WHEN.format(new Date(at));
}
