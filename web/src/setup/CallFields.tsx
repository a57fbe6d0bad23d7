// The fields that rules of the dialplan and DIDs share: what becomes of a call.

import { Checkbox, NativeSelect, TextInput } from "@mantine/core";
import type { TextField } from "../dialog/useForm";

export function RingField(field: TextField) {
  return (
    <TextInput
      label="Rings for … seconds"
      description="Then nobody has answered."
      type="number"
      required
      withAsterisk={false}
      min={1}
      max={300}
      step={1}
      {...field}
    />
  );
}

interface TickProps {
  checked: boolean;
  onChange: (event: { currentTarget: { checked: boolean } }) => void;
}

export function VoiceField(field: TickProps) {
  return (
    <Checkbox
      label="Asterisk's voice says that nobody answers"
      description="Otherwise the call ends, as busy or not answered."
      {...field}
    />
  );
}

export function SoundField(field: TextField) {
  return (
    <TextInput
      label="Sound"
      description="The file below Asterisk's sounds, without its ending: custom/closed."
      required
      withAsterisk={false}
      spellCheck={false}
      maxLength={100}
      {...field}
    />
  );
}

interface ContextProps extends TextField {
  description: string;
  contexts: readonly string[];
}

/** One of the dialplan's contexts, by its name. One that is gone stays chosen until another is. */
export function ContextSelect({ contexts, ...field }: ContextProps) {
  const names = [...new Set([field.value, ...contexts])].filter(Boolean);
  const data = [{ value: "", label: "Choose one" }, ...names.map((name) => ({ value: name, label: name }))];
  return <NativeSelect label="Context" required withAsterisk={false} data={data} {...field} />;
}
