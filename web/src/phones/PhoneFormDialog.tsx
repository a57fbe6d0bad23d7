import { Checkbox, PasswordInput, TextInput } from "@mantine/core";
import type { Extension } from "../api/types";
import { FormDialog } from "../dialog/FormDialog";
import { type Typed, useForm } from "../dialog/useForm";
import { CodecsField, QualifyField, ServerField, TransportField } from "../setup/LineFields";
import { ProvisionedList } from "../setup/ProvisioningLabel";
import classes from "../setup/Setup.module.css";
import { useProvisioned } from "../setup/useProvisioned";
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
const TRANSPORTS = ["udp", "tcp", "tls", "webrtc"] as const;

interface Props {
  /** The one to change; a new one without it. */
  phone?: Extension;
  range?: boolean;
  onClose: () => void;
  onSecrets: (secrets: PhoneSecret[]) => void;
}

export function PhoneFormDialog({ phone, range = false, onClose, onSecrets }: Props) {
  const save = useSavePhone(phone?.id ?? null);
  const addRange = useAddRange();
  const sent = range ? addRange : save;
  const typed = useForm(phone ? formOf(phone) : NEW_PHONE, SHOWN, sent.error);

  const submit = () =>
    typed.send(fieldsOf(typed.form, range), (fields) => {
      if (range) return addRange.mutate(fields, { onSuccess: ({ items }) => onSecrets(items) });
      save.mutate(fields, {
        onSuccess: ({ number, secret }) => (secret ? onSecrets([{ number, secret }]) : onClose()),
      });
    });

  const count = countOf(typed.form);
  return (
    <FormDialog
      title={phone ? `Phone ${phone.number}` : range ? "Add a range of phones" : "Add a phone"}
      action={phone ? "Save" : range ? `Add ${count === null ? "" : count.toLocaleString()} phones` : "Add"}
      pending={sent.isPending}
      problem={typed.problem}
      refusal={typed.refusal}
      onSubmit={submit}
      onClose={onClose}
    >
      {phone?.active && <Standing phone={phone} />}
      <fieldset className={classes.fields}>
        <Numbers typed={typed} range={range} phone={phone} />
        <TextInput
          label="Name"
          description={
            range
              ? "The same for all. Left out: each one's number."
              : "Who is shown to those whom it calls. Left out: its number."
          }
          maxLength={100}
          {...typed.text("name")}
        />
        <Ways typed={typed} />
        {!range && (
          <TextInput
            label="Mailbox"
            description="Such as 101@default: new messages there light its lamp."
            maxLength={40}
            {...typed.text("mailbox")}
          />
        )}
        <QualifyField {...typed.text("qualify", "qualify_seconds")} />
        {!phone && !range && (
          <PasswordInput
            label="Secret"
            description="One that the phone has already, of 8 to 80 characters. Left out: a random one."
            autoComplete="new-password"
            maxLength={80}
            {...typed.text("secret")}
          />
        )}
        <Checkbox
          label="Behind an address translation (NAT)"
          description="It is answered where its packets come from, whatever they say."
          {...typed.tick("nat")}
        />
        <Checkbox
          label="Active"
          description="Otherwise nobody can register as it, nor call it."
          {...typed.tick("active")}
        />
      </fieldset>
    </FormDialog>
  );
}

interface PartProps {
  typed: Typed<PhoneForm>;
}

function Numbers({ typed, range, phone }: PartProps & Pick<Props, "range" | "phone">) {
  const renamed = phone && typed.form.number.trim() !== phone.number;
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
        {...typed.text("number")}
      />
      {range && (
        <TextInput
          label="Last number"
          description="With as many digits; at most 10,000 phones."
          required
          withAsterisk={false}
          inputMode="numeric"
          maxLength={10}
          {...typed.text("last")}
        />
      )}
    </>
  );
}

function Ways({ typed }: PartProps) {
  return (
    <>
      <TransportField
        description="How it speaks to Asterisk."
        choices={TRANSPORTS}
        {...typed.text("transport")}
      />
      <ServerField description="Which Asterisk knows it." {...typed.text("server")} />
      <CodecsField {...typed.text("codecs")} />
      <TextInput
        label="Context"
        description="Where its calls begin in the dialplan. Not one of a trunk."
        required
        withAsterisk={false}
        spellCheck={false}
        maxLength={40}
        {...typed.text("context")}
      />
    </>
  );
}

function Standing({ phone }: { phone: Extension }) {
  const seen = useProvisioned("extensions", phone.id);
  return <ProvisionedList seen={seen} />;
}
