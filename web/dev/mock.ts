// The server's API over a simulated centre, as a Vite plugin: for working on the page without the server.
//
// Log in as admin, super or agent, with the password "cordboard".
// CORDBOARD_MOCK_AGENTS=500 CORDBOARD_MOCK_CALLS=4 makes a large centre; POST /mock/drop?seconds=20 cuts the stream.

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Plugin } from "vite";
import { type WebSocket, WebSocketServer } from "ws";
import type { AgentState, CentreChangeView, Event, Live, Session, User } from "../src/api/types";
import { answerControl } from "./control.ts";
import { SetUp } from "./telephony.ts";
import { tone } from "./tone.ts";
import { World } from "./world.ts";

const PASSWORD = "cordboard";
const STEP_MS = 200;
const PING_MS = 10_000;
const MASKED = { number: "•••••••42", name: "" };
const MAX_BODY = 1024 * 1024;

const USERS: Record<string, User> = {
  admin: { id: "u1", name: "admin", role: "administrator", agent: null },
  super: { id: "u2", name: "super", role: "supervisor", agent: "a1" },
  agent: { id: "u3", name: "agent", role: "agent", agent: "a3" },
};

/** The one time that a centre file was applied. */
const CHANGE: CentreChangeView = {
  ...{ id: "c1", kind: "apply", made_at: "2026-03-02T09:00:00.000000Z", made_by: "key centre" },
  finished_at: "2026-03-02T09:00:01.000000Z",
  before: '[[queues]]\nname = "sales"\nring_seconds = 20\n',
  document: '[[queues]]\nname = "sales"\nring_seconds = 30\n',
};

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  user: User | undefined;
}

export function mock(): Plugin {
  const world = new World({
    agents: Number(process.env.CORDBOARD_MOCK_AGENTS ?? 48),
    callsPerSecond: Number(process.env.CORDBOARD_MOCK_CALLS ?? 0.42),
  });
  const gate = { closedUntil: 0, sockets: new Set<WebSocket>() };

  function serve(server: Server | null, use: (handler: typeof handle) => void) {
    const steps = setInterval(() => world.step(STEP_MS / 1000), STEP_MS).unref();
    server?.on("upgrade", upgrade).on("close", () => clearInterval(steps));
    use(handle);
  }

  const sockets = new WebSocketServer({ noServer: true });
  function upgrade(request: IncomingMessage, socket: import("node:stream").Duplex, head: Buffer) {
    const url = urlOf(request);
    if (url.pathname !== "/ws") return;
    const user = userOf(request);
    if (!user || Date.now() < gate.closedUntil) {
      socket.end("HTTP/1.1 503 Service Unavailable\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      gate.sockets.add(client);
      client.on("close", () => gate.sockets.delete(client));
      stream(world, client, Number(url.searchParams.get("after")), user);
    });
  }

  function handle(request: IncomingMessage, response: ServerResponse, next: () => void) {
    const url = urlOf(request);
    const exchange = { request, response, url, user: userOf(request) };
    if (url.pathname === "/mock/drop") {
      gate.closedUntil = Date.now() + Number(url.searchParams.get("seconds") ?? 10) * 1000;
      for (const socket of gate.sockets) socket.terminate();
      response.writeHead(204).end();
    } else if (!url.pathname.startsWith("/v1/")) next();
    else if (Date.now() < gate.closedUntil) response.destroy();
    else void answer(world, exchange);
  }

  return {
    name: "cordboard-mock",
    configureServer: (vite) => serve(vite.httpServer as Server, (handler) => vite.middlewares.use(handler)),
    configurePreviewServer: (vite) =>
      serve(vite.httpServer as Server, (handler) => vite.middlewares.use(handler)),
  };
}

function stream(world: World, client: WebSocket, after: number, user: User) {
  const missed = world.after(after);
  client.send(JSON.stringify({ type: "hello", seq: world.seq, resumed: missed !== null }));
  const send = (event: Event) => {
    if (sees(user, event)) client.send(JSON.stringify(event));
  };
  missed?.forEach(send);
  const unfollow = world.follow(send);
  const ping = setInterval(() => client.send('{"type":"ping"}'), PING_MS);
  client.on("close", () => {
    unfollow();
    clearInterval(ping);
  });
}

function sees(user: User, event: Event): boolean {
  if (user.role !== "agent") return true;
  if (event.type === "agent_changed") return event.agent === user.agent;
  if (event.type === "call_controlled") return event.agent === user.agent;
  if (event.type === "call_watched") return false;
  return event.type !== "call_arrived" && !event.type.startsWith("server_");
}

async function answer(world: World, exchange: Exchange) {
  const { request, response, url, user } = exchange;
  const route = `${request.method} ${url.pathname}`;
  if (request.method !== "GET" && request.headers["x-cordboard"] !== "1") {
    return problem(response, 403, "csrf", "The header X-Cordboard is missing");
  }
  if (route === "POST /v1/session") return logIn(response, await body(request));
  if (!user) return problem(response, 401, "not_logged_in", "You are not logged in");
  if (route === "GET /v1/session") return json(response, { user } satisfies Session);
  if (route === "DELETE /v1/session") {
    return response.writeHead(204, { "set-cookie": "cordboard_session=; Path=/; Max-Age=0" }).end();
  }
  if (route === "GET /v1/live") return json(response, visible(world.snapshot(), user));
  if (route === "GET /v1/calls") return json(response, page(world, url));
  if (url.pathname.startsWith("/v1/centre/changes")) {
    const id = url.pathname.split("/")[4];
    return json(response, id ? CHANGE : { items: [CHANGE], next: null });
  }
  const told = /^GET \/v1\/calls\/([^/]+)(\/events|\/recordings\/.+)?$/.exec(route);
  if (told) return tell(world, exchange, told[1] ?? "", told[2] ?? "");
  const isSetUp = /^\/v1\/(extensions|trunks|servers|dialplan|dids)\b/.test(url.pathname);
  if (isSetUp) return setUpAnswer(exchange);
  const [, call = "", rest = ""] = /^[A-Z]+ \/v1\/calls\/([^/]+)\/([a-z_]+)$/.exec(route) ?? [];
  if (call) return controlCall(world, exchange, { call, rest });
  const seat = /^PUT \/v1\/agents\/([^/]+)\/phone$/.exec(route)?.[1];
  if (seat) return sit(world, exchange, seat, String((await body(request)).extension));
  const agent = /^PUT \/v1\/agents\/([^/]+)\/state$/.exec(route)?.[1];
  if (agent) return setState(world, exchange, agent, await body(request));
  return problem(response, 404, "not_found", "There is no such path");
}

