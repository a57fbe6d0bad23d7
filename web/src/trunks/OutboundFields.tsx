import { ActionIcon, Button, Checkbox, CloseIcon, TextInput } from "@mantine/core";
import { FieldGroup } from "../dialog/FieldGroup";
import classes from "../setup/Setup.module.css";
import { type OutboundForm, type RuleForm, withRule } from "./outboundForm";
import styles from "./Trunks.module.css";

interface Props {
  form: OutboundForm;
  set: (change: Partial<OutboundForm>) => void;
  /** What is wrong with a field, by its name on the wire. */
  at: (field: string) => string | null;
}

/** Which calls go out by a trunk, and how many. */
export function OutboundFields({ form, set, at }: Props) {
  return (
    <fieldset className={classes.fields}>
      <legend>Which calls go out here</legend>
      <Checkbox
        className={classes.whole}
        role="switch"
        label="Calls go out by this trunk"
        description="Otherwise they only come in. A server with a way out of its own asks no trunk."
        checked={form.goesOut}
        onChange={(event) => set({ goesOut: event.currentTarget.checked })}
      />
      {form.goesOut && (
        <>
          <Limits form={form} set={set} at={at} />
          <Rules rules={form.rules} problem={at("outbound.rules")} onChange={(rules) => set({ rules })} />
        </>
      )}
    </fieldset>
  );
}

function Limits({ form, set, at }: Props) {
  return (
    <>
      <TextInput
        label="Priority"
        description="Trunks with a smaller one are tried first."
        type="number"
        required
        withAsterisk={false}
        min={0}
        max={65535}
        step={1}
        value={form.priority}
        onChange={(event) => set({ priority: event.currentTarget.value })}
        error={at("outbound.priority")}
      />
      <TextInput
        label="Weight"
        description="Beside trunks of the same priority and cost: twice the weight, twice the calls."
        type="number"
        required
        withAsterisk={false}
        min={1}
        max={1000}
        step={1}
        value={form.weight}
        onChange={(event) => set({ weight: event.currentTarget.value })}
        error={at("outbound.weight")}
      />
      <TextInput
        label="Calls up at most"
        description="At a time, those that come in included. Left out: any number."
        type="number"
        min={1}
        max={65535}
        step={1}
        value={form.channels}
        onChange={(event) => set({ channels: event.currentTarget.value })}
        error={at("outbound.max_channels")}
      />
      <TextInput
        label="Calls within a second at most"
        description="How many may begin. Left out: any number."
        type="number"
        min={1}
        max={1000}
        step={1}
        value={form.rate}
        onChange={(event) => set({ rate: event.currentTarget.value })}
        error={at("outbound.max_calls_per_second")}
      />
    </>
  );
}

/** As many as the server keeps. */
const MAX_RULES = 500;

const HEADS = [
  { id: "prefix", label: "Begins with", means: "digits, country code first; empty: any number" },
  { id: "strip", label: "Strip", means: "so many digits at the front" },
  { id: "prepend", label: "Prepend", means: "in front then: digits, + * #" },
  { id: "cost", label: "Cost per minute", means: "in your currency, such as 0.012" },
] as const;

interface RulesProps {
  rules: readonly RuleForm[];
  problem: string | null;
  onChange: (rules: readonly RuleForm[]) => void;
}

/** The numbers that a trunk takes, and how it wants them dialled. */
function Rules({ rules, problem, onChange }: RulesProps) {
  return (
    <FieldGroup
      className={classes.whole}
      label="Rules"
      description="The longest beginning that fits counts; a number that none fits does not go here. Of the same priority the cheapest is tried first. No rules: it takes all numbers, as digits with the country code."
      problem={problem}
    >
      {rules.length > 0 && <RuleTable rules={rules} onChange={onChange} />}
      <Button
        className={styles.add}
        size="compact-sm"
        variant="default"
        disabled={rules.length >= MAX_RULES}
        onClick={() => onChange(withRule(rules))}
      >
        Add rule
      </Button>
    </FieldGroup>
  );
}

function RuleTable({ rules, onChange }: Omit<RulesProps, "problem">) {
  const change = (key: number, part: Partial<RuleForm>) =>
    onChange(rules.map((rule) => (rule.key === key ? { ...rule, ...part } : rule)));
  return (
    <table className={styles.rules}>
      <thead>
        <tr>
          {HEADS.map(({ id, label, means }) => (
            <th key={id} scope="col" data-column={id}>
              {label}
              <small>{means}</small>
            </th>
          ))}
          <th scope="col">
            <span className="hidden">Remove</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rules.map((rule, index) => (
          <RuleRow
            key={rule.key}
            rule={rule}
            place={index + 1}
            onChange={(part) => change(rule.key, part)}
            onRemove={() => onChange(rules.filter(({ key }) => key !== rule.key))}
          />
        ))}
      </tbody>
    </table>
  );
}

interface RuleProps {
  rule: RuleForm;
  /** Counted from 1. */
  place: number;
  onChange: (part: Partial<RuleForm>) => void;
  onRemove: () => void;
}

function RuleRow({ rule, place, onChange, onRemove }: RuleProps) {
  return (
    <tr>
      <td>
        <TextInput
          size="xs"
          aria-label={`Rule ${place} begins with`}
          inputMode="tel"
          placeholder="any"
          maxLength={24}
          value={rule.prefix}
          onChange={(event) => onChange({ prefix: event.currentTarget.value })}
        />
      </td>
      <td>
        <TextInput
          size="xs"
          aria-label={`Rule ${place} strips`}
          type="number"
          required
          min={0}
          max={15}
          step={1}
          value={rule.strip}
          onChange={(event) => onChange({ strip: event.currentTarget.value })}
        />
      </td>
      <td>
        <TextInput
          size="xs"
          aria-label={`Rule ${place} prepends`}
          inputMode="tel"
          maxLength={24}
          value={rule.prepend}
          onChange={(event) => onChange({ prepend: event.currentTarget.value })}
        />
      </td>
      <td>
        <TextInput
          size="xs"
          aria-label={`Rule ${place} costs per minute`}
          inputMode="decimal"
          maxLength={12}
          value={rule.cost}
          onChange={(event) => onChange({ cost: event.currentTarget.value })}
        />
      </td>
      <td>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={26}
          aria-label={`Remove rule ${place}`}
          onClick={onRemove}
        >
          <CloseIcon size="14px" />
        </ActionIcon>
      </td>
    </tr>
  );
}
