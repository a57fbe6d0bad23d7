import { queryOptions, useQuery } from "@tanstack/react-query";
import { answer, api } from "../api/client";
import { everyPage, PAGE } from "../api/pages";

export const serversQuery = queryOptions({
  queryKey: ["servers"],
  queryFn: ({ signal }) =>
    everyPage((cursor) =>
      answer(api.GET("/v1/servers", { params: { query: { limit: PAGE, cursor } }, signal })),
    ),
});

/** The servers to choose one of, for a field that may mean all of them. */
export function useServerChoices(): { value: string; label: string }[] {
  const { data } = useQuery(serversQuery);
  const servers = data?.items ?? [];
  return [
    { value: "", label: "All servers" },
    ...servers.map(({ id, name }) => ({ value: id, label: name })),
  ];
}
