import { useCallback } from "react";
import { useLive } from "../live/useLive";

/** What a queue is called now, by its id; nothing: there is none, or it is not known. */
export type QueueName = (id: string) => string | undefined;

/** What queues are called now. */
export function useQueueName(): QueueName {
  const queues = useLive((state) => state.live?.queues);
  return useCallback((id) => queues?.get(id)?.queue.display_name, [queues]);
}
