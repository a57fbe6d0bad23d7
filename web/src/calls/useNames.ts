import { useMemo } from "react";
import { useLive } from "../live/useLive";
import { isolated } from "../live/words";
import type { Names } from "./story";

/** What agents, queues and phones are called now; what is gone has no name any more. */
export function useNames(): Names {
  const queues = useLive((state) => state.live?.queues);
  const agents = useLive((state) => state.live?.agents);
  return useMemo(() => {
    const byExtension = new Map(
      [...(agents?.values() ?? [])].map(({ agent }) => [agent.extension, agent.name]),
    );
    const byName = new Map(
      [...(queues?.values() ?? [])].map(({ queue }) => [queue.name, queue.display_name]),
    );
    return {
      agent: (id) => agents?.get(id)?.agent.name ?? "another agent",
      queue: (id) => queues?.get(id)?.queue.display_name ?? "another queue",
      place: (to) => {
        const name = byExtension.get(to);
        if (name) return `${name} (${to})`;
        const queue = byName.get(to);
        return queue ? `the queue ${queue}` : isolated(to);
      },
    };
  }, [queues, agents]);
}
