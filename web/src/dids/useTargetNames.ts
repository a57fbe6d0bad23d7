import { useMemo } from "react";
import { useLive } from "../live/useLive";
import { useQueueName } from "../setup/useQueueName";
import type { TargetNames } from "./targetWords";

/** What agents and queues are called now. */
export function useTargetNames(): TargetNames {
  const queue = useQueueName();
  const agents = useLive((state) => state.live?.agents);
  return useMemo(() => ({ queue, agent: (id) => agents?.get(id)?.agent.name }), [queue, agents]);
}
