import { Checkbox, NativeSelect, PasswordInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { fieldProblems } from "../api/fields";
import type { Extension, SipTransport } from "../api/types";
import { FormDialog } from "../dialog/FormDialog";
import { ProvisionedList } from "../setup/ProvisioningLabel";
import classes from "../setup/Setup.module.css";
import { useProvisioned } from "../setup/useProvisioned";
import { useServerChoices } from "../setup/useServers";
import { CODECS, TRANSPORT_WORDS, type Wrong } from "../setup/words";
import { countOf, fieldsOf, formOf, NEW_PHONE, type PhoneForm } from "./phoneForm";
import { useAddRange, useSavePhone } from "./phoneRequests";
import type { PhoneSecret } from "./Secrets";

const SHOWN = [
  "number",
  "last",
  "name",
  "server",
  "transport",
  "codecs",
  "context",
  "mailbox",
  "secret",
  "qualify_seconds",
];
const TRANSPORTS = Object.entries(TRANSPORT_WORDS).map(([value, label]) => ({ value, label }));

interface Props {
  /** The one to change; a new one without it. */
  phone?: Extension;
  range?: boolean;
  onClose: () => void;
  onSecrets: (secrets: PhoneSecret[]) => void;
}

export function PhoneFormDialog({ phone, range = false, onClose, onSecrets }: Props) {
  const [form, setForm] = useState<PhoneForm>(phone ? formOf(phone) : NEW_PHONE);
  const [wrong, setWrong] = useState<Wrong | null>(null);
  const save = useSavePhone(phone?.id ?? null);
  const addRange = useAddRange();
  const sent = range ? addRange : save;
  const refused = fieldProblems(sent.error, SHOWN);
  const at = (field: string) => (wrong?.field === field ? wrong.words : refused.at(field));
  const set = (change: Partial<PhoneForm>) => setForm((before) => ({ ...before, ...change }));

  function submit() {
    const fields = fieldsOf(form, range);
    if ("words" in fields) return setWrong(fields);
    setWrong(null);
    if (range) return addRange.mutate(fields, { onSuccess: ({ items }) => onSecrets(items) });
    save.mutate(fields, {
      onSuccess: ({ number, secret }) => (secret ? onSecrets([{ number, secret }]) : onClose()),
    });
  }

  const count = countOf(form);
  return (
    <FormDialog
      title={phone ? `Phone ${phone.number}` : range ? "Add a range of phones" : "Add a phone"}
      action={phone ? "Save" : range ? `Add ${count === null ? "" : count.toLocaleString()} phones` : "Add"}
      pending={sent.isPending}
      problem={refused.other}
      refusal={wrong ?? sent.error}
      onSubmit={submit}
      onClose={onClose}
    >
      {phone?.active && <Standing phone={phone} />}
      <fieldset className={classes.fields}>
        <Numbers form={form} set={set} at={at} range={range} phone={phone} />
        <TextInput
          label="Name"
          description={
            range
              ? "The same for all. Left out: each one's number."
              : "Who is shown to those whom it calls. Left out: its number."
          }
          maxLength={100}
          value={form.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
          error={at("name")}
        />
        <Ways form={form} set={set} at={at} />
        {!range && (
          <TextInput
            label="Mailbox"
            description="Such as 101@default: new messages there light its lamp."
            maxLength={40}
            value={form.mailbox}
            onChange={(event) => set({ mailbox: event.currentTarget.value })}
            error={at("mailbox")}
          />
        )}
        <TextInput
          label="Asked every … seconds"
          description="Whether it is still there. 0: never."
          type="number"
          required
          withAsterisk={false}
          min={0}
          max={3600}
          step={1}
          value={form.qualify}
          onChange={(event) => set({ qualify: event.currentTarget.value })}
          error={at("qualify_seconds")}
        />
        {!phone && !range && (
          <PasswordInput
            label="Secret"
            description="One that the phone has already, of 8 to 80 characters. Left out: a random one."
            autoComplete="new-password"
            maxLength={80}
            value={form.secret}
            onChange={(event) => set({ secret: event.currentTarget.value })}
            error={at("secret")}
          />
        )}
        <Checkbox
          label="Behind an address translation (NAT)"
          description="It is answered where its packets come from, whatever they say."
          checked={form.nat}
          onChange={(event) => set({ nat: event.currentTarget.checked })}
        />
        <Checkbox
          label="Active"
          description="Otherwise nobody can register as it, nor call it."
          checked={form.active}
          onChange={(event) => set({ active: event.currentTarget.checked })}
        />
      </fieldset>
    </FormDialog>
  );
}

interface PartProps {
  form: PhoneForm;
  set: (change: Partial<PhoneForm>) => void;
  at: (field: string) => string | null;
}

function Numbers({ form, set, at, range, phone }: PartProps & Pick<Props, "range" | "phone">) {
  const renamed = phone && form.number.trim() !== phone.number;
  return (
    <>
      <TextInput
        label={range ? "First number" : "Number"}
        description={
          renamed
            ? "Another number needs another secret: the phone has to be set up anew."
            : "What is dialled, and what it logs in as: 2 to 10 digits."
        }
        data-autofocus
        required
        withAsterisk={false}
        inputMode="numeric"
        maxLength={10}
        value={form.number}
        onChange={(event) => set({ number: event.currentTarget.value })}
        error={at("number")}
      />
      {range && (
        <TextInput
          label="Last number"
          description="With as many digits; at most 10,000 phones."
          required
          withAsterisk={false}
          inputMode="numeric"
          maxLength={10}
          value={form.last}
          onChange={(event) => set({ last: event.currentTarget.value })}
          error={at("last")}
        />
      )}
    </>
  );
}

function Ways({ form, set, at }: PartProps) {
  const servers = useServerChoices();
  return (
    <>
      <NativeSelect
        label="Speaks"
        description="How it speaks to Asterisk."
        data={TRANSPORTS}
        value={form.transport}
        onChange={(event) => set({ transport: event.currentTarget.value as SipTransport })}
        error={at("transport")}
      />
      <NativeSelect
        label="Server"
        description="Which Asterisk knows it."
        data={servers}
        value={form.server}
        onChange={(event) => set({ server: event.currentTarget.value })}
        error={at("server")}
      />
      <TextInput
        label="Codecs"
        description={`In the order of preference, of ${CODECS.join(", ")}.`}
        required
        withAsterisk={false}
        spellCheck={false}
        value={form.codecs}
        onChange={(event) => set({ codecs: event.currentTarget.value })}
        error={at("codecs")}
      />
      <TextInput
        label="Context"
        description="Where its calls begin in the dialplan. Not one of a trunk."
        required
        withAsterisk={false}
        spellCheck={false}
        maxLength={40}
        value={form.context}
        onChange={(event) => set({ context: event.currentTarget.value })}
        error={at("context")}
      />
    </>
  );
}

function Standing({ phone }: { phone: Extension }) {
  const seen = useProvisioned("extensions", phone.id);
  return <ProvisionedList seen={seen} />;
}
