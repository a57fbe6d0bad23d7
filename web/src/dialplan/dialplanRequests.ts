import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, api } from "../api/client";
import { everyPage, PAGE } from "../api/pages";
import type { ContextFields, DialplanContext, SimulatedCall } from "../api/types";

export const contextsQuery = queryOptions({
  queryKey: ["dialplan"],
  queryFn: ({ signal }) =>
    everyPage((cursor) =>
      answer(api.GET("/v1/dialplan/contexts", { params: { query: { limit: PAGE, cursor } }, signal })),
    ),
});

/** Adds a context, or replaces the one with this id. */
export function useSaveContext(id: string | null) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: ContextFields) =>
      id === null
        ? answer(api.POST("/v1/dialplan/contexts", { body }))
        : answer(api.PUT("/v1/dialplan/contexts/{id}", { params: { path: { id } }, body })),
    onSettled: () => client.invalidateQueries({ queryKey: contextsQuery.queryKey }),
  });
}

export function useDeleteContext({ id }: DialplanContext) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => answer(api.DELETE("/v1/dialplan/contexts/{id}", { params: { path: { id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: contextsQuery.queryKey }),
  });
}

/** What would become of a call. Nothing is called. */
export function useSimulate() {
  return useMutation({
    mutationFn: (body: SimulatedCall) => answer(api.POST("/v1/dialplan/simulate", { body })),
  });
}
