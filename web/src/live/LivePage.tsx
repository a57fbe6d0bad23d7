import { Button, Loader } from "@mantine/core";
import { useMemo, useState } from "react";
import { mayDirect, useUser } from "../api/session";
import type { LiveServer } from "../api/types";
import { AgentTable } from "./AgentTable";
import { CallTable } from "./CallTable";
import { FigureStrip } from "./FigureStrip";
import { figuresOf } from "./figures";
import classes from "./LivePage.module.css";
import { OwnState } from "./OwnState";
import { QueueTable } from "./QueueTable";
import type { LiveState } from "./state";
import { useFeed, useLive } from "./useLive";
import { serverTrouble } from "./words";

export function LivePage() {
  const live = useLive((state) => state.live);
  return live ? <Centre live={live} /> : <NothingYet />;
}

function Centre({ live }: { live: LiveState }) {
  const { queues, agents, calls, servers, watches } = live;
  const user = useUser();
  const [chosen, setChosen] = useState<string | null>(null);
  // A queue that was removed no longer hides the others.
  const queue = chosen && queues.has(chosen) ? chosen : null;
  const figures = useMemo(() => figuresOf({ queues, agents }), [queues, agents]);
  const directs = mayDirect(user);
  const tied = user.role !== "agent" || Boolean(user.agent);
  const inLine = figures.waiting + figures.ringing;
  return (
    <main className={classes.page}>
      <title>{inLine > 0 ? `(${inLine}) Live · Cordboard` : "Live · Cordboard"}</title>
      <h1 className="hidden">Live</h1>
      <Troubles servers={servers} administrates={user.role === "administrator"} />
      {!tied && (
        <p className={classes.hint} role="status">
          Your user is tied to no agent, so there is nothing to show. Ask an administrator to tie it to one.
        </p>
      )}
      <Own live={live} agent={user.agent} />
      <FigureStrip figures={figures} withAgents={directs} />
      <QueueTable queues={queues} chosen={queue} onChoose={setChosen} />
      <div className={classes.halves} data-directs={directs}>
        <CallTable calls={calls} queues={queues} agents={agents} watches={watches} queue={queue} />
        {directs && <AgentTable agents={agents} calls={calls} queues={queues} queue={queue} />}
      </div>
    </main>
  );
}

function Own({ live, agent }: { live: LiveState; agent: string | null | undefined }) {
  const own = agent ? live.agents.get(agent) : undefined;
  if (!own) return null;
  const call = own.status.call ? live.calls.get(own.status.call) : undefined;
  const queue = call?.queue ? live.queues.get(call.queue)?.queue.display_name : undefined;
  return <OwnState own={own} call={call} queue={queue} />;
}

interface TroublesProps {
  servers: ReadonlyMap<string, LiveServer>;
  administrates: boolean;
}

function Troubles({ servers, administrates }: TroublesProps) {
  const troubles = [...servers.values()].flatMap((server) => {
    const words = serverTrouble(server);
    return words ? [{ ...server, words }] : [];
  });
  if (troubles.length > 0) {
    return (
      <div role="alert" className={classes.trouble}>
        {troubles.map(({ id, name, words }) => (
          <p key={id}>
            <strong>Asterisk “{name}”:</strong> {words}
          </p>
        ))}
      </div>
    );
  }
  if (servers.size > 0 || !administrates) return null;
  return (
    <div className={classes.hint}>
      <p>
        No Asterisk server yet, so no call can arrive. Add one with <code>POST /v1/servers</code> (see the{" "}
        <a href="/docs">API's pages</a>), then check it with <code>cordboard doctor</code>.
      </p>
    </div>
  );
}

function NothingYet() {
  const failure = useLive((state) => state.failure);
  const feed = useFeed();
  return (
    <main className={classes.nothing}>
      <h1 className="hidden">Live</h1>
      {failure ? (
        <div role="alert">
          <p>{failure}</p>
          <Button onClick={() => feed.retryNow()}>Try again</Button>
        </div>
      ) : (
        <Loader aria-label="Loading" />
      )}
    </main>
  );
}
