import { TextInput } from "@mantine/core";
import type { Did } from "../api/types";
import { FormDialog } from "../dialog/FormDialog";
import { useForm } from "../dialog/useForm";
import { QueueSelect } from "../setup/QueueSelect";
import setup from "../setup/Setup.module.css";
import { fieldsOf, formOf, NEW_DID } from "./didForm";
import { useSaveDid } from "./didRequests";

const SHOWN = ["number", "queue", "return_wait_seconds", "note"];

interface Props {
  /** The one to change; a new one without it. */
  did?: Did;
  onClose: () => void;
}

export function DidFormDialog({ did, onClose }: Props) {
  const save = useSaveDid(did?.id ?? null);
  const typed = useForm(did ? formOf(did) : NEW_DID, SHOWN, save.error);
  return (
    <FormDialog
      title={did ? `DID ${did.number}` : "Add a DID"}
      action={did ? "Save" : "Add"}
      pending={save.isPending}
      problem={typed.problem}
      refusal={typed.refusal}
      onSubmit={() =>
        typed.send(fieldsOf(typed.form), (fields) => save.mutate(fields, { onSuccess: onClose }))
      }
      onClose={onClose}
    >
      <fieldset className={setup.fields}>
        <TextInput
          label="Number"
          description="As the trunk's provider delivers it: 4215550100, or +4215550100."
          data-autofocus
          required
          withAsterisk={false}
          inputMode="tel"
          maxLength={64}
          {...typed.text("number")}
        />
        <QueueSelect
          label="Leads to the queue"
          description="In which its callers wait."
          {...typed.text("queue")}
        />
        <TextInput
          label="Who calls back waits … seconds"
          description="For the agent who called them lately, before others are rung. 0: not at all."
          type="number"
          required
          withAsterisk={false}
          min={0}
          max={600}
          step={1}
          {...typed.text("wait", "return_wait_seconds")}
        />
        <TextInput
          label="Note"
          description="For who reads it later."
          maxLength={500}
          {...typed.text("note")}
        />
      </fieldset>
    </FormDialog>
  );
}
