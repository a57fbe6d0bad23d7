import { act, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, test, vi } from "vitest";
import { agent, call, centre, event, T0 } from "../testing/centre";
import { AGENT, draw, SUPERVISOR, serverAnswers } from "../testing/render";
import { LivePage } from "./LivePage";
import { applyEvent } from "./reduce";

afterEach(() => vi.unstubAllGlobals());

const table = (name: string) => within(screen.getByRole("table", { name }));
const row = (name: string, text: RegExp) => table(name).getByRole("row", { name: text });

describe("a supervisor", () => {
  test("sees queues, calls and agents in words", () => {
    draw(<LivePage />, { live: centre() });
    expect(row("Queues", /^Support/)).toBeTruthy();
    expect(within(row("Calls", /5550101/)).getByText("Waiting")).toBeTruthy();
    const eva = within(row("Agents", /^Eva/));
    expect(eva.getByText("Break")).toBeTruthy();
    expect(eva.getByText("Lunch")).toBeTruthy();
  });

  test("sees what an event changes", () => {
    const { store } = draw(<LivePage />, { live: centre() });
    const offered = event(11, "call_offered", {
      call: "c1",
      queue: "support",
      offer: "o1",
      agent: "a1",
      choice: { eligible: 1, first: [], passed_over: [] },
    });
    act(() => store.setState(({ live }) => ({ live: live && applyEvent(live, offered) })));
    const first = within(row("Calls", /5550101/));
    expect(first.getByText("Ringing")).toBeTruthy();
    expect(first.getByText("Jana Nováková")).toBeTruthy();
  });

  test("limits calls and agents to one queue and back", async () => {
    draw(<LivePage />, { live: centre() });
    await userEvent.click(table("Queues").getByRole("button", { name: "Sales" }));
    expect(screen.getByText("No calls in this queue now.")).toBeTruthy();
    expect(table("Agents").queryByText("Petr Kováč")).toBeNull();
    await userEvent.click(table("Queues").getByRole("button", { name: "Sales" }));
    expect(table("Agents").getByText("Petr Kováč")).toBeTruthy();
  });

  test("finds agents by name and state", async () => {
    draw(<LivePage />, { live: centre() });
    await userEvent.type(screen.getByRole("searchbox"), "petr");
    expect(table("Agents").queryByText("Jana Nováková")).toBeNull();
    expect(table("Agents").getByText("Petr Kováč")).toBeTruthy();
    await userEvent.selectOptions(screen.getByRole("combobox", { name: "Agents by state" }), "break");
    expect(screen.getByText(/No agent matches/)).toBeTruthy();
  });

  test("sets an agent's state", async () => {
    const asked = serverAnswers(200, { state: "break", since: T0 });
    draw(<LivePage />, { live: centre() });
    await userEvent.click(screen.getByRole("button", { name: "Set state of Petr Kováč" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Break" }));
    expect(asked.filter(({ method }) => method !== "GET")).toEqual([
      { method: "PUT", path: "/v1/agents/a2/state", body: { state: "break" }, guarded: true },
    ]);
  });

  test("is told in words why a state was refused", async () => {
    serverAnswers(409, {
      type: "about:blank",
      title: "The agent is inactive",
      status: 409,
      code: "agent_inactive",
      detail: "Activate it first",
    });
    draw(<LivePage />, { live: centre() });
    await userEvent.click(screen.getByRole("button", { name: "Set state of Petr Kováč" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Offline" }));
    expect(await screen.findByText("The agent is inactive. Activate it first.")).toBeTruthy();
  });

  test("is told what is wrong with a server", () => {
    const [server] = centre().servers;
    if (!server) throw new Error("no server");
    draw(<LivePage />, { live: centre({ servers: [{ ...server, state: "replaced" }] }) });
    expect(screen.getByRole("alert").textContent).toContain("another program took our Stasis application");
  });
});

describe("a centre without anything", () => {
  const empty = centre({ queues: [], agents: [], calls: [], servers: [] });

  test("says what to do first", () => {
    draw(<LivePage />, { live: empty, user: { ...SUPERVISOR, role: "administrator" } });
    expect(screen.getByText(/No queues yet/)).toBeTruthy();
    expect(screen.getByText(/No agents yet/)).toBeTruthy();
    expect(screen.getByText(/No calls now/)).toBeTruthy();
    expect(screen.getByText(/No Asterisk server yet/)).toBeTruthy();
  });

  test("shows no rate of nothing", () => {
    const { container } = draw(<LivePage />, { live: empty });
    expect(container.querySelector('[data-figure="service-level"]')?.textContent).toContain("–");
  });
});

describe("an agent", () => {
  const own = (status: Parameters<typeof agent>[3]) =>
    centre({ agents: [agent("a1", "Jana Nováková", ["support"], status)], servers: [] });

  test("goes on a break with a reason", async () => {
    const asked = serverAnswers(200, { state: "break", since: T0 });
    draw(<LivePage />, { live: own({}), user: AGENT });
    await userEvent.type(screen.getByLabelText(/Reason for a break/), "Lunch");
    await userEvent.click(screen.getByRole("button", { name: "Break" }));
    expect(asked[0]?.body).toEqual({ state: "break", reason: "Lunch" });
  });

  test("ends wrap-up early", async () => {
    const asked = serverAnswers(200, { state: "available", since: T0 });
    draw(<LivePage />, { live: own({ state: "wrap_up" }), user: AGENT });
    await userEvent.click(screen.getByRole("button", { name: "End wrap-up" }));
    expect(asked[0]?.body).toEqual({ state: "available" });
  });

  test("sees whose call it is and what follows it", () => {
    const live = own({ state: "busy", call: "c1", next: "offline" });
    live.calls = [call("c1", { state: "talking", agent: "a1", answered_at: T0 })];
    draw(<LivePage />, { live, user: AGENT });
    const state = within(screen.getByRole("region", { name: "Your state" }));
    expect(state.getAllByRole("status")[0]?.textContent).toBe("On a call");
    expect(state.getByText("5550101")).toBeTruthy();
    expect(state.getByText(/Then: Offline/)).toBeTruthy();
    expect(screen.queryByRole("table", { name: "Agents" })).toBeNull();
  });
});

test("a user with the role agent who is tied to none is told so", () => {
  const live = centre({ queues: [], agents: [], calls: [], servers: [] });
  draw(<LivePage />, { live, user: { ...AGENT, agent: null } });
  expect(screen.getByText(/tied to no agent/)).toBeTruthy();
});

test("five hundred agents draw only the rows in sight", () => {
  const agents = Array.from({ length: 500 }, (_, index) => agent(`n${index}`, `Agent ${index}`, ["support"]));
  draw(<LivePage />, { live: centre({ agents }) });
  const drawn = table("Agents").getAllByRole("row");
  expect(drawn.length).toBeGreaterThan(20);
  expect(drawn.length).toBeLessThan(60);
  expect(screen.getByRole("table", { name: "Agents" }).getAttribute("aria-rowcount")).toBe("501");
});
