import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, api } from "../api/client";
import { everyPage, PAGE } from "../api/pages";
import type { Trunk, TrunkFields } from "../api/types";
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
