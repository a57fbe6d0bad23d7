import { type QueryClient, queryOptions, useSuspenseQuery } from "@tanstack/react-query";
import { answer, api } from "./client";
import { ProblemError } from "./problem";
import type { Session, User } from "./types";

/** Who is logged in; `null`: nobody. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: fetchSession,
  staleTime: Number.POSITIVE_INFINITY,
  retry: false,
});

async function fetchSession(): Promise<Session | null> {
  try {
    return await answer(api.GET("/v1/session"));
  } catch (error) {
    if (error instanceof ProblemError && error.problem.status === 401) return null;
    throw error;
  }
}

export async function logIn(client: QueryClient, name: string, password: string): Promise<Session> {
  const session = await answer(api.POST("/v1/session", { body: { name, password } }));
  client.clear();
  client.setQueryData(sessionQuery.queryKey, session);
  return session;
}

export async function logOut(client: QueryClient): Promise<void> {
  await answer(api.DELETE("/v1/session"));
  client.clear();
  client.setQueryData(sessionQuery.queryKey, null);
}

/** The user of a page that only shows to those who are logged in. */
export function useUser(): User {
  const { data } = useSuspenseQuery(sessionQuery);
  if (!data) throw new Error("this page shows only to those who are logged in");
  return data.user;
}

/** May this user set other agents' states? */
export function mayDirect(user: User): boolean {
  return user.role === "administrator" || user.role === "supervisor";
}
