import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { answer, api } from "../api/client";
import { wordsFor } from "../api/problem";
import type { AgentState, AgentStatus, LiveAgent } from "../api/types";
import { AGENT_STATE_WORDS } from "./words";

/** What an agent, or somebody for the agent, may ask for; the other states follow from calls. */
export const ASKABLE = ["available", "break", "offline"] as const satisfies readonly AgentState[];

interface Wish {
  state: (typeof ASKABLE)[number];
  reason?: string;
}

/** Asks for a state; what goes wrong is told in words. The new state itself comes as an event. */
export function useSetState(agent: LiveAgent["agent"]) {
  return useMutation({
    mutationFn: ({ state, reason }: Wish) =>
      answer(
        api.PUT("/v1/agents/{id}/state", {
          params: { path: { id: agent.id } },
          body: reason ? { state, reason } : { state },
        }),
      ),
    onSuccess: (status, { state }) => tellIfLater(agent.name, status, state),
    onError: (error, { state }) =>
      notifications.show({
        color: "red",
        title: `${agent.name} was not set to ${AGENT_STATE_WORDS[state]}`,
        message: wordsFor(error),
        autoClose: 10_000,
      }),
  });
}

function tellIfLater(name: string, status: AgentStatus, state: AgentState) {
  if (status.state === state || status.next !== state) return;
  notifications.show({
    color: "cord",
    title: name,
    message: `${AGENT_STATE_WORDS[state]} follows when the call ends.`,
  });
}
