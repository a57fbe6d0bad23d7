import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import type { AgentStatus, LiveAgent } from "../api/types";
import { CallControls } from "./CallControls";
import { OwnDesk } from "./OwnDesk";
import classes from "./OwnState.module.css";
import { AgentStateLabel } from "./StateLabel";
import { ASKABLE, useSetState } from "./setState";
import { isOnCall, type LiveCall } from "./state";
import { Timer } from "./Timer";
import { AGENT_STATE_WORDS, callerWords } from "./words";

interface Props {
  own: LiveAgent;
  call: LiveCall | undefined;
  queue: string | undefined;
}

/** The agent's own state, and the buttons that change it. */
export function OwnState({ own: { agent, status }, call, queue }: Props) {
  const [reason, setReason] = useState("");
  const set = useSetState(agent);
  const words = reason.trim();

  function ask(state: (typeof ASKABLE)[number]) {
    set.mutate(state === "break" && words ? { state, reason: words } : { state });
    setReason("");
  }

  return (
    <section className={classes.own} aria-label="Your state" data-state={status.state}>
      <div className={classes.now}>
        <span role="status" className={classes.state}>
          <AgentStateLabel state={status.state} />
        </span>
        <span className={classes.since}>
          <Timer at={status.since} />
        </span>
        <span className={classes.note}>
          <Note status={status} call={call} queue={queue} />
        </span>
      </div>
      <div className={classes.buttons}>
        {status.state === "wrap_up" && (
          <Button size="sm" loading={set.isPending} onClick={() => ask("available")}>
            End wrap-up
          </Button>
        )}
        {ASKABLE.map((state) => (
          <Button
            key={state}
            size="sm"
            variant="default"
            className={classes.choice}
            aria-pressed={(status.next ?? status.state) === state}
            loading={set.isPending && set.variables.state === state}
            onClick={() => ask(state)}
            leftSection={<AgentStateLabel state={state} short />}
          >
            {AGENT_STATE_WORDS[state]}
          </Button>
        ))}
        <OwnDesk agent={agent} />
        <TextInput
          size="sm"
          w={170}
          maxLength={100}
          placeholder="Reason for a break"
          aria-label="Reason for a break (may stay empty)"
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && words) ask("break");
          }}
        />
      </div>
      {call?.state === "talking" && call.agent === agent.id && <CallControls key={call.id} call={call} />}
    </section>
  );
}

function Note({
  status,
  call,
  queue,
}: {
  status: AgentStatus;
  call: LiveCall | undefined;
  queue: string | undefined;
}) {
  const next = status.next ? `Then: ${AGENT_STATE_WORDS[status.next]}.` : "";
  if (call && isOnCall(status)) {
    return (
      <>
        <strong className="number">{callerWords(call.caller)}</strong>
        {queue && ` · ${queue}`} {next}
      </>
    );
  }
  return (
    <>
      {status.reason && `${status.reason} `}
      {status.until && (
        <>
          <Timer at={status.until} down /> left{" "}
        </>
      )}
      {next || (status.state === "available" && "Your phone rings when a call is yours.")}
    </>
  );
}
