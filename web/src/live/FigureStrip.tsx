import type { ReactNode } from "react";
import classes from "./FigureStrip.module.css";
import { ABANDONED_FORMULA, type Figures, finished, SERVICE_LEVEL_FORMULA } from "./figures";
import { Timer } from "./Timer";
import { percent } from "./words";

/** The figures one reads from across the room. */
export function FigureStrip({ figures, withAgents }: { figures: Figures; withAgents: boolean }) {
  const { today, longest } = figures;
  const done = finished(today);
  return (
    <dl className={classes.strip}>
      <Figure
        label="Callers in line"
        value={figures.waiting + figures.ringing}
        note={`${figures.ringing} ringing an agent`}
        name="in-line"
      />
      <Figure
        label="Longest wait"
        value={
          longest ? <Timer at={longest.since} lateAfterSeconds={longest.queue.service_level_seconds} /> : "–"
        }
        note={longest ? longest.queue.display_name : "nobody waits"}
        name="longest"
      />
      <Figure label="Talking" value={figures.talking} note="calls with an agent" name="talking" />
      {withAgents && (
        <Figure
          label="Agents available"
          value={figures.available}
          note={`of ${figures.loggedIn} logged in`}
          name="available"
        />
      )}
      <Figure
        label="Service level today"
        value={percent(today.answered_in_service_level, done)}
        note={`${today.answered_in_service_level} of ${done} in time`}
        hint={SERVICE_LEVEL_FORMULA}
        name="service-level"
      />
      <Figure
        label="Abandoned today"
        value={percent(today.abandoned, done)}
        note={`${today.abandoned} of ${done} calls`}
        hint={ABANDONED_FORMULA}
        name="abandoned"
      />
    </dl>
  );
}

interface FigureProps {
  label: string;
  value: ReactNode;
  note: string;
  hint?: string;
  name: string;
}

function Figure({ label, value, note, hint, name }: FigureProps) {
  return (
    <div className={classes.figure} title={hint} data-figure={name}>
      <dt>{label}</dt>
      <dd className={classes.value} data-zero={value === 0 || undefined}>
        {value}
      </dd>
      <dd className={classes.note}>{note}</dd>
    </div>
  );
}
