import { ActionIcon, Button, CloseIcon, Input } from "@mantine/core";
import { useId } from "react";
import { FieldGroup } from "../dialog/FieldGroup";
import { CallIcon } from "../live/CallIcon";
import { useQueueName } from "../setup/useQueueName";
import { actionWords } from "./actionWords";
import { actionOf, MAX_RULES, moved, type RuleForm, type RuleRefusal, withRule } from "./contextForm";
import classes from "./Dialplan.module.css";
import { RuleFields } from "./RuleFields";

interface Props {
  rules: readonly RuleForm[];
  /** The key of the one whose fields are shown. */
  open: number | null;
  refused: (RuleRefusal & { key: number }) | null;
  /** What is wrong with all of them. */
  problem: string | null;
  /** Where a rule may lead on. */
  contexts: readonly string[];
  onOpen: (key: number | null) => void;
  onChange: (rules: readonly RuleForm[]) => void;
}

/** The rules of a context: a line each, and the fields of one. */
export function RulesFields({ rules, open, refused, problem, contexts, onOpen, onChange }: Props) {
  function add() {
    const next = withRule(rules);
    onChange(next);
    onOpen(next.at(-1)?.key ?? null);
  }
  return (
    <FieldGroup
      label="Rules"
      description="What fits best holds, in whatever order they stand. Of two with the same pattern the first one does. No rules: nothing can be dialled."
      problem={problem}
    >
      <ol className={classes.typed}>
        {rules.map((rule, place) => (
          <Rule
            key={rule.key}
            {...{ rule, place, contexts }}
            last={place === rules.length - 1}
            open={rule.key === open}
            refused={refused?.key === rule.key ? refused : null}
            onOpen={() => onOpen(rule.key === open ? null : rule.key)}
            onChange={(part) => onChange(rules.map((one) => (one === rule ? { ...one, ...part } : one)))}
            onMove={(by) => onChange(moved(rules, place, by))}
            onRemove={() => onChange(rules.filter((one) => one !== rule))}
          />
        ))}
      </ol>
      <Button size="compact-sm" variant="default" disabled={rules.length >= MAX_RULES} onClick={add}>
        Add rule
      </Button>
    </FieldGroup>
  );
}

interface RuleProps {
  rule: RuleForm;
  /** Counted from 0. */
  place: number;
  last: boolean;
  open: boolean;
  refused: RuleRefusal | null;
  contexts: readonly string[];
  onOpen: () => void;
  onChange: (part: Partial<RuleForm>) => void;
  onMove: (by: -1 | 1) => void;
  onRemove: () => void;
}

function Rule(props: RuleProps) {
  const { rule, place, last, open, refused, contexts, onOpen, onChange, onMove, onRemove } = props;
  const fields = useId();
  const queueName = useQueueName();
  const number = place + 1;
  return (
    <li data-rule={number}>
      <div className={classes.line}>
        <button
          type="button"
          className={classes.unfold}
          aria-expanded={open}
          aria-controls={fields}
          onClick={onOpen}
        >
          <span>
            <span className="hidden">Rule {number}: </span>
            <code className={classes.pattern}>{rule.pattern || "…"}</code>
          </span>
          <span>{actionWords(actionOf(rule), queueName)}</span>
        </button>
        <Tool label={`Move rule ${number} up`} shape="up" disabled={place === 0} onClick={() => onMove(-1)} />
        <Tool label={`Move rule ${number} down`} shape="down" disabled={last} onClick={() => onMove(1)} />
        <ActionIcon
          variant="subtle"
          color="gray"
          size={26}
          aria-label={`Remove rule ${number}`}
          onClick={onRemove}
        >
          <CloseIcon size="14px" />
        </ActionIcon>
      </div>
      {refused && refused.field === null && (
        <Input.Error data-refused tabIndex={-1}>
          {refused.words}
        </Input.Error>
      )}
      <div id={fields}>
        {open && (
          <RuleFields
            rule={rule}
            contexts={contexts}
            at={(field) => (refused?.field === field ? refused.words : null)}
            set={onChange}
          />
        )}
      </div>
    </li>
  );
}

interface ToolProps {
  label: string;
  shape: "up" | "down";
  disabled: boolean;
  onClick: () => void;
}

function Tool({ label, shape, disabled, onClick }: ToolProps) {
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size={26}
      aria-label={label}
      disabled={disabled}
      onClick={onClick}
    >
      <CallIcon shape={shape} />
    </ActionIcon>
  );
}