const setUp = new SetUp();

async function setUpAnswer({ request, response, url, user }: Exchange) {
  const reads = request.method === "GET" && url.pathname.startsWith("/v1/extensions");
  if (user?.role !== "administrator" && !(reads && user?.role === "supervisor"))
    return problem(response, 403, "forbidden", "You may not do this");
  const fields = request.headers["content-type"]?.includes("json") ? await body(request) : {};
  const { status, value } = setUp.answer(request.method ?? "", url.pathname, url.searchParams, fields) ?? {
    status: 404,
  };
  send(response, status, value);
}

/** One call, what happened to it, or what was recorded. */
function tell(world: World, { response, user }: Exchange, id: string, part: string) {
  const call = world.log().find((one) => one.id === id);
  if (!call || !user) return problem(response, 404, "not_found", "There is no such call");
  if (part === "") return json(response, call);
  if (part.startsWith("/recordings"))
    return response.writeHead(200, { "content-type": "audio/wav" }).end(tone(3));
  const items = world.storyOf(id).filter((event) => user.role !== "agent" || event.type !== "call_watched");
  return json(response, { items, next: null });
}

async function controlCall(world: World, exchange: Exchange, { call, rest }: { call: string; rest: string }) {
  const { request, response, user } = exchange;
  if (!user) return;
  const asked = { verb: `${request.method} ${rest}`, call, user, now: new Date().toISOString() };
  const fields = request.headers["content-type"]?.includes("json") ? await body(request) : {};
  const { status, value } = answerControl(world, asked, fields);
  send(response, status, value);
}

function send(response: ServerResponse, status: number, value: unknown) {
  const type = status < 400 ? "application/json" : "application/problem+json";
  response.writeHead(status, { "content-type": type });
  response.end(value === undefined ? undefined : JSON.stringify(value));
}

function logIn(response: ServerResponse, { name, password }: Record<string, unknown>) {
  const user = USERS[String(name)];
  if (!user || password !== PASSWORD) {
    return problem(response, 401, "wrong_credentials", "Wrong name or password");
  }
  const cookie = `cordboard_session=${user.name}; Path=/; HttpOnly; SameSite=Strict`;
  return json(response, { user }, { "set-cookie": cookie });
}

function setState(world: World, { response, user }: Exchange, id: string, wish: Record<string, unknown>) {
  if (user?.role === "agent" && user.agent !== id) {
    return problem(response, 403, "forbidden", "Agents set only their own state");
  }
  if (!["available", "break", "offline"].includes(String(wish.state))) {
    return problem(response, 422, "invalid", `"${wish.state}" cannot be asked for`, "state");
  }
  const status = world.ask(
    id,
    wish.state as AgentState,
    typeof wish.reason === "string" ? wish.reason : null,
  );
  return status ? json(response, status) : problem(response, 404, "not_found", "There is no such agent");
}

function sit(world: World, { response, user }: Exchange, id: string, extension: string) {
  if (user?.role === "agent" && user.agent !== id) {
    return problem(response, 403, "forbidden", "You may not do this");
  }
  const { status, value } = world.sit(id, extension, setUp.hasPhone(extension));
  send(response, status, value);
}

function visible(live: Live, user: User): Live {
  if (user.role !== "agent") return live;
  const own = live.agents.filter(({ agent }) => agent.id === user.agent);
  const queues = own.flatMap((agent) => agent.queues);
  return {
    ...live,
    agents: own,
    queues: live.queues.filter(({ queue }) => queues.includes(queue.id)),
    calls: live.calls
      .filter((call) => call.queue && queues.includes(call.queue))
      .map((call) => (call.id === own[0]?.status.call ? call : { ...call, caller: MASKED })),
    servers: [],
  };
}

function page(world: World, url: URL) {
  const limit = Math.min(200, Number(url.searchParams.get("limit") ?? 50));
  const start = Number(url.searchParams.get("cursor") ?? 0);
  const items = world.log().slice(start, start + limit);
  return { items, next: start + limit < world.log().length ? String(start + limit) : null };
}

function urlOf(request: IncomingMessage): URL {
  return new URL(request.url ?? "/", "http://mock");
}

function userOf(request: IncomingMessage): User | undefined {
  return USERS[/cordboard_session=([a-z]+)/.exec(request.headers.cookie ?? "")?.[1] ?? ""];
}

async function body(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > MAX_BODY) break;
  }
  return JSON.parse(text);
}

function json(response: ServerResponse, value: unknown, headers: Record<string, string> = {}) {
  response.writeHead(200, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
}

function problem(response: ServerResponse, status: number, code: string, title: string, field?: string) {
  const value = { type: `about:${code}`, title, status, code, field };
  response.writeHead(status, { "content-type": "application/problem+json" }).end(JSON.stringify(value));
}
