import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { answer, api } from "../api/client";
import { everyPage, PAGE } from "../api/pages";
import type { Trunk, TrunkFields, WaysExplained } from "../api/types";
import { provisionedKey } from "../setup/useProvisioned";

export const trunksQuery = queryOptions({
  queryKey: ["trunks"],
  queryFn: ({ signal }) =>
    everyPage((cursor) =>
      answer(api.GET("/v1/trunks", { params: { query: { limit: PAGE, cursor } }, signal })),
    ),
});

/** Adds a trunk, or replaces the one with this id. */
export function useSaveTrunk(id: string | null) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: TrunkFields) =>
      id === null
        ? answer(api.POST("/v1/trunks", { body }))
        : answer(api.PUT("/v1/trunks/{id}", { params: { path: { id } }, body })),
    // A password does not outlive its form.
    gcTime: 0,
    onSuccess: (trunk) => client.setQueryData(provisionedKey("trunks", trunk.id), trunk.provisioned),
    onSettled: () => client.invalidateQueries({ queryKey: trunksQuery.queryKey }),
  });
}

export function useDeleteTrunk({ id }: Trunk) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => answer(api.DELETE("/v1/trunks/{id}", { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: trunksQuery.queryKey }),
  });
}

/** By which trunk a call to this number would go at this moment. */
function explain(to: string, signal?: AbortSignal): Promise<WaysExplained> {
  return answer(api.GET("/v1/trunks/explain", { params: { query: { to } }, signal }));
}

export function useExplainWays() {
  return useMutation({ mutationFn: (to: string) => explain(to) });
}

/** How many calls are up on each trunk stands in this answer alone; it is the same for every number. */
const ANY_NUMBER = "+12025550100";
const UP_MS = 10_000;

/** The calls that are up on each trunk, by its id; nothing where nobody knows. */
export function useCallsUp(wanted: boolean): ReadonlyMap<string, number> | undefined {
  const ways = useQuery({
    // With the trunks: one that is added or changed is counted anew.
    queryKey: [...trunksQuery.queryKey, "up"],
    queryFn: async ({ signal }) => {
      const { trunks } = await explain(ANY_NUMBER, signal);
      return new Map(trunks.map(({ id, channels }) => [id, channels]));
    },
    enabled: wanted,
    refetchInterval: UP_MS,
    retry: false,
  });
  return ways.isError ? undefined : ways.data;
}

const checksKey = (id: string) => ["checks", "trunks", id];

/** What was found when a trunk was looked at, the newest first. */
export function useTrunkChecks({ id }: Trunk) {
  return useQuery({
    queryKey: checksKey(id),
    queryFn: ({ signal }) => answer(api.GET("/v1/trunks/{id}/checks", { params: { path: { id } }, signal })),
  });
}

/** Looks at a trunk; with a number, calls it over the trunk. */
export function useCheckTrunk({ id }: Trunk) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (to: string | null) =>
      answer(api.POST("/v1/trunks/{id}/check", { params: { path: { id } }, body: { to } })),
    onSettled: () => client.invalidateQueries({ queryKey: checksKey(id) }),
  });
}
