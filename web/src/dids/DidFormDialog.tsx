import { NativeSelect, TextInput } from "@mantine/core";
import type { Did, DidTarget } from "../api/types";
import { FormDialog } from "../dialog/FormDialog";
import { useForm } from "../dialog/useForm";
import setup from "../setup/Setup.module.css";
import { fieldsOf, formOf, NEW_DID } from "./didForm";
import { useSaveDid } from "./didRequests";
import { TargetFields } from "./TargetFields";
import { TARGET_WORDS } from "./targetWords";

const SHOWN = [
  ...["number", "return_wait_seconds", "note", "to", "to.queue", "to.agent", "to.wait_seconds"],
  ...["to.number", "to.ring_seconds", "to.sound", "to.context"],
];
const TARGETS = Object.entries(TARGET_WORDS).map(([value, { choice }]) => ({ value, label: choice }));

interface Props {
  /** The one to change; a new one without it. */
  did?: Did;
  onClose: () => void;
}

export function DidFormDialog({ did, onClose }: Props) {
  const save = useSaveDid(did?.id ?? null);
  const typed = useForm(did ? formOf(did) : NEW_DID, SHOWN, save.error);
  const { type } = typed.form;
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
        <NativeSelect
          label="Leads to"
          description={TARGET_WORDS[type].means}
          data={TARGETS}
          value={type}
          onChange={(event) => typed.set({ type: event.currentTarget.value as DidTarget["type"] })}
          error={typed.at("to")}
        />
        <TargetFields typed={typed} />
        {type === "queue" && (
          <TextInput
            label="Who calls back waits … seconds"
            description="For the agent who called them lately, before others are rung. 0: not at all."
            type="number"
            required
            withAsterisk={false}
            min={0}
            max={600}
            step={1}
            {...typed.text("back", "return_wait_seconds")}
          />
        )}
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
