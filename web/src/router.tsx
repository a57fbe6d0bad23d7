import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  Outlet,
  redirect,
  useNavigate,
} from "@tanstack/react-router";
import { wordsFor } from "./api/problem";
import { sessionQuery } from "./api/session";
import { CallsPage } from "./calls/CallsPage";
import { ChangesPage } from "./changes/ChangesPage";
import { DialplanPage } from "./dialplan/DialplanPage";
import { DidsPage } from "./dids/DidsPage";
import { LivePage } from "./live/LivePage";
import { LoginPage } from "./login/LoginPage";
import { PhonesPage } from "./phones/PhonesPage";
import { ServersPage } from "./servers/ServersPage";
import { Shell } from "./shell/Shell";
import { FailurePage, NotFoundPage } from "./shell/StopPage";
import { TrunksPage } from "./trunks/TrunksPage";

const root = createRootRouteWithContext<{ client: QueryClient }>()({
  component: Outlet,
  notFoundComponent: NotFoundPage,
  errorComponent: ({ error }) => <FailurePage words={wordsFor(error)} />,
});

interface LoginSearch {
  /** The page that was asked for. */
  next?: string;
  ended?: boolean;
}

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Record<string, unknown>): LoginSearch => ({
    next: ownPath(search.next),
    ended: search.ended === true || undefined,
  }),
  component: Login,
});

function Login() {
  const { next, ended } = login.useSearch();
  const navigate = useNavigate();
  const goOn = () => void navigate({ href: next ?? "/", reloadDocument: isOfServer(next) });
  return <LoginPage ended={ended ?? false} onLoggedIn={goOn} />;
}

/** Whether the server makes this page itself. */
function isOfServer(path: string | undefined): boolean {
  return path === "/dashboard";
}

/** A path of this page; an address elsewhere is not followed. */
function ownPath(next: unknown): string | undefined {
  return typeof next === "string" && /^\/(?![/\\])/.test(next) ? next : undefined;
}

const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  beforeLoad: async ({ context, location }) => {
    const session = await context.client.ensureQueryData(sessionQuery);
    if (!session) throw redirect({ to: "/login", search: { next: location.href } });
  },
  component: Shell,
});

const live = createRoute({ getParentRoute: () => shell, path: "/", component: LivePage });

interface CallsSearch {
  /** The call whose story is told. */
  call?: string;
}

const calls = createRoute({
  getParentRoute: () => shell,
  path: "/calls",
  validateSearch: (search: Record<string, unknown>): CallsSearch => ({
    call: typeof search.call === "string" && search.call !== "" ? search.call : undefined,
  }),
  component: Calls,
});

function Calls() {
  const { call } = calls.useSearch();
  const navigate = useNavigate();
  return <CallsPage open={call} onOpen={(next) => void navigate({ to: "/calls", search: { call: next } })} />;
}

const phones = createRoute({ getParentRoute: () => shell, path: "/phones", component: PhonesPage });
const trunks = createRoute({ getParentRoute: () => shell, path: "/trunks", component: TrunksPage });
const dialplan = createRoute({ getParentRoute: () => shell, path: "/dialplan", component: DialplanPage });
const dids = createRoute({ getParentRoute: () => shell, path: "/dids", component: DidsPage });
const changes = createRoute({ getParentRoute: () => shell, path: "/changes", component: ChangesPage });
const servers = createRoute({ getParentRoute: () => shell, path: "/servers", component: ServersPage });

export function makeRouter(client: QueryClient) {
  return createRouter({
    routeTree: root.addChildren([
      login,
      shell.addChildren([live, calls, phones, trunks, dids, dialplan, servers, changes]),
    ]),
    context: { client },
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
