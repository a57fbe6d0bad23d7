import { Checkbox, NativeSelect, PasswordInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { fieldProblems } from "../api/fields";
import type { SipTransport, Trunk } from "../api/types";
import { FormDialog } from "../dialog/FormDialog";
import { ProvisionedList } from "../setup/ProvisioningLabel";
import classes from "../setup/Setup.module.css";
import { useProvisioned } from "../setup/useProvisioned";
import { useServerChoices } from "../setup/useServers";
import { CODECS, TRANSPORT_WORDS, type Wrong } from "../setup/words";
import { OutboundFields } from "./OutboundFields";
import { fieldsOf, formOf, NEW_TRUNK, needsPassword, type TrunkForm } from "./trunkForm";
import { useSaveTrunk } from "./trunkRequests";

const SHOWN = [
  ...["name", "host", "port", "transport", "server", "username", "password", "addresses", "context"],
  ...["codecs", "from_domain", "qualify_seconds", "outbound.priority", "outbound.weight"],
  ...["outbound.max_channels", "outbound.max_calls_per_second", "outbound.rules"],
];
const TRANSPORTS = (["udp", "tcp", "tls"] as const).map((value) => ({
  value,
  label: TRANSPORT_WORDS[value],
}));

interface Props {
  /** The one to change; a new one without it. */
  trunk?: Trunk;
  onClose: () => void;
}

export function TrunkFormDialog({ trunk, onClose }: Props) {
  const [form, setForm] = useState<TrunkForm>(trunk ? formOf(trunk) : NEW_TRUNK);
  const [wrong, setWrong] = useState<Wrong | null>(null);
  const save = useSaveTrunk(trunk?.id ?? null);
  const refused = fieldProblems(save.error, SHOWN);
  const part: PartProps = {
    form,
    trunk,
    set: (change) => setForm((before) => ({ ...before, ...change })),
    at: (field) => (wrong?.field === field ? wrong.words : refused.at(field)),
  };

  function submit() {
    const fields = fieldsOf(form);
    if ("words" in fields) return setWrong(fields);
    setWrong(null);
    save.mutate(fields, { onSuccess: onClose });
  }

  return (
    <FormDialog
      title={trunk ? `Trunk ${trunk.name}` : "Add a trunk"}
      action={trunk ? "Save" : "Add"}
      pending={save.isPending}
      problem={refused.other}
      refusal={wrong ?? save.error}
      onSubmit={submit}
      onClose={onClose}
    >
      {trunk?.active && <Standing trunk={trunk} />}
      <Place {...part} />
      <LogIn {...part} />
      <Calls {...part} />
      <OutboundFields
        form={form.outbound}
        set={(change) => setForm((all) => ({ ...all, outbound: { ...all.outbound, ...change } }))}
        at={part.at}
      />
    </FormDialog>
  );
}

interface PartProps {
  form: TrunkForm;
  trunk: Trunk | undefined;
  set: (change: Partial<TrunkForm>) => void;
  at: (field: string) => string | null;
}

function Place({ form, trunk, set, at }: PartProps) {
  const servers = useServerChoices();
  return (
    <fieldset className={classes.fields}>
      <legend>Where it is</legend>
      <TextInput
        label="Name"
        description={
          trunk && form.name.trim() !== trunk.name
            ? `Dial strings that name “${trunk.name}” reach nobody then.`
            : "As in dial strings, PJSIP/{number}@name: a small letter, then such letters, digits, - and _."
        }
        data-autofocus
        required
        withAsterisk={false}
        spellCheck={false}
        maxLength={40}
        value={form.name}
        onChange={(event) => set({ name: event.currentTarget.value })}
        error={at("name")}
      />
      <TextInput
        label="Host"
        description="The provider's host name or address; an IPv6 one in brackets."
        required
        withAsterisk={false}
        spellCheck={false}
        maxLength={253}
        value={form.host}
        onChange={(event) => set({ host: event.currentTarget.value })}
        error={at("host")}
      />
      <NativeSelect
        label="Speaks"
        description="How SIP goes there. TLS encrypts the media, too."
        data={TRANSPORTS}
        value={form.transport}
        onChange={(event) => set({ transport: event.currentTarget.value as SipTransport })}
        error={at("transport")}
      />
      <TextInput
        label="Port"
        description="Left out: 5060, or 5061 with TLS."
        type="number"
        min={1}
        max={65535}
        step={1}
        value={form.port}
        onChange={(event) => set({ port: event.currentTarget.value })}
        error={at("port")}
      />
      <NativeSelect
        label="Server"
        description="Which Asterisk uses it."
        data={servers}
        value={form.server}
        onChange={(event) => set({ server: event.currentTarget.value })}
        error={at("server")}
      />
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
    </fieldset>
  );
}

function LogIn({ form, trunk, set, at }: PartProps) {
  const needed = needsPassword(form, trunk);
  const nobody = form.username.trim() === "";
  return (
    <fieldset className={classes.fields}>
      <legend>How we log in there</legend>
      <TextInput
        label="User"
        description="Left out: we are known by our address."
        autoComplete="off"
        spellCheck={false}
        maxLength={40}
        value={form.username}
        onChange={(event) => set({ username: event.currentTarget.value })}
        error={at("username")}
      />
      <PasswordInput
        label="Password"
        description={
          needed || nobody
            ? "It is kept sealed, and not shown again."
            : "Left empty: the one that is kept stays."
        }
        autoComplete="new-password"
        required={needed}
        withAsterisk={false}
        disabled={nobody}
        maxLength={80}
        value={nobody ? "" : form.password}
        onChange={(event) => set({ password: event.currentTarget.value })}
        error={at("password")}
      />
      <Checkbox
        className={classes.whole}
        label="Register there"
        description="The provider then calls us where we registered."
        checked={form.registers}
        onChange={(event) => set({ registers: event.currentTarget.checked })}
      />
    </fieldset>
  );
}

function Calls({ form, set, at }: PartProps) {
  return (
    <fieldset className={classes.fields}>
      <legend>Its calls</legend>
      <TextInput
        label="They come from"
        description="Addresses, networks such as 192.0.2.0/24, host names. Left out: the host."
        spellCheck={false}
        value={form.addresses}
        onChange={(event) => set({ addresses: event.currentTarget.value })}
        error={at("addresses")}
      />
      <TextInput
        label="Context"
        description="Where they begin in the dialplan. Left out: from-NAME. No phone's calls may begin there."
        spellCheck={false}
        maxLength={40}
        value={form.context}
        onChange={(event) => set({ context: event.currentTarget.value })}
        error={at("context")}
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
        label="From domain"
        description="The domain that the provider wants in From. Usually none."
        spellCheck={false}
        maxLength={253}
        value={form.fromDomain}
        onChange={(event) => set({ fromDomain: event.currentTarget.value })}
        error={at("from_domain")}
      />
      <Checkbox
        className={classes.whole}
        label="Active"
        description="Otherwise no call comes from it, nor goes there."
        checked={form.active}
        onChange={(event) => set({ active: event.currentTarget.checked })}
      />
    </fieldset>
  );
}

function Standing({ trunk }: { trunk: Trunk }) {
  const seen = useProvisioned("trunks", trunk.id);
  return <ProvisionedList seen={seen} />;
}
