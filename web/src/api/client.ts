import createClient from "openapi-fetch";
import { ProblemError, problemOf } from "./problem";
import type { paths } from "./schema";

// Where there are files as well, we want the answer that programs read.
export const api = createClient<paths, "application/json">({
  baseUrl: globalThis.location.origin,
  credentials: "same-origin",
  // Looked up at each call, so that a test can stand in for it.
  fetch: (request) => globalThis.fetch(request),
});

api.use({
  onRequest({ request }) {
    // The server refuses a cookie that comes without it: another site's form cannot send this header.
    if (request.method !== "GET") request.headers.set("X-Cordboard", "1");
    return request;
  },
});

interface Answered<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of a good answer; throws a `ProblemError` for any other. */
export async function answer<T>(request: Promise<Answered<T>>): Promise<T> {
  const { data, error, response } = await request;
  if (!response.ok) throw new ProblemError(problemOf(error, response));
  return data as T;
}
