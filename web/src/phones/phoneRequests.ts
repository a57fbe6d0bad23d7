import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, api } from "../api/client";
import { everyPage, PAGE } from "../api/pages";
import type { Extension, ExtensionFields, MadeExtension } from "../api/types";
import { provisionedKey } from "../setup/useProvisioned";
import { sentBack } from "./phoneForm";

export const phonesQuery = queryOptions({
  queryKey: ["extensions"],
  queryFn: ({ signal }) =>
    everyPage((cursor) =>
      answer(api.GET("/v1/extensions", { params: { query: { limit: PAGE, cursor } }, signal })),
    ),
});

/** A change of phones; the list is asked for again behind it, and what the answer says of a phone is shown at once. */
function usePhoneChange<Wish, Done>(change: (wish: Wish) => Promise<Done>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    // A secret does not outlive the box that shows it.
    gcTime: 0,
    onSuccess: (done) => {
      if (isMade(done)) client.setQueryData(provisionedKey("extensions", done.id), done.provisioned);
    },
    onSettled: () => client.invalidateQueries({ queryKey: phonesQuery.queryKey }),
  });
}

function isMade(done: unknown): done is MadeExtension {
  return typeof done === "object" && done !== null && "provisioned" in done;
}

/** Adds a phone, or replaces the one with this id. */
export function useSavePhone(id: string | null) {
  return usePhoneChange((body: ExtensionFields) =>
    id === null
      ? answer(api.POST("/v1/extensions", { body }))
      : answer(api.PUT("/v1/extensions/{id}", { params: { path: { id } }, body })),
  );
}

export function useAddRange() {
  return usePhoneChange((body: ExtensionFields) => answer(api.POST("/v1/extensions/range", { body })));
}

export function useRenewSecret({ id }: Extension) {
  return usePhoneChange(() =>
    answer(api.POST("/v1/extensions/{id}/secret", { params: { path: { id } }, body: {} })),
  );
}

export function useDeletePhone({ id }: Extension) {
  return usePhoneChange(() => answer(api.DELETE("/v1/extensions/{id}", { params: { path: { id } } })));
}

/** Lets a phone register and be called, or no longer. */
export function useSetActive({ id }: Extension) {
  return usePhoneChange(async (active: boolean) => {
    const params = { path: { id } };
    // The one in the list may have been changed by somebody else since.
    const phone = await answer(api.GET("/v1/extensions/{id}", { params }));
    return answer(api.PUT("/v1/extensions/{id}", { params, body: sentBack(phone, { active }) }));
  });
}
