import { useCallback } from "react";
import { useLive } from "../live/useLive";
import type { QueueName } from "./actionWords";

/** What queues are called now. */
export function useQueueName(): QueueName {
  const queues = useLive((state) => state.live?.queues);
  return useCallback((id) => queues?.get(id)?.queue.display_name, [queues]);
}
