import { Checkbox, PasswordInput, TextInput } from "@mantine/core";
import type { Trunk } from "../api/types";
import { FormDialog } from "../dialog/FormDialog";
import { type Typed, useForm } from "../dialog/useForm";
import { CodecsField, QualifyField, ServerField, TransportField } from "../setup/LineFields";
import { ProvisionedList } from "../setup/ProvisioningLabel";
import classes from "../setup/Setup.module.css";
import { useProvisioned } from "../setup/useProvisioned";
import { OutboundFields } from "./OutboundFields";
import { fieldsOf, formOf, NEW_TRUNK, needsPassword, type TrunkForm } from "./trunkForm";
import { useSaveTrunk } from "./trunkRequests";

const SHOWN = [
  ...["name", "host", "port", "transport", "server", "username", "password", "addresses", "context"],
  ...["codecs", "from_domain", "qualify_seconds", "outbound.priority", "outbound.weight"],
  ...["outbound.max_channels", "outbound.max_calls_per_second", "outbound.rules"],
];
const TRANSPORTS = ["udp", "tcp", "tls"] as const;

interface Props {
  /** The one to change; a new one without it. */
  trunk?: Trunk;
  onClose: () => void;
}

export function TrunkFormDialog({ trunk, onClose }: Props) {
  const save = useSaveTrunk(trunk?.id ?? null);
  const typed = useForm(trunk ? formOf(trunk) : NEW_TRUNK, SHOWN, save.error);
  const part = { typed, trunk };
  const { outbound } = typed.form;
  return (
    <FormDialog
      title={trunk ? `Trunk ${trunk.name}` : "Add a trunk"}
      action={trunk ? "Save" : "Add"}
      pending={save.isPending}
      problem={typed.problem}
      refusal={typed.refusal}
      onSubmit={() =>
        typed.send(fieldsOf(typed.form), (fields) => save.mutate(fields, { onSuccess: onClose }))
      }
      onClose={onClose}
    >
      {trunk?.active && <Standing trunk={trunk} />}
      <Place {...part} />
      <LogIn {...part} />
      <Calls {...part} />
      <OutboundFields
        form={outbound}
        set={(change) => typed.set({ outbound: { ...outbound, ...change } })}
        at={typed.at}
      />
    </FormDialog>
  );
}

interface PartProps {
  typed: Typed<TrunkForm>;
  trunk: Trunk | undefined;
}

function Place({ typed, trunk }: PartProps) {
  return (
    <fieldset className={classes.fields}>
      <legend>Where it is</legend>
      <TextInput
        label="Name"
        description={
          trunk && typed.form.name.trim() !== trunk.name
            ? `Dial strings that name “${trunk.name}” reach nobody then.`
            : "As in dial strings, PJSIP/{number}@name: a small letter, then such letters, digits, - and _."
        }
        data-autofocus
        required
        withAsterisk={false}
        spellCheck={false}
        maxLength={40}
        {...typed.text("name")}
      />
      <TextInput
        label="Host"
        description="The provider's host name or address; an IPv6 one in brackets."
        required
        withAsterisk={false}
        spellCheck={false}
        maxLength={253}
        {...typed.text("host")}
      />
      <TransportField
        description="How SIP goes there. TLS encrypts the media, too."
        choices={TRANSPORTS}
        {...typed.text("transport")}
      />
      <TextInput
        label="Port"
        description="Left out: 5060, or 5061 with TLS."
        type="number"
        min={1}
        max={65535}
        step={1}
        {...typed.text("port")}
      />
      <ServerField description="Which Asterisk uses it." {...typed.text("server")} />
      <QualifyField {...typed.text("qualify", "qualify_seconds")} />
    </fieldset>
  );
}

function LogIn({ typed, trunk }: PartProps) {
  const { form } = typed;
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
        {...typed.text("username")}
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
        {...typed.text("password")}
        value={nobody ? "" : form.password}
      />
      <Checkbox
        className={classes.whole}
        label="Register there"
        description="The provider then calls us where we registered."
        {...typed.tick("registers")}
      />
    </fieldset>
  );
}

function Calls({ typed }: PartProps) {
  return (
    <fieldset className={classes.fields}>
      <legend>Its calls</legend>
      <TextInput
        label="They come from"
        description="Addresses, networks such as 192.0.2.0/24, host names. Left out: the host."
        spellCheck={false}
        {...typed.text("addresses")}
      />
      <TextInput
        label="Context"
        description="Where they begin in the dialplan. Left out: from-NAME. No phone's calls may begin there."
        spellCheck={false}
        maxLength={40}
        {...typed.text("context")}
      />
      <CodecsField {...typed.text("codecs")} />
      <TextInput
        label="From domain"
        description="The domain that the provider wants in From. Usually none."
        spellCheck={false}
        maxLength={253}
        {...typed.text("fromDomain", "from_domain")}
      />
      <Checkbox
        className={classes.whole}
        label="Active"
        description="Otherwise no call comes from it, nor goes there."
        {...typed.tick("active")}
      />
    </fieldset>
  );
}

function Standing({ trunk }: { trunk: Trunk }) {
  const seen = useProvisioned("trunks", trunk.id);
  return <ProvisionedList seen={seen} />;
}
