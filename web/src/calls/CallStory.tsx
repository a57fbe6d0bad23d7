// One call, from its arrival to its end: who, how long, what happened, what was recorded.

import { Drawer, Loader } from "@mantine/core";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { answer, api } from "../api/client";
import { everyPage, PAGE } from "../api/pages";
import type { Call, Event } from "../api/types";
import { Failure } from "../dialog/Failure";
import { serverNow } from "../live/clock";
import {
  CALL_STATE_WORDS,
  callerWords,
  dateAndTime,
  OUTCOME_WORDS,
  stopwatch,
  timeOfDay,
} from "../live/words";
import { Facts } from "../table/Facts";
import classes from "./CallStory.module.css";
import { Recordings } from "./Recordings";
import { type Line, storyOf } from "./story";
import { useNames } from "./useNames";

/** How often a call that goes on is looked at again. */
const REFRESH_MS = 2_000;
/** By then the log has all of a call that ended. */
const LOG_MS = 60_000;

interface Props {
  id: string;
  onClose: () => void;
}

interface Story {
  call: Call;
  events: Event[];
  /** It has more events than are shown. */
  cut: boolean;
}

const storyQuery = (id: string) =>
  queryOptions({
    queryKey: ["call", id],
    queryFn: async ({ signal }): Promise<Story> => {
      const path = { id };
      const call = await answer(api.GET("/v1/calls/{id}", { params: { path }, signal }));
      const { items, cut } = await everyPage((cursor) => {
        const query = { limit: PAGE, ...(cursor ? { cursor: Number(cursor) } : {}) };
        return answer(api.GET("/v1/calls/{id}/events", { params: { path, query }, signal }));
      });
      return { call, events: items, cut };
    },
    refetchInterval: ({ state: { data } }) => (data && !isWhole(data) ? REFRESH_MS : false),
  });

/** Nothing will come any more. The log is written a moment after the end, and may have been shortened since. */
function isWhole({ call, events }: Story): boolean {
  if (call.state !== "ended") return false;
  const since = call.ended_at ? serverNow() - Date.parse(call.ended_at) : 0;
  return events.some(({ type }) => type === "call_ended") || since > LOG_MS;
}

export function CallStory({ id, onClose }: Props) {
  const story = useQuery(storyQuery(id));
  const caller = story.data ? callerWords(story.data.call.caller) : "Call";
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={520}
      title={<span className={classes.title}>{caller}</span>}
      transitionProps={{ duration: 0 }}
      // It is no landmark of the page.
      attributes={{ header: { role: "presentation" } }}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {story.error && <Failure error={story.error} />}
      {story.isPending && <Loader aria-label="Loading" />}
      {story.data && <Told {...story.data} />}
    </Drawer>
  );
}

function Told({ call, events, cut }: Story) {
  const names = useNames();
  const lines = useMemo(() => storyOf(call, events, names), [call, events, names]);
  return (
    <div className={classes.story}>
      <CallFacts
        call={call}
        queue={call.queue ? names.queue(call.queue) : null}
        agent={call.agent ? names.agent(call.agent) : null}
      />
      <section aria-label="What happened">
        <ol className={classes.lines}>
          {lines.map((line) => (
            <StoryLine key={line.seq} line={line} />
          ))}
        </ol>
        {cut && <p className="faint">There is more than is shown here.</p>}
        {lines.length === 0 && <p className="faint">Nothing is told of this call.</p>}
      </section>
      <Recordings call={call} />
    </div>
  );
}

function StoryLine({ line }: { line: Line }) {
  return (
    <li data-tone={line.tone}>
      <time className="number" dateTime={line.at} title={timeOfDay(line.at)}>
        {stopwatch(line.after)}
      </time>
      <div>
        <div className={classes.words}>{line.words}</div>
        {line.detail && <div className={classes.detail}>{line.detail}</div>}
      </div>
    </li>
  );
}

function CallFacts({ call, queue, agent }: { call: Call; queue: string | null; agent: string | null }) {
  const facts: [string, string | null | undefined][] = [
    [call.direction === "inbound" ? "Called" : "Dialled", call.dialled],
    ["Began", dateAndTime(call.arrived_at)],
    ["Queue", queue],
    ["Agent", agent],
    ["Trunk", call.placed?.trunk],
    call.outcome ? ["Outcome", OUTCOME_WORDS[call.outcome]] : ["Now", CALL_STATE_WORDS[call.state]],
    ["Wait", durationWords(call.wait_ms)],
    ["Talk", durationWords(call.talk_ms)],
    ["On hold", call.control?.hold_ms ? durationWords(call.control.hold_ms) : null],
  ];
  return <Facts facts={facts} />;
}

function durationWords(milliseconds: number | null | undefined): string | null {
  return milliseconds == null ? null : stopwatch(milliseconds);
}
