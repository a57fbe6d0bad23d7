import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { answer, api } from "../api/client";
import type { LiveAgent, PhoneTaken } from "../api/types";
import { useFeed, useLive } from "./useLive";

/** Sits an agent down at another phone; no event tells of it, so the centre is asked anew. */
export function useSitAt({ id }: LiveAgent["agent"]) {
  const feed = useFeed();
  const agents = useLive((state) => state.live?.agents);
  return useMutation({
    mutationFn: (extension: string) =>
      answer(api.PUT("/v1/agents/{id}/phone", { params: { path: { id } }, body: { extension } })),
    onSuccess({ agent, moved }: PhoneTaken) {
      feed.refresh();
      const other = moved && (agents?.get(moved.id)?.agent.name ?? "Whoever had it");
      notifications.show({
        color: "cord",
        title: agent.name,
        message: `Calls ring at phone ${agent.extension} from now on.${moved ? ` ${other} has phone ${moved.extension} now.` : ""}`,
      });
    },
  });
}
