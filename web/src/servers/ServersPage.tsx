import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { memo, useState } from "react";
import type { LiveServer, Server } from "../api/types";
import { Failure } from "../dialog/Failure";
import { StatusLabel } from "../live/StateLabel";
import { Timer } from "../live/Timer";
import { useLive } from "../live/useLive";
import { serverTrouble } from "../live/words";
import { Empty } from "../setup/Empty";
import classes from "../setup/Setup.module.css";
import { SetupPage } from "../setup/SetupPage";
import { serversQuery } from "../setup/useServers";
import { Panel } from "../table/Panel";
import { type Column, Table } from "../table/Table";
import { ServerCheck } from "./ServerCheck";

const COLUMNS: readonly Column[] = [
  { id: "name", label: "Name", width: "140px" },
  { id: "state", label: "Connection", width: "140px" },
  { id: "since", label: "Since", width: "76px", end: true, hint: "Time in this state" },
  { id: "version", label: "Asterisk", width: "92px" },
  { id: "ari", label: "REST interface" },
  { id: "ami", label: "Manager interface", width: "17%", hint: "By which it is told of phones and trunks" },
  { id: "out", label: "Way out", width: "19%", hint: "Where calls go that are placed" },
  { id: "menu", label: <span className="hidden">Actions</span>, width: "126px" },
];

export function ServersPage() {
  return (
    <SetupPage what="Servers">
      <Servers />
    </SetupPage>
  );
}

function Servers() {
  const servers = useQuery(serversQuery);
  const connections = useLive(({ live }) => live?.servers);
  const [checked, setChecked] = useState<Server | null>(null);
  const rows = servers.data?.items ?? [];
  return (
    <>
      <Failure error={servers.error} onRetry={() => void servers.refetch()} />
      <Panel title="Servers" count={servers.data && rows.length} tall>
        <Table
          label="Servers"
          minWidth={900}
          columns={COLUMNS}
          rows={rows}
          rowKey={(server) => server.id}
          renderRow={(server, index) => (
            <ServerRow
              key={server.id}
              server={server}
              index={index}
              connection={connections?.get(server.id)}
              onCheck={setChecked}
            />
          )}
          empty={
            <Empty query={servers} what="servers">
              No Asterisk server yet, so no call can arrive. Add one in <code>cordboard.toml</code> or with{" "}
              <code>POST /v1/servers</code> (see the <a href="/docs">API's pages</a>).
            </Empty>
          }
        />
      </Panel>
      {checked && <ServerCheck server={checked} onClose={() => setChecked(null)} />}
    </>
  );
}

const TONES = {
  connected: "available",
  connecting: "waiting",
  lost: "no_answer",
  unauthorized: "no_answer",
  replaced: "no_answer",
} as const;

const STATE_WORDS: Record<LiveServer["state"], string> = {
  connected: "Connected",
  connecting: "Connecting",
  lost: "Lost",
  unauthorized: "Not let in",
  replaced: "Taken over",
};

interface RowProps {
  server: Server;
  index: number;
  /** `undefined`: it is not active, or not known yet. */
  connection: LiveServer | undefined;
  onCheck: (server: Server) => void;
}

const ServerRow = memo(function ServerRow({ server, index, connection, onCheck }: RowProps) {
  const ami = server.ami ? `${server.ami.address}${server.ami.tls ? " (TLS)" : ""}` : null;
  return (
    <tr aria-rowindex={index} data-server={server.name} className={server.active ? undefined : classes.off}>
      <th scope="row" title={server.name}>
        {server.name}
      </th>
      <td>
        {connection ? (
          <span title={serverTrouble(connection) ?? undefined}>
            <StatusLabel tone={TONES[connection.state]} words={STATE_WORDS[connection.state]} />
          </span>
        ) : (
          <span className="faint">{server.active ? "Not known" : "Not active"}</span>
        )}
      </td>
      <td data-end>{connection ? <Timer at={connection.since} /> : <span className="faint">–</span>}</td>
      <td className="number">{connection?.version ?? <span className="faint">–</span>}</td>
      <td title={server.ari_url}>
        {server.ari_url} <span className="faint">as {server.ari_user}</span>
      </td>
      <td title={ami ?? undefined}>{ami ?? <span className="faint">Not set</span>}</td>
      <td title={server.dial_out ?? undefined}>
        {server.dial_out ?? <span className="faint">Not set</span>}
      </td>
      <td className={classes.menu}>
        <Button
          size="compact-xs"
          h={24}
          variant="default"
          aria-label={`Test connection to ${server.name}`}
          onClick={() => onCheck(server)}
        >
          Test connection
        </Button>
      </td>
    </tr>
  );
});
