import { Checkbox, TextInput } from "@mantine/core";
import { useState } from "react";
import type { DialplanContext } from "../api/types";
import { FormDialog } from "../dialog/FormDialog";
import { useForm } from "../dialog/useForm";
import setup from "../setup/Setup.module.css";
import { fieldsOf, formOf, NEW_CONTEXT, type RuleRefusal, ruleRefusal, unchosen } from "./contextForm";
import { useSaveContext } from "./dialplanRequests";
import { RulesFields } from "./RulesFields";

const SHOWN = ["name", "note", "rules"];

interface Props {
  /** The one to change; a new one without it. */
  context?: DialplanContext;
  /** All that there are. */
  contexts: readonly DialplanContext[];
  onSaved: (name: string) => void;
  onClose: () => void;
}

export function ContextFormDialog({ context, contexts, onSaved, onClose }: Props) {
  const save = useSaveContext(context?.id ?? null);
  const typed = useForm(context ? formOf(context) : NEW_CONTEXT, SHOWN, save.error);
  const [open, setOpen] = useState<number | null>(null);
  const [refused, setRefused] = useState<(RuleRefusal & { key: number }) | null>(null);
  const { rules, usual, name } = typed.form;

  function show(refusal: RuleRefusal | null) {
    const rule = refusal && rules[refusal.place];
    setRefused(rule ? { ...refusal, key: rule.key } : null);
    if (rule) setOpen(rule.key);
  }

  function submit() {
    const missing = unchosen(typed.form);
    show(missing);
    if (missing) return;
    save.mutate(fieldsOf(typed.form), {
      onSuccess: (saved) => {
        onSaved(saved.name);
        onClose();
      },
      onError: (error) => show(ruleRefusal(error)),
    });
  }

  return (
    <FormDialog
      title={context ? `Context ${context.name}` : "Add a context"}
      action={context ? "Save" : "Add"}
      pending={save.isPending}
      problem={refused ? null : typed.problem}
      refusal={refused ?? save.error}
      onSubmit={submit}
      onClose={onClose}
    >
      <fieldset className={setup.fields}>
        <TextInput
          label="Name"
          description={
            context && name.trim() !== context.name
              ? "Another name is refused while phones, trunks or other contexts name it."
              : "As phones and trunks name it: letters, digits, - and _."
          }
          data-autofocus
          required
          withAsterisk={false}
          spellCheck={false}
          maxLength={40}
          {...typed.text("name")}
        />
        <TextInput
          label="Note"
          description="For who reads it later."
          maxLength={500}
          {...typed.text("note")}
        />
        {!context && (
          <Checkbox
            className={setup.whole}
            label="Begin with the usual rules"
            description="Calls for help go out, numbers of phones ring them, everything else that looks like a number goes out. Not for a trunk's calls."
            {...typed.tick("usual")}
          />
        )}
      </fieldset>
      {usual ? (
        typed.at("rules") && (
          <p role="alert" className={setup.warning}>
            {typed.at("rules")}
          </p>
        )
      ) : (
        <RulesFields
          rules={rules}
          open={open}
          refused={refused}
          problem={refused ? null : typed.at("rules")}
          contexts={contexts.map((one) => one.name)}
          onOpen={setOpen}
          onChange={(next) => typed.set({ rules: next })}
        />
      )}
    </FormDialog>
  );
}
