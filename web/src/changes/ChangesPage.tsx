import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { memo, useState } from "react";
import type { CentreChange } from "../api/types";
import { Failure } from "../dialog/Failure";
import { StatusLabel } from "../live/StateLabel";
import { dateAndTime } from "../live/words";
import { Empty } from "../setup/Empty";
import setup from "../setup/Setup.module.css";
import { SetupPage } from "../setup/SetupPage";
import { Panel } from "../table/Panel";
import { type Column, Table } from "../table/Table";
import { ChangeDialog } from "./ChangeDialog";
import { changesQuery } from "./changeRequests";
import { endLabel, KIND_WORDS } from "./changeWords";

const COLUMNS: readonly Column[] = [
  { id: "made", label: "When", width: "190px" },
  { id: "by", label: "By", hint: "The user or the key" },
  { id: "kind", label: "What", width: "28%" },
  { id: "end", label: "State", width: "170px" },
  { id: "menu", label: <span className="hidden">What changed</span>, width: "134px" },
];

export function ChangesPage() {
  return (
    <SetupPage what="Changes" closed="Changes of the centre are for administrators">
      <Changes />
    </SetupPage>
  );
}

function Changes() {
  const changes = useQuery(changesQuery);
  const [open, setOpen] = useState<CentreChange | null>(null);
  const rows = changes.data?.items ?? [];
  return (
    <>
      <Failure error={changes.error} onRetry={() => void changes.refetch()} />
      <Panel title="Changes by centre files" count={changes.data && rows.length} tall>
        <Table
          label="Changes by centre files"
          minWidth={680}
          columns={COLUMNS}
          rows={rows}
          rowKey={(change) => change.id}
          renderRow={(change, index) => (
            <ChangeRow key={change.id} change={change} index={index} onOpen={setOpen} />
          )}
          empty={
            <Empty query={changes} what="changes">
              No centre file was applied yet. <code>cordboard export</code> writes what is set up into one,{" "}
              <code>cordboard apply</code> makes the centre what it says; the newest 20 are kept here.
            </Empty>
          }
        />
      </Panel>
      {open && <ChangeDialog change={open} onClose={() => setOpen(null)} />}
    </>
  );
}

interface RowProps {
  change: CentreChange;
  index: number;
  onOpen: (change: CentreChange) => void;
}

const ChangeRow = memo(function ChangeRow({ change, index, onOpen }: RowProps) {
  const when = dateAndTime(change.made_at);
  return (
    <tr aria-rowindex={index} data-change={change.id}>
      <th scope="row" className="number">
        {when}
      </th>
      <td title={change.made_by}>{change.made_by}</td>
      <td>{KIND_WORDS[change.kind]}</td>
      <td>
        <StatusLabel {...endLabel(change)} />
      </td>
      <td className={setup.menu}>
        <Button
          size="compact-xs"
          h={24}
          variant="default"
          aria-label={`What changed, of ${when}`}
          onClick={() => onOpen(change)}
        >
          What changed
        </Button>
      </td>
    </tr>
  );
});
