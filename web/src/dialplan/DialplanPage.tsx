import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { memo, useState } from "react";
import type { DialplanContext } from "../api/types";
import { Failure } from "../dialog/Failure";
import { Empty } from "../setup/Empty";
import { RowMenu } from "../setup/RowMenu";
import setup from "../setup/Setup.module.css";
import { SetupPage } from "../setup/SetupPage";
import { Panel } from "../table/Panel";
import { type Column, Table } from "../table/Table";
import { ContextFormDialog } from "./ContextFormDialog";
import { DeleteContext } from "./DeleteContext";
import classes from "./Dialplan.module.css";
import { contextsQuery } from "./dialplanRequests";
import { RuleList } from "./RuleList";
import { Simulator } from "./Simulator";

const COLUMNS: readonly Column[] = [
  { id: "name", label: "Name" },
  { id: "rules", label: "Rules", width: "64px", end: true },
  { id: "menu", label: <span className="hidden">Actions</span>, width: "40px" },
];

type Task = { to: "add" } | { to: "edit" | "delete"; context: DialplanContext };

export function DialplanPage() {
  return (
    <SetupPage what="Dialplan" closed="The dialplan is set up by administrators">
      <Dialplan />
    </SetupPage>
  );
}

function Dialplan() {
  const contexts = useQuery(contextsQuery);
  const [task, setTask] = useState<Task | null>(null);
  const [name, setName] = useState<string | null>(null);
  const rows = contexts.data?.items ?? [];
  const chosen = rows.find((context) => context.name === name) ?? rows[0];
  const onClose = () => setTask(null);
  return (
    <>
      <Failure error={contexts.error} onRetry={() => void contexts.refetch()} />
      <div className={classes.both}>
        <Panel
          title="Contexts"
          count={contexts.data && rows.length}
          tools={
            <Button size="compact-sm" onClick={() => setTask({ to: "add" })}>
              Add context
            </Button>
          }
        >
          <Table
            label="Contexts"
            minWidth={260}
            columns={COLUMNS}
            rows={rows}
            rowKey={(context) => context.id}
            renderRow={(context, index) => (
              <ContextRow
                key={context.id}
                context={context}
                index={index}
                chosen={context === chosen}
                onChoose={setName}
                onTask={setTask}
              />
            )}
            empty={
              <Empty query={contexts} what="contexts">
                {NONE}
              </Empty>
            }
          />
        </Panel>
        {chosen && <RuleList context={chosen} onEdit={() => setTask({ to: "edit", context: chosen })} />}
      </div>
      <Simulator contexts={rows} />
      {task?.to === "add" && <ContextFormDialog contexts={rows} onSaved={setName} onClose={onClose} />}
      {task?.to === "edit" && (
        <ContextFormDialog context={task.context} contexts={rows} onSaved={setName} onClose={onClose} />
      )}
      {task?.to === "delete" && <DeleteContext context={task.context} contexts={rows} onClose={onClose} />}
    </>
  );
}

const NONE =
  "No contexts are set up here yet: calls go by Asterisk's own files. One that you add holds at the next call.";

interface RowProps {
  context: DialplanContext;
  index: number;
  chosen: boolean;
  onChoose: (name: string) => void;
  onTask: (task: Task) => void;
}

const ContextRow = memo(function ContextRow({ context, index, chosen, onChoose, onTask }: RowProps) {
  return (
    <tr
      aria-rowindex={index}
      data-context={context.name}
      className={chosen ? classes.chosen : undefined}
      title={context.note || undefined}
    >
      <th scope="row">
        <button
          type="button"
          className={classes.choose}
          aria-pressed={chosen}
          onClick={() => onChoose(context.name)}
        >
          {context.name}
        </button>
      </th>
      <td data-end className="number">
        {context.rules.length}
      </td>
      <td className={setup.menu}>
        <RowMenu
          what={`context ${context.name}`}
          onEdit={() => onTask({ to: "edit", context })}
          onDelete={() => onTask({ to: "delete", context })}
        />
      </td>
    </tr>
  );
});
