import { NativeSelect, TextInput } from "@mantine/core";
import type { DialplanAction, HangUpCause } from "../api/types";
import type { TextField } from "../dialog/useForm";
import { ContextSelect, RingField, SoundField, VoiceField } from "../setup/CallFields";
import { QueueSelect } from "../setup/QueueSelect";
import setup from "../setup/Setup.module.css";
import { ACTION_WORDS, CAUSE_CHOICES } from "./actionWords";
import type { RuleForm } from "./contextForm";
import classes from "./Dialplan.module.css";
import { PATTERN_HELP, patternWords } from "./patternWords";

interface Props {
  rule: RuleForm;
  contexts: readonly string[];
  /** What is wrong with a field, by its name on the wire. */
  at: (field: string) => string | null;
  set: (change: Partial<RuleForm>) => void;
}

const ACTIONS = Object.entries(ACTION_WORDS).map(([value, { choice }]) => ({ value, label: choice }));

export function RuleFields(props: Props) {
  const { rule, set } = props;
  const fits = patternWords(rule.pattern.trim());
  return (
    <fieldset className={`${setup.fields} ${classes.opened}`}>
      <TextInput
        className={setup.whole}
        label="Pattern"
        description={PATTERN_HELP}
        required
        withAsterisk={false}
        spellCheck={false}
        maxLength={80}
        {...text(props, "pattern")}
      />
      {fits && (
        <p className={`${setup.whole} ${classes.fits}`} role="status">
          Fits: {fits}.
        </p>
      )}
      <NativeSelect
        label="What becomes of the call"
        description={ACTION_WORDS[rule.type].means}
        data={ACTIONS}
        value={rule.type}
        onChange={(event) => set({ type: event.currentTarget.value as DialplanAction["type"] })}
      />
      <ActionFields {...props} />
      <TextInput
        label="Rule's note"
        description="For who reads it later."
        maxLength={200}
        {...text(props, "note")}
      />
    </fieldset>
  );
}

type TextKey = Exclude<keyof RuleForm, "key" | "type" | "voice" | "cause">;

/** The properties of a field; its name on the wire where that is another. */
function text({ rule, at, set }: Props, key: TextKey, field: string = key): TextField {
  return {
    value: rule[key],
    onChange: ({ currentTarget }) => set({ [key]: currentTarget.value }),
    error: at(field),
  };
}

function ActionFields(props: Props) {
  switch (props.rule.type) {
    case "phone":
      return <PhoneFields {...props} />;
    case "out":
      return <OutFields {...props} />;
    case "queue":
      return <QueueSelect label="Queue" description="In which the caller waits." {...text(props, "queue")} />;
    case "announce":
      return <SoundField {...text(props, "sound")} />;
    case "go_to":
      return (
        <ContextSelect
          description="Whose rules hold then."
          contexts={props.contexts}
          {...text(props, "context")}
        />
      );
    case "did":
      return null;
    case "menu":
      return <MenuFields {...props} />;
    case "hang_up":
      return <CauseField {...props} />;
  }
}

function PhoneFields(props: Props) {
  const { rule, set } = props;
  return (
    <>
      <TextInput
        label="Phone"
        description="Left out: the one whose number is dialled."
        inputMode="numeric"
        maxLength={10}
        {...text(props, "number")}
      />
      <RingField {...text(props, "ring", "ring_seconds")} />
      <VoiceField checked={rule.voice} onChange={(event) => set({ voice: event.currentTarget.checked })} />
    </>
  );
}

function OutFields(props: Props) {
  return (
    <>
      <TextInput
        label="Strip"
        description="So many symbols at the front are taken away."
        type="number"
        required
        withAsterisk={false}
        min={0}
        max={20}
        step={1}
        {...text(props, "strip")}
      />
      <TextInput
        label="Prepend"
        description="Put in front then: digits, with a + first if there is one."
        inputMode="tel"
        maxLength={20}
        {...text(props, "prepend")}
      />
      <TextInput
        label="Present"
        description="The number that the called one sees. Left out: the phone's own."
        inputMode="tel"
        maxLength={20}
        {...text(props, "present")}
      />
    </>
  );
}

function MenuFields(props: Props) {
  return (
    <>
      <SoundField {...text(props, "sound")} />
      <TextInput
        label="Keys"
        description="Each with what is dialled then: 1=500, 2=101. 0 to 9, or *."
        required
        withAsterisk={false}
        spellCheck={false}
        {...text(props, "choices")}
      />
      <ContextSelect
        description="By whose rules that is dialled."
        contexts={props.contexts}
        {...text(props, "context")}
      />
      <TextInput
        label="Otherwise"
        description="What is dialled for who has pressed no key. Left out: the call is over."
        inputMode="tel"
        maxLength={40}
        {...text(props, "otherwise")}
      />
      <TextInput
        label="Heard … times"
        description="At most, until a key is pressed."
        type="number"
        required
        withAsterisk={false}
        min={1}
        max={10}
        step={1}
        {...text(props, "tries")}
      />
      <TextInput
        label="Waits … seconds for a key"
        description="Each time, once the sound is over."
        type="number"
        required
        withAsterisk={false}
        min={1}
        max={60}
        step={1}
        {...text(props, "wait", "wait_seconds")}
      />
    </>
  );
}

function CauseField({ rule, set }: Props) {
  return (
    <NativeSelect
      label="Cause"
      description="What the caller's phone shows."
      data={CAUSE_CHOICES}
      value={rule.cause}
      onChange={(event) => set({ cause: event.currentTarget.value as HangUpCause })}
    />
  );
}
