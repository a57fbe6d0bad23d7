import { Button } from "@mantine/core";
import type { DialplanContext, DialplanRule } from "../api/types";
import { useQueueName } from "../setup/useQueueName";
import { Panel } from "../table/Panel";
import { actionWords } from "./actionWords";
import classes from "./Dialplan.module.css";
import { patternWords } from "./patternWords";

interface Props {
  context: DialplanContext;
  onEdit: () => void;
}

/** The rules of a context, in words. */
export function RuleList({ context, onEdit }: Props) {
  const { name, note, rules, asterisk_context: there } = context;
  return (
    <Panel
      title={`Rules of ${name}`}
      count={rules.length}
      tools={
        <Button size="compact-sm" variant="default" onClick={onEdit}>
          Change rules
        </Button>
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <section className={classes.scroller} aria-label={`Rules of ${name}`} tabIndex={0}>
        {note && <p>{note}</p>}
        {rules.length === 0 ? (
          <p>No rule yet: whoever dials here hears that there is no such number.</p>
        ) : (
          <ol className={classes.rules}>
            {rules.map((rule, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two rules may be the same, and have nothing else.
              <Rule key={place} rule={rule} />
            ))}
          </ol>
        )}
        <p className="faint">
          Which rule holds does not follow from this order, but from what fits best: exact digits first, then
          the pattern with fewer digits at the first place that differs. Your own dialplan sends calls here by{" "}
          <code>{`Goto(${there},$\{EXTEN},1)`}</code>.
        </p>
      </section>
    </Panel>
  );
}

function Rule({ rule }: { rule: DialplanRule }) {
  const queueName = useQueueName();
  return (
    <li>
      <div className={classes.for}>
        <code className={classes.pattern}>{rule.pattern}</code>
        <span className="faint">{patternWords(rule.pattern)}</span>
      </div>
      <div>
        {actionWords(rule.action, queueName)}
        {rule.note && <div className="faint">{rule.note}</div>}
      </div>
    </li>
  );
}
