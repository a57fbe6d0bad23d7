import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { memo, useState } from "react";
import type { Trunk } from "../api/types";
import { Deletion } from "../dialog/Deletion";
import { Failure } from "../dialog/Failure";
import { Empty } from "../setup/Empty";
import { ContactCell, ProvisioningLabel } from "../setup/ProvisioningLabel";
import { contactsOf, registrationOf, roundTripWords } from "../setup/provisioned";
import { RowMenu } from "../setup/RowMenu";
import classes from "../setup/Setup.module.css";
import { SetupPage } from "../setup/SetupPage";
import { useProvisioned } from "../setup/useProvisioned";
import { TRANSPORT_WORDS } from "../setup/words";
import { Panel } from "../table/Panel";
import { type Column, Table } from "../table/Table";
import { TrunkCheck } from "./TrunkCheck";
import { TrunkFormDialog } from "./TrunkFormDialog";
import styles from "./Trunks.module.css";
import { trunksQuery, useCallsUp, useDeleteTrunk } from "./trunkRequests";
import { WayFinder } from "./WayFinder";

const COLUMNS: readonly Column[] = [
  { id: "name", label: "Name", width: "150px" },
  { id: "host", label: "Where it is" },
  { id: "user", label: "We log in as", width: "11%" },
  { id: "state", label: "State", width: "150px", hint: "Whether each Asterisk has it as it was set up" },
  {
    id: "registration",
    label: "Registration",
    width: "104px",
    hint: "What became of it, in Asterisk's word",
  },
  { id: "contact", label: "Answers at", width: "13%" },
  { id: "trip", label: "Round trip", width: "86px", end: true, hint: "How long its last answer took" },
  { id: "priority", label: "Priority", width: "76px", end: true, hint: "Smaller ones are tried first" },
  { id: "up", label: "Calls up", width: "82px", end: true, hint: "Of how many at most" },
  { id: "menu", label: <span className="hidden">Actions</span>, width: "104px" },
];

type Task = { to: "add" } | { to: "edit" | "check" | "delete"; trunk: Trunk };

export function TrunksPage() {
  return (
    <SetupPage what="Trunks">
      <Trunks />
    </SetupPage>
  );
}

function Trunks() {
  const trunks = useQuery(trunksQuery);
  const [task, setTask] = useState<Task | null>(null);
  const rows = trunks.data?.items ?? [];
  const up = useCallsUp(rows.some(({ outbound }) => outbound?.max_channels != null));
  const onClose = () => setTask(null);
  return (
    <>
      <Failure error={trunks.error} onRetry={() => void trunks.refetch()} />
      <Panel
        title="Trunks"
        count={trunks.data && rows.length}
        tall
        tools={
          <Button size="compact-sm" onClick={() => setTask({ to: "add" })}>
            Add trunk
          </Button>
        }
      >
        <Table
          label="Trunks"
          minWidth={1160}
          columns={COLUMNS}
          rows={rows}
          rowKey={(trunk) => trunk.id}
          renderRow={(trunk, index) => (
            <TrunkRow key={trunk.id} trunk={trunk} index={index} up={up?.get(trunk.id)} onTask={setTask} />
          )}
          empty={
            <Empty query={trunks} what="trunks">
              {NONE}
            </Empty>
          }
        />
      </Panel>
      <WayFinder />
      {task?.to === "add" && <TrunkFormDialog onClose={onClose} />}
      {task?.to === "edit" && <TrunkFormDialog trunk={task.trunk} onClose={onClose} />}
      {task?.to === "check" && <TrunkCheck trunk={task.trunk} onClose={onClose} />}
      {task?.to === "delete" && <Delete trunk={task.trunk} onClose={onClose} />}
    </>
  );
}

const NONE =
  "No trunks are set up here yet. One that you add can be called at once; those in Asterisk's own files work without this.";

interface RowProps {
  trunk: Trunk;
  index: number;
  /** Calls that are up on it; nothing where nobody knows. */
  up: number | undefined;
  onTask: (task: Task) => void;
}

const TrunkRow = memo(function TrunkRow({ trunk, index, up, onTask }: RowProps) {
  const seen = useProvisioned("trunks", trunk.id, trunk.active);
  const known = trunk.active ? (seen.data ?? []) : [];
  const [first] = contactsOf(known);
  const address = `${trunk.host}:${trunk.port}`;
  return (
    <tr aria-rowindex={index} data-trunk={trunk.name} className={trunk.active ? undefined : classes.off}>
      <th scope="row" title={trunk.name}>
        {trunk.name}
      </th>
      <td title={address} className="number">
        {address} <span className="faint">{TRANSPORT_WORDS[trunk.transport]}</span>
      </td>
      <td title={trunk.username ?? undefined}>
        {trunk.username ?? <span className="faint">By address</span>}
      </td>
      <td>
        <ProvisioningLabel seen={seen} off={!trunk.active} />
      </td>
      <td>{trunk.registers && trunk.active ? registrationOf(known) : <span className="faint">–</span>}</td>
      <td className="number">
        <ContactCell seen={known} />
      </td>
      <td data-end className="number">
        {first ? roundTripWords(first) : <span className="faint">–</span>}
      </td>
      <td data-end className="number">
        {trunk.outbound ? trunk.outbound.priority : <span className="faint">Only in</span>}
      </td>
      <td data-end className="number">
        <CallsUp up={up} most={trunk.outbound?.max_channels ?? null} />
      </td>
      <td className={classes.menu}>
        <div className={styles.actions}>
          <Button
            size="compact-xs"
            h={24}
            variant="default"
            aria-label={`Check trunk ${trunk.name}`}
            onClick={() => onTask({ to: "check", trunk })}
          >
            Check
          </Button>
          <RowMenu
            what={`trunk ${trunk.name}`}
            onEdit={() => onTask({ to: "edit", trunk })}
            onDelete={() => onTask({ to: "delete", trunk })}
          />
        </div>
      </td>
    </tr>
  );
});

function CallsUp({ up, most }: { up: number | undefined; most: number | null }) {
  if (most === null) return <span className="faint">–</span>;
  return (
    <span title={up === undefined ? "How many are up is not known" : undefined}>
      {up ?? "–"} / {most}
    </span>
  );
}

function Delete({ trunk, onClose }: { trunk: Trunk; onClose: () => void }) {
  return (
    <Deletion what={`trunk ${trunk.name}`} remove={useDeleteTrunk(trunk)} onClose={onClose}>
      <p>
        No call comes from it from now on, nor goes there; calls that are up stay up. Its password is gone.
        This cannot be undone.
      </p>
    </Deletion>
  );
}
