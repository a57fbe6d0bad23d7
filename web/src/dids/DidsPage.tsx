import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { memo, useMemo, useState } from "react";
import type { Did } from "../api/types";
import { Deletion } from "../dialog/Deletion";
import { Failure } from "../dialog/Failure";
import { Empty } from "../setup/Empty";
import { RowMenu } from "../setup/RowMenu";
import setup from "../setup/Setup.module.css";
import { SetupPage } from "../setup/SetupPage";
import { Panel } from "../table/Panel";
import { type Column, Table } from "../table/Table";
import { DidFormDialog } from "./DidFormDialog";
import { matches } from "./didForm";
import { didsQuery, useDeleteDid } from "./didRequests";
import { targetWords } from "./targetWords";
import { useTargetNames } from "./useTargetNames";

const COLUMNS: readonly Column[] = [
  { id: "number", label: "Number", width: "190px" },
  { id: "leads", label: "Leads to", width: "26%", hint: "Where a call to it goes" },
  {
    id: "wait",
    label: "Calls back wait",
    width: "120px",
    end: true,
    hint: "For how long who calls back waits for the agent who called them",
  },
  { id: "note", label: "Note" },
  { id: "menu", label: <span className="hidden">Actions</span>, width: "40px" },
];

type Task = { to: "add" } | { to: "edit" | "delete"; did: Did };

export function DidsPage() {
  return (
    <SetupPage what="DIDs">
      <Dids />
    </SetupPage>
  );
}

function Dids() {
  const dids = useQuery(didsQuery);
  const names = useTargetNames();
  const [text, setText] = useState("");
  const [task, setTask] = useState<Task | null>(null);
  const all = dids.data?.items;
  const rows = useMemo(
    () => all?.filter((did) => matches(did, targetWords(did.to, names), text)) ?? [],
    [all, text, names],
  );
  const onClose = () => setTask(null);
  return (
    <>
      <Failure error={dids.error} onRetry={() => void dids.refetch()} />
      {dids.data?.cut && (
        <p role="status" className={setup.warning}>
          Only the first {all?.length.toLocaleString()} DIDs are shown and searched.
        </p>
      )}
      <Panel
        title="DIDs"
        count={all && (rows.length === all.length ? all.length : `${rows.length} of ${all.length}`)}
        tall
        tools={
          <>
            <input
              className={setup.search}
              type="search"
              placeholder="Number, target, note"
              aria-label="DIDs by number, target or note"
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
            />
            <Button size="compact-sm" onClick={() => setTask({ to: "add" })}>
              Add DID
            </Button>
          </>
        }
      >
        <Table
          label="DIDs"
          minWidth={680}
          columns={COLUMNS}
          rows={rows}
          rowKey={(did) => did.id}
          renderRow={(did, index) => (
            <DidRow
              key={did.id}
              did={did}
              index={index}
              leads={targetWords(did.to, names)}
              onTask={setTask}
            />
          )}
          empty={
            <Empty query={dids} what="DIDs">
              {text.trim() === "" ? NONE : "No DID matches. Clear the search to see all."}
            </Empty>
          }
        />
      </Panel>
      {task?.to === "add" && <DidFormDialog onClose={onClose} />}
      {task?.to === "edit" && <DidFormDialog did={task.did} onClose={onClose} />}
      {task?.to === "delete" && <Delete did={task.did} onClose={onClose} />}
    </>
  );
}

const NONE =
  "No DIDs are set up here yet: calls go where Asterisk's dialplan or the default queue says. Add the numbers that callers dial.";

interface RowProps {
  did: Did;
  index: number;
  /** Where it leads, in words. */
  leads: string;
  onTask: (task: Task) => void;
}

const DidRow = memo(function DidRow({ did, index, leads, onTask }: RowProps) {
  return (
    <tr aria-rowindex={index} data-did={did.number}>
      <th scope="row" className="number">
        {did.number}
      </th>
      <td title={leads}>{leads}</td>
      <td data-end className="number">
        {did.to.type === "queue" && did.return_wait_seconds ? (
          `${did.return_wait_seconds} s`
        ) : (
          <span className="faint">Not</span>
        )}
      </td>
      <td title={did.note}>{did.note}</td>
      <td className={setup.menu}>
        <RowMenu
          what={`DID ${did.number}`}
          onEdit={() => onTask({ to: "edit", did })}
          onDelete={() => onTask({ to: "delete", did })}
        />
      </td>
    </tr>
  );
});

function Delete({ did, onClose }: { did: Did; onClose: () => void }) {
  return (
    <Deletion what={`DID ${did.number}`} remove={useDeleteDid(did)} onClose={onClose}>
      <p>
        Calls to it go where the dialplan or the default queue says from now on; calls that are up stay up.
        This cannot be undone.
      </p>
    </Deletion>
  );
}
