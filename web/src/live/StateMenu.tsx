import { ActionIcon, Menu } from "@mantine/core";
import { useState } from "react";
import type { LiveAgent } from "../api/types";
import { Dialog } from "../dialog/Dialog";
import { CallIcon } from "./CallIcon";
import { SitAt } from "./SitAt";
import { AgentStateLabel } from "./StateLabel";
import { ASKABLE, useSetState } from "./setState";
import { isOnCall } from "./state";

/** Sets another agent's state, or phone. */
export function StateMenu({ agent, status }: Pick<LiveAgent, "agent" | "status">) {
  const [open, setOpen] = useState(false);
  const [moves, setMoves] = useState(false);
  const set = useSetState(agent);
  const onClose = () => setMoves(false);
  return (
    <>
      <Menu position="bottom-end" opened={open} onChange={setOpen} keepMounted={false} withinPortal>
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={24}
            loading={set.isPending}
            aria-label={`Set state of ${agent.name}`}
          >
            <CallIcon shape="more" />
          </ActionIcon>
        </Menu.Target>
        {open && (
          <Menu.Dropdown>
            <Menu.Label>{isOnCall(status) ? `${agent.name}, after this call` : agent.name}</Menu.Label>
            {ASKABLE.map((state) => (
              <Menu.Item key={state} disabled={status.state === state} onClick={() => set.mutate({ state })}>
                <AgentStateLabel state={state} />
              </Menu.Item>
            ))}
            <Menu.Divider />
            <Menu.Item disabled={isOnCall(status)} onClick={() => setMoves(true)}>
              Sit at another phone
            </Menu.Item>
          </Menu.Dropdown>
        )}
      </Menu>
      {moves && (
        <Dialog title={`${agent.name} sits at phone ${agent.extension}`} onClose={onClose}>
          <SitAt agent={agent} onDone={onClose} />
        </Dialog>
      )}
    </>
  );
}
