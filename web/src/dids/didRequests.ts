import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, api } from "../api/client";
import { everyPage, PAGE } from "../api/pages";
import type { Did, DidFields } from "../api/types";

export const didsQuery = queryOptions({
  queryKey: ["dids"],
  queryFn: ({ signal }) =>
    everyPage((cursor) =>
      answer(api.GET("/v1/dids", { params: { query: { limit: PAGE, cursor } }, signal })),
    ),
});

/** Adds a DID, or replaces the one with this id. */
export function useSaveDid(id: string | null) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: DidFields) =>
      id === null
        ? answer(api.POST("/v1/dids", { body }))
        : answer(api.PUT("/v1/dids/{id}", { params: { path: { id } }, body })),
    onSettled: () => client.invalidateQueries({ queryKey: didsQuery.queryKey }),
  });
}

export function useDeleteDid({ id }: Did) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => answer(api.DELETE("/v1/dids/{id}", { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: didsQuery.queryKey }),
  });
}
