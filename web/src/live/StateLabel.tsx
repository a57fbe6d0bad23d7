import type { ReactNode } from "react";
import type { AgentState, Call, Watch } from "../api/types";
import classes from "./StateLabel.module.css";
import { AGENT_STATE_WORDS, CALL_STATE_WORDS, watchWords } from "./words";

type Tone = AgentState | "waiting" | "watching";

/** Every state has a shape of its own, so that it can be told without its colour. */
const SHAPES: Record<Tone, ReactNode> = {
  available: <circle cx="6" cy="6" r="5" fill="currentColor" />,
  ringing: (
    <>
      <circle cx="6" cy="6" r="2" fill="currentColor" />
      <circle cx="6" cy="6" r="4.8" fill="none" stroke="currentColor" strokeWidth="1.4" />
    </>
  ),
  busy: <rect x="1" y="1" width="10" height="10" rx="2" fill="currentColor" />,
  wrap_up: <path d="M1 11l1-3.2L8.3 1.5a1 1 0 011.4 0l.8.8a1 1 0 010 1.4L4.2 10z" fill="currentColor" />,
  break: <path d="M2 1h3v10H2zM7 1h3v10H7z" fill="currentColor" />,
  no_answer: <path d="M6 .8l5.6 10.4H.4z" fill="currentColor" />,
  offline: <circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" strokeWidth="1.6" />,
  watching: (
    <path
      d="M1.5 8V6a4.5 4.5 0 019 0v2M1.5 7h2v4h-2zM8.5 7h2v4h-2z"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
    />
  ),
  waiting: <path d="M2 1h8L7 6l3 5H2l3-5z" fill="currentColor" />,
};

function Shape({ tone }: { tone: Tone }) {
  return (
    <svg className={classes.shape} viewBox="0 0 12 12" aria-hidden="true">
      {SHAPES[tone]}
    </svg>
  );
}

export function AgentStateLabel({ state, short = false }: { state: AgentState; short?: boolean }) {
  return (
    <span className={classes.label} data-tone={state}>
      <Shape tone={state} />
      {!short && <span>{AGENT_STATE_WORDS[state]}</span>}
    </span>
  );
}

const CALL_TONES: Record<Call["state"], Tone> = {
  waiting: "waiting",
  ringing: "ringing",
  connecting: "ringing",
  talking: "busy",
  parked: "waiting",
  ended: "offline",
};

export function CallStateLabel({ state }: { state: Call["state"] }) {
  return <StatusLabel tone={CALL_TONES[state]} words={CALL_STATE_WORDS[state]} />;
}

/** The caller hears music. */
export function HeldLabel() {
  return <StatusLabel tone="break" words="On hold" />;
}

/** The call in which somebody takes part who looks at it. */
export function WatchLabel({ watch }: { watch: Pick<Watch, "state" | "mode"> }) {
  return <StatusLabel tone="watching" words={watchWords(watch)} />;
}

/** Any state, in the shape and colour of one that everybody knows. */
export function StatusLabel({ tone, words }: { tone: Tone; words: string }) {
  return (
    <span className={classes.label} data-tone={tone}>
      <Shape tone={tone} />
      <span>{words}</span>
    </span>
  );
}
