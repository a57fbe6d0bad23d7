import { NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { TextField, Typed } from "../dialog/useForm";
import { contextsQuery } from "../dialplan/dialplanRequests";
import { useLive } from "../live/useLive";
import { ContextSelect, RingField, SoundField, VoiceField } from "../setup/CallFields";
import { QueueSelect } from "../setup/QueueSelect";
import type { DidForm } from "./didForm";

/** Where a DID leads: the fields of the target that is chosen. */
export function TargetFields({ typed }: { typed: Typed<DidForm> }) {
  switch (typed.form.type) {
    case "queue":
      return (
        <QueueSelect
          label="Queue"
          description="In which its callers wait."
          {...typed.text("queue", "to.queue")}
        />
      );
    case "agent":
      return <AgentFields typed={typed} />;
    case "phone":
      return <PhoneFields typed={typed} />;
    case "announce":
      return <SoundField {...typed.text("sound", "to.sound")} />;
    case "context":
      return <ContextFields typed={typed} />;
  }
}

function AgentFields({ typed }: { typed: Typed<DidForm> }) {
  return (
    <>
      <AgentSelect {...typed.text("agent", "to.agent")} />
      <TextInput
        label="Waits … seconds for the agent"
        description="Then for everybody of the queue; at once if the agent is away."
        type="number"
        required
        withAsterisk={false}
        min={1}
        max={600}
        step={1}
        {...typed.text("wait", "to.wait_seconds")}
      />
      <QueueSelect
        label="Queue"
        description="In which its callers wait."
        {...typed.text("queue", "to.queue")}
      />
    </>
  );
}

function AgentSelect(field: TextField) {
  const agents = useLive((state) => state.live?.agents);
  const known = [...(agents?.values() ?? [])].map(({ agent }) => ({
    value: agent.id,
    label: `${agent.name} (${agent.extension})`,
  }));
  const gone = field.value !== "" && !agents?.has(field.value);
  const data = [
    { value: "", label: "Choose one" },
    ...(gone ? [{ value: field.value, label: "One who is not known" }] : []),
    ...known,
  ];
  return (
    <NativeSelect
      label="Agent"
      description="Whose calls these are first."
      required
      withAsterisk={false}
      data={data}
      {...field}
    />
  );
}

function PhoneFields({ typed }: { typed: Typed<DidForm> }) {
  return (
    <>
      <TextInput
        label="Phone"
        description="Its number."
        required
        withAsterisk={false}
        inputMode="numeric"
        maxLength={10}
        {...typed.text("phone", "to.number")}
      />
      <RingField {...typed.text("ring", "to.ring_seconds")} />
      <VoiceField {...typed.tick("voice")} />
    </>
  );
}

function ContextFields({ typed }: { typed: Typed<DidForm> }) {
  const { data } = useQuery(contextsQuery);
  const contexts = data?.items.map(({ name }) => name) ?? [];
  return (
    <>
      <ContextSelect
        description="It must not lead to the telephone network."
        contexts={contexts}
        {...typed.text("context", "to.context")}
      />
      <TextInput
        label="As if dialled"
        description="Left out: the number itself."
        inputMode="tel"
        maxLength={40}
        {...typed.text("dialled", "to.number")}
      />
    </>
  );
}
