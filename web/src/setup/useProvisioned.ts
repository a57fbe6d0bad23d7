import { useQuery } from "@tanstack/react-query";
import { answer, api } from "../api/client";
import { turns } from "../api/turns";
import type { Provisioned } from "../api/types";

/** Each asks every Asterisk, so only a few at a time; what scrolls out of sight before its turn is not asked. */
const inTurn = turns(4);
const REFRESH_MS = 30_000;

/** What can be asked how each Asterisk has it. */
export type Kind = "extensions" | "trunks";

export const provisionedKey = (kind: Kind, id: string) => ["provisioned", kind, id];

/** How each Asterisk has it at this moment; asked again while it is in sight. */
export function useProvisioned(kind: Kind, id: string, wanted = true) {
  return useQuery({
    queryKey: provisionedKey(kind, id),
    queryFn: ({ signal }) => inTurn(() => look(kind, id, signal), signal),
    enabled: wanted,
    staleTime: REFRESH_MS / 2,
    refetchInterval: REFRESH_MS,
    retry: false,
  });
}

async function look(kind: Kind, id: string, signal: AbortSignal): Promise<Provisioned[]> {
  const params = { path: { id } };
  const seen =
    kind === "extensions"
      ? await answer(api.GET("/v1/extensions/{id}", { params, signal }))
      : await answer(api.GET("/v1/trunks/{id}", { params, signal }));
  return seen.provisioned;
}
