// Draws a component as the shell would: with a theme, a session and a feed that stands still unless told otherwise.

import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { vi } from "vitest";
import { createStore } from "zustand/vanilla";
import { sessionQuery } from "../api/session";
import type { Live, Session, User } from "../api/types";
import type { Feed, FeedState } from "../live/feed";
import { fromSnapshot } from "../live/state";
import { FeedContext } from "../live/useLive";
import { theme } from "../theme";

export const SUPERVISOR: User = { id: "u1", name: "sofia", role: "supervisor" };
export const ADMINISTRATOR: User = { id: "u3", name: "ada", role: "administrator" };
export const AGENT: User = { id: "u2", name: "jana", role: "agent", agent: "a1" };

interface Around {
  user?: User;
  live?: Live | null;
  state?: Partial<FeedState>;
}

export function draw(children: ReactNode, { user = SUPERVISOR, live = null, state = {} }: Around = {}) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const session: Session = { user };
  client.setQueryData(sessionQuery.queryKey, session);
  const store = createStore<FeedState>(() => ({
    live: live && fromSnapshot(live),
    link: { state: "connected" },
    failure: null,
    ...state,
  }));
  const feed: Feed = { store, refresh: vi.fn(), retryNow: vi.fn(), close: vi.fn() };
  const drawn = render(
    <MantineProvider theme={theme} env="test">
      <Notifications />
      <QueryClientProvider client={client}>
        <FeedContext.Provider value={feed}>{children}</FeedContext.Provider>
      </QueryClientProvider>
    </MantineProvider>,
  );
  return { ...drawn, feed, store, client };
}

interface Asked {
  method: string;
  path: string;
  body: unknown;
  guarded: boolean;
}

/** What a server says to one request: a status and a body. */
type Answers = (asked: Asked) => [status: number, body: unknown];

/** Answers every request with this; returns what was asked. */
export function serverAnswers(status: number, body: unknown) {
  return serverSays(() => [status, body]);
}

/** Answers each request by what it asks; returns what was asked. */
export function serverSays(answers: Answers): Asked[] {
  const asked: Asked[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const text = await request.text();
    const one = {
      method: request.method,
      path: new URL(request.url).pathname,
      body: text ? JSON.parse(text) : null,
      guarded: request.headers.get("x-cordboard") === "1",
    };
    asked.push(one);
    const [status, body] = answers(one);
    const type = status < 400 ? "application/json" : "application/problem+json";
    return new Response(body === null ? null : JSON.stringify(body), {
      status,
      headers: { "content-type": type },
    });
  });
  return asked;
}
