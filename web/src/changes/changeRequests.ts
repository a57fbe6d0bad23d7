import { queryOptions } from "@tanstack/react-query";
import { answer, api } from "../api/client";
import { PAGE } from "../api/pages";

/** The newest first; as many as are kept fit on one page. */
export const changesQuery = queryOptions({
  queryKey: ["changes"],
  queryFn: ({ signal }) =>
    answer(api.GET("/v1/centre/changes", { params: { query: { limit: PAGE } }, signal })),
});

/** One of them, with its texts. They do not change any more. */
export const changeQuery = (id: string) =>
  queryOptions({
    queryKey: ["change", id],
    queryFn: ({ signal }) => answer(api.GET("/v1/centre/changes/{id}", { params: { path: { id } }, signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });
