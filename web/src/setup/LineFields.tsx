// The fields that phones and trunks share: how Asterisk speaks with them.

import { NativeSelect, TextInput } from "@mantine/core";
import type { SipTransport } from "../api/types";
import type { TextField } from "../dialog/useForm";
import { useServerChoices } from "./useServers";
import { CODECS, TRANSPORT_WORDS } from "./words";

interface Described extends TextField {
  description: string;
}

export function TransportField({ choices, ...field }: Described & { choices: readonly SipTransport[] }) {
  const data = choices.map((value) => ({ value, label: TRANSPORT_WORDS[value] }));
  return <NativeSelect label="Speaks" data={data} {...field} />;
}

export function ServerField(field: Described) {
  return <NativeSelect label="Server" data={useServerChoices()} {...field} />;
}

export function CodecsField(field: TextField) {
  const description = `In the order of preference, of ${CODECS.join(", ")}.`;
  return (
    <TextInput
      label="Codecs"
      description={description}
      required
      withAsterisk={false}
      spellCheck={false}
      {...field}
    />
  );
}

export function QualifyField(field: TextField) {
  return (
    <TextInput
      label="Asked every … seconds"
      description="Whether it is still there. 0: never."
      type="number"
      required
      withAsterisk={false}
      min={0}
      max={3600}
      step={1}
      {...field}
    />
  );
}
