import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { memo, useMemo, useState } from "react";
import type { Extension } from "../api/types";
import { Failure } from "../dialog/Failure";
import { Empty } from "../setup/Empty";
import { ContactCell, ProvisioningLabel } from "../setup/ProvisioningLabel";
import { contactsOf, roundTripWords } from "../setup/provisioned";
import classes from "../setup/Setup.module.css";
import { SetupPage } from "../setup/SetupPage";
import { useProvisioned } from "../setup/useProvisioned";
import { TRANSPORT_WORDS } from "../setup/words";
import { Panel } from "../table/Panel";
import { type Column, Table } from "../table/Table";
import { PhoneMenu } from "./PhoneMenu";
import { PhoneTask, type Task } from "./PhoneTask";
import { matches } from "./phoneForm";
import { phonesQuery } from "./phoneRequests";

const COLUMNS: readonly Column[] = [
  { id: "number", label: "Number", width: "104px" },
  { id: "name", label: "Name" },
  { id: "state", label: "State", width: "180px", hint: "Whether each Asterisk has it as it was set up" },
  { id: "contact", label: "Registered at", width: "22%", hint: "Where it is reached" },
  { id: "trip", label: "Round trip", width: "86px", end: true, hint: "How long its last answer took" },
  { id: "transport", label: "Speaks", width: "136px", hint: "How it speaks to Asterisk" },
  { id: "menu", label: <span className="hidden">Actions</span>, width: "40px" },
];

export function PhonesPage() {
  return (
    <SetupPage what="Phones">
      <Phones />
    </SetupPage>
  );
}

function Phones() {
  const phones = useQuery(phonesQuery);
  const [text, setText] = useState("");
  const [task, setTask] = useState<Task | null>(null);
  const all = phones.data?.items;
  const rows = useMemo(() => all?.filter((phone) => matches(phone, text)) ?? [], [all, text]);
  return (
    <>
      <Failure error={phones.error} onRetry={() => void phones.refetch()} />
      {phones.data?.cut && (
        <p role="status" className={classes.warning}>
          Only the first {all?.length.toLocaleString()} phones are shown and searched.
        </p>
      )}
      <Panel
        title="Phones"
        count={all && (rows.length === all.length ? all.length : `${rows.length} of ${all.length}`)}
        tall
        tools={
          <>
            <input
              className={classes.search}
              type="search"
              placeholder="Number or name"
              aria-label="Phones by number or name"
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
            />
            <Button size="compact-sm" variant="default" onClick={() => setTask({ to: "add range" })}>
              Add range
            </Button>
            <Button size="compact-sm" onClick={() => setTask({ to: "add" })}>
              Add phone
            </Button>
          </>
        }
      >
        <Table
          label="Phones"
          minWidth={820}
          columns={COLUMNS}
          rows={rows}
          rowKey={(phone) => phone.id}
          renderRow={(phone, index) => (
            <PhoneRow key={phone.id} phone={phone} index={index} onTask={setTask} />
          )}
          empty={
            <Empty query={phones} what="phones">
              {text.trim() === "" ? NONE : "No phone matches. Clear the search to see all."}
            </Empty>
          }
        />
      </Panel>
      {task && <PhoneTask task={task} onTask={setTask} />}
    </>
  );
}

const NONE =
  "No phones are set up here yet. One that you add can register at once; those in Asterisk's own files work without this.";

interface RowProps {
  phone: Extension;
  index: number;
  onTask: (task: Task) => void;
}

const PhoneRow = memo(function PhoneRow({ phone, index, onTask }: RowProps) {
  const seen = useProvisioned("extensions", phone.id, phone.active);
  const [first] = contactsOf(seen.data ?? []);
  return (
    <tr aria-rowindex={index} data-phone={phone.number} className={phone.active ? undefined : classes.off}>
      <th scope="row" className="number">
        {phone.number}
      </th>
      <td title={phone.name}>{phone.name}</td>
      <td>
        <ProvisioningLabel seen={seen} off={!phone.active} />
      </td>
      <td className="number">
        <ContactCell seen={phone.active ? seen.data : undefined} />
      </td>
      <td data-end className="number">
        {phone.active && first ? roundTripWords(first) : <span className="faint">–</span>}
      </td>
      <td>{TRANSPORT_WORDS[phone.transport]}</td>
      <td className={classes.menu}>
        <PhoneMenu phone={phone} onTask={onTask} />
      </td>
    </tr>
  );
});
