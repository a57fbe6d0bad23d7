import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Live } from "../api/types";
import { centre, T0 } from "../testing/centre";
import { ADMINISTRATOR, AGENT, draw, serverSays } from "../testing/render";
import { SERVER } from "../testing/telephony";
import { ServersPage } from "./ServersPage";

afterEach(() => vi.unstubAllGlobals());

function drawServers(checked: [number, unknown] = [200, { ok: true, findings: [] }], live: Live = centre()) {
  const asked = serverSays(({ method }) =>
    method === "POST" ? checked : [200, { items: [SERVER], next: null }],
  );
  draw(<ServersPage />, { user: ADMINISTRATOR, live });
  return asked;
}

const check = async () =>
  userEvent.click(await screen.findByRole("button", { name: "Test connection to pbx-1" }));
const finding = (verdict: string, what: string, remedy: string | null = null) => ({
  ...{ subject: "asterisk pbx-1", verdict, what, why: null, remedy },
});

describe("the page of servers", () => {
  test("is not for an agent", () => {
    draw(<ServersPage />, { user: AGENT });
    expect(screen.getByRole("heading", { name: "Servers are set up by administrators" })).toBeTruthy();
  });

  test("says how the connection stands, and why", async () => {
    const servers: Live["servers"] = [
      { id: "s1", name: "pbx-1", state: "unauthorized", since: T0, reason: "HTTP 401", version: null },
    ];
    drawServers(undefined, centre({ servers }));
    const label = await screen.findByText("Not let in");
    expect(label.closest("[title]")?.getAttribute("title")).toContain("HTTP 401");
  });

  test("claims nothing of a server that it does not know", async () => {
    drawServers(undefined, centre({ servers: [] }));
    expect(await screen.findByText("Not known")).toBeTruthy();
  });
});

describe("the test of a connection", () => {
  test("shows the worst first, with what mends it", async () => {
    const findings = [
      finding("ok", "lets us in"),
      finding("problem", "does not ask for its phones", "set extconfig.conf"),
    ];
    const asked = drawServers([200, { ok: false, findings }]);
    await check();
    const seen = within(await screen.findByRole("list", { name: "What was seen" })).getAllByRole("listitem");
    expect(seen.map((one) => one.textContent)).toEqual([
      "Problemdoes not ask for its phonesset extconfig.conf",
      "OKlets us in",
    ]);
    expect(screen.getByText(/^Something does not work/)).toBeTruthy();
    expect(asked.at(-1)).toMatchObject({ method: "POST", path: "/v1/servers/s1/check", guarded: true });
  });

  test("says in words why it could not be made, and can be made again", async () => {
    const asked = drawServers([
      500,
      { title: "Something went wrong", status: 500, detail: "Its password cannot be read." },
    ]);
    await check();
    expect((await screen.findByRole("alert")).textContent).toBe(
      "Something went wrong. Its password cannot be read.",
    );
    const before = asked.length;
    await userEvent.click(screen.getByRole("button", { name: "Test again" }));
    expect(asked.length).toBe(before + 1);
  });
});
