import { Button } from "@mantine/core";
import { useEffect, useRef } from "react";
import type { Consult } from "../api/types";
import { CallIcon } from "./CallIcon";
import classes from "./Consultation.module.css";
import type { useControl } from "./callControl";
import { Timer } from "./Timer";
import { consultWords } from "./words";

interface Props {
  consult: Consult;
  control: ReturnType<typeof useControl>;
}

interface Deed {
  action: "swap" | "conference" | "transfer" | "end_consult";
  words: string;
  means: string;
  shape: Parameters<typeof CallIcon>[0]["shape"];
}

const END: Deed = {
  action: "end_consult",
  words: "End",
  means: "They go, you keep the call",
  shape: "hangUp",
};
const DEEDS: readonly Deed[] = [
  { action: "swap", words: "Swap", means: "The two change places", shape: "swap" },
  { action: "conference", words: "All three", means: "All three hear each other", shape: "three" },
  { action: "transfer", words: "Give over", means: "They talk on without you", shape: "transfer" },
  END,
];

/** A third one beside the own call: who talks with whom, and what can be done about it. */
export function Consultation({ consult, control }: Props) {
  const { to, transfer, state, since } = consult;
  const may = (action: Deed["action"]) => {
    if (action === "end_consult") return true;
    return state !== "ringing" && !(action === "conference" && state === "conference");
  };
  const ref = useRef<HTMLFieldSetElement>(null);
  useEffect(() => {
    // Where it was asked for has gone; the keyboard goes on from here.
    if (document.activeElement === document.body) ref.current?.focus({ preventScroll: true });
  }, []);
  return (
    <fieldset
      ref={ref}
      tabIndex={-1}
      className={classes.consultation}
      aria-label={transfer ? `Transfer to ${to}` : `With ${to}`}
    >
      <span className={classes.who}>
        <span role="status">{consultWords(consult)}</span>
        <Timer at={since} />
      </span>
      {(transfer ? [END] : DEEDS).map(({ action, words, means, shape }) => (
        <Button
          key={action}
          size="sm"
          variant="default"
          title={means}
          loading={control.isPending && control.variables.action === action}
          disabled={!may(action) || (control.isPending && control.variables.action !== action)}
          onClick={() => control.mutate({ action })}
          leftSection={<CallIcon shape={shape} />}
        >
          {words}
        </Button>
      ))}
    </fieldset>
  );
}
