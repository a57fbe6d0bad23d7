import { Button, Popover } from "@mantine/core";
import { useState } from "react";
import type { LiveAgent } from "../api/types";
import { SitAt } from "./SitAt";

/** At which phone the agent sits, and the way to another. */
export function OwnDesk({ agent }: Pick<LiveAgent, "agent">) {
  const [open, setOpen] = useState(false);
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-start" trapFocus returnFocus withinPortal>
      <Popover.Target>
        <Button
          size="sm"
          variant="default"
          title="Sit at another phone"
          onClick={() => setOpen(!open)}
          rightSection={<span aria-hidden="true">▾</span>}
        >
          Phone {agent.extension}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <SitAt agent={agent} onDone={() => setOpen(false)} />
      </Popover.Dropdown>
    </Popover>
  );
}
