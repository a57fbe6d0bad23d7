import { ActionIcon, Menu } from "@mantine/core";
import { useId, useState } from "react";
import type { Watch, WatchMode } from "../api/types";
import { Confirm } from "../dialog/Confirm";
import { CallIcon } from "./CallIcon";
import classes from "./CallMenu.module.css";
import { useAskWatches, useHangUp, useLeave, useWatch } from "./callControl";
import type { LiveCall } from "./state";
import { callerWords, WATCH_MODE_WORDS } from "./words";

const MODES = ["listen", "whisper", "barge"] as const satisfies readonly WatchMode[];

interface Props {
  call: LiveCall;
  /** Who talks on it. */
  agent: string;
  /** The agent of this log-in, whose phone is to ring. */
  own: string | null | undefined;
  /** How the own agent takes part already. */
  watch: Watch | undefined;
}

/** What a supervisor can do to somebody's call. */
export function CallMenu({ call, agent, own, watch }: Props) {
  const [open, setOpen] = useState(false);
  const [ending, setEnding] = useState(false);
  const hint = useId();
  const watching = useWatch(call.id);
  const leave = useLeave(call.id);
  const hangUp = useHangUp(call.id);
  const askWatches = useAskWatches(call.id);
  const caller = callerWords(call.caller);
  const why = whyNot(call, own);

  function opens(opened: boolean) {
    setOpen(opened);
    if (opened && !why) void askWatches();
  }

  return (
    <>
      <Menu position="bottom-end" width={230} opened={open} onChange={opens} keepMounted={false} withinPortal>
        <Menu.Target>
          <ActionIcon
            variant={watch ? "filled" : "subtle"}
            color={watch ? "cord" : "gray"}
            size={24}
            loading={watching.isPending || leave.isPending || hangUp.isPending}
            aria-label={`Actions for ${caller}`}
          >
            <CallIcon shape={watch ? "watch" : "more"} />
          </ActionIcon>
        </Menu.Target>
        {open && (
          <Menu.Dropdown>
            <Menu.Label>{caller}</Menu.Label>
            {MODES.map((mode) => (
              <Menu.Item
                key={mode}
                disabled={why !== null}
                aria-describedby={why ? hint : undefined}
                aria-current={watch?.mode === mode || undefined}
                rightSection={watch?.mode === mode ? <span aria-hidden="true">✓</span> : null}
                onClick={() => watching.mutate(mode)}
              >
                {WATCH_MODE_WORDS[mode].ask}
                {!why && <span className={classes.means}>{WATCH_MODE_WORDS[mode].means}</span>}
              </Menu.Item>
            ))}
            {why && (
              <Menu.Label id={hint} className={classes.hint}>
                {why}
              </Menu.Label>
            )}
            {watch && <Menu.Item onClick={() => leave.mutate()}>Leave</Menu.Item>}
            <Menu.Divider />
            <Menu.Item
              className={classes.end}
              leftSection={<CallIcon shape="hangUp" />}
              onClick={() => setEnding(true)}
            >
              Hang up…
            </Menu.Item>
          </Menu.Dropdown>
        )}
      </Menu>
      {ending && (
        <Confirm
          title="Hang up this call?"
          action="Hang up"
          pending={hangUp.isPending}
          onClose={() => setEnding(false)}
          onConfirm={() => hangUp.mutate(undefined, { onSettled: () => setEnding(false) })}
        >
          <p>
            {caller} and {agent || "the agent"} are cut off in the middle of their talk. This cannot be
            undone.
          </p>
        </Confirm>
      )}
    </>
  );
}

/** Why this log-in cannot take part; `null`: it can. */
function whyNot(call: LiveCall, own: Props["own"]): string | null {
  if (!own) return "Your log-in has no agent, so no phone to ring.";
  return call.agent === own ? "This is your own call." : null;
}
