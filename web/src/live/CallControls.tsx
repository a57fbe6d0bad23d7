import { Button } from "@mantine/core";
import type { ControlAction } from "../api/types";
import classes from "./CallControls.module.css";
import { CallIcon } from "./CallIcon";
import { Consultation } from "./Consultation";
import { useControl, useHangUp, usePark, useTellConsulted } from "./callControl";
import { recordingOf } from "./control";
import { Keypad } from "./Keypad";
import type { LiveCall } from "./state";
import { Timer } from "./Timer";
import { Transfer } from "./Transfer";

interface Deed {
  action: ControlAction;
  words: string;
  shape: Parameters<typeof CallIcon>[0]["shape"];
  /** It ends a state that must not be forgotten. */
  on?: boolean;
  /** It cannot be done now. */
  notNow?: boolean;
}

/** What an agent can do to the call that is being talked on. */
export function CallControls({ call }: { call: LiveCall }) {
  const control = useControl(call.id);
  const hangUp = useHangUp(call.id);
  const park = usePark(call.id);
  useTellConsulted(call.id);
  const held = Boolean(call.control?.held_since);
  const consult = call.control?.consult;
  const deed = ({ action, words, shape, on = false, notNow = false }: Deed) => (
    <Button
      key={words}
      size="sm"
      variant="default"
      className={classes.deed}
      data-on={on || undefined}
      loading={control.isPending && control.variables.action === action}
      // One thing at a time is done to a call.
      disabled={notNow || (control.isPending && control.variables.action !== action)}
      title={notNow ? "Not while somebody is consulted" : undefined}
      onClick={() => control.mutate({ action })}
      leftSection={<CallIcon shape={shape} />}
    >
      {words}
    </Button>
  );
  const [hold, mute, ...recording] = deedsFor(call);
  return (
    <>
      <fieldset className={classes.controls} aria-label="Your call">
        {hold && deed(hold)}
        {mute && deed(mute)}
        <Keypad call={call.id} held={held} />
        <Transfer control={control} consulting={Boolean(consult)} />
        {/* A call that was placed stays with its agent. */}
        {call.direction === "inbound" && (
          <Button
            size="sm"
            variant="default"
            className={classes.deed}
            loading={park.isPending}
            disabled={Boolean(consult) || control.isPending}
            onClick={() => park.mutate()}
            leftSection={<CallIcon shape="hold" />}
          >
            Park
          </Button>
        )}
        {recording.map(deed)}
        <States call={call} />
        <Button
          size="sm"
          color="red"
          className={classes.end}
          loading={hangUp.isPending}
          onClick={() => hangUp.mutate()}
          leftSection={<CallIcon shape="hangUp" />}
        >
          Hang up
        </Button>
      </fieldset>
      {consult && <Consultation consult={consult} control={control} />}
    </>
  );
}

function deedsFor({ control }: LiveCall): Deed[] {
  const recording = recordingOf(control);
  // Who waits is up to the consultation while there is one.
  const hold: Deed = control?.consult
    ? { action: "hold", words: "Hold", shape: "hold", notNow: true }
    : control?.held_since
      ? { action: "unhold", words: "Resume", shape: "resume", on: true }
      : { action: "hold", words: "Hold", shape: "hold" };
  const mute: Deed = control?.muted
    ? { action: "unmute", words: "Unmute", shape: "muted", on: true }
    : { action: "mute", words: "Mute", shape: "mute" };
  if (!recording) return [hold, mute, { action: "record", words: "Record", shape: "record" }];
  const pause: Deed =
    recording.state === "paused"
      ? { action: "resume_recording", words: "Resume recording", shape: "record", on: true }
      : { action: "pause_recording", words: "Pause recording", shape: "hold" };
  return [hold, mute, pause, { action: "stop_recording", words: "Stop recording", shape: "stop" }];
}

/** How the call stands. Its words are read out when they change; the running times are not. */
function States({ call: { control } }: { call: LiveCall }) {
  const recording = recordingOf(control);
  return (
    <div className={classes.states} role="status">
      {control?.held_since && (
        <span className={classes.state}>
          On hold <Since at={control.held_since} />
        </span>
      )}
      {control?.muted && <span className={classes.state}>Muted: nobody hears you</span>}
      {recording?.state === "paused" && <span className={classes.state}>Recording paused</span>}
      {recording?.state === "recording" && (
        <span className={classes.state} data-tone="recording">
          <CallIcon shape="record" size={11} />
          Recording <Since at={recording.started_at} />
        </span>
      )}
    </div>
  );
}

function Since({ at }: { at: string }) {
  return (
    <span aria-live="off">
      <Timer at={at} />
    </span>
  );
}
