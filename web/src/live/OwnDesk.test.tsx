import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Extension, Provisioned } from "../api/types";
import { agent, centre } from "../testing/centre";
import { AGENT, draw, SUPERVISOR, serverSays } from "../testing/render";
import { phone, provisioned } from "../testing/telephony";
import { LivePage } from "./LivePage";

afterEach(() => vi.unstubAllGlobals());

const SAT = { agent: { ...agent("a1", "Jana Nováková", []).agent, extension: "105" }, moved: null };

function drawDesk(done: [number, unknown], user = AGENT) {
  const asked = serverSays(({ method }) => (method === "PUT" ? done : [200, { items: [], next: null }]));
  return { ...draw(<LivePage />, { user, live: centre() }), asked };
}

const sent = (asked: ReturnType<typeof serverSays>) => asked.filter(({ method }) => method === "PUT");
async function sitAt(extension: string) {
  await userEvent.type(await screen.findByLabelText("Extension of the phone"), `${extension}{Enter}`);
}

describe("an agent", () => {
  test("sees the own phone, and sits down at another", async () => {
    const { asked, feed } = drawDesk([200, { ...SAT, moved: { id: "a2", extension: "101" } }]);
    await userEvent.click(screen.getByRole("button", { name: "Phone 101" }));
    await sitAt(" 105 ");
    expect(
      await screen.findByText("Calls ring at phone 105 from now on. Petr Kováč has phone 101 now."),
    ).toBeTruthy();
    expect(sent(asked)).toMatchObject([
      { path: "/v1/agents/a1/phone", body: { extension: "105" }, guarded: true },
    ]);
    // No event tells of it.
    expect(feed.refresh).toHaveBeenCalledOnce();
    await waitFor(() => expect(screen.queryByLabelText("Extension of the phone")).toBeNull());
  });

  test.each([
    ["invalid_field", 400, "extension", "No phone has the extension 199."],
    ["state_refused", 409, "extension", "An agent who is available sits there."],
  ])("is told at the field what is %s", async (code, status, field, detail) => {
    drawDesk([status, { title: "It cannot be", status, code, detail, field }]);
    await userEvent.click(screen.getByRole("button", { name: "Phone 101" }));
    await sitAt("199");
    expect(await screen.findByText(detail)).toBeTruthy();
    const field_ = screen.getByLabelText<HTMLInputElement>("Extension of the phone");
    expect(field_.getAttribute("aria-invalid")).toBe("true");
    expect(field_.value).toBe("199");
  });

  test("is told that nobody moves during a call", async () => {
    const title = "The agent is on a call";
    drawDesk([409, { title, status: 409, code: "agent_busy", detail: `${title}.` }]);
    await userEvent.click(screen.getByRole("button", { name: "Phone 101" }));
    await sitAt("105");
    expect((await screen.findByRole("alert")).textContent).toBe("The agent is on a call.");
  });
});

describe("a supervisor", () => {
  function drawAgents(phones: Extension[], seen: Record<string, Provisioned[]>) {
    const asked = serverSays(({ path }) => {
      if (path === "/v1/extensions") return [200, { items: phones, next: null }];
      const known = phones.find(({ id }) => path === `/v1/extensions/${id}`);
      return known ? [200, { ...known, provisioned: seen[known.number] }] : [404, { title: "None" }];
    });
    draw(<LivePage />, { user: SUPERVISOR, live: centre() });
    return asked;
  }
  const phoneOf = (name: RegExp) =>
    within(within(screen.getByRole("table", { name: "Agents" })).getByRole("row", { name })).getAllByRole(
      "cell",
    )[0];

  test("sees each agent's phone, and whether it is there", async () => {
    const silent = provisioned();
    const seen = {
      101: [provisioned()],
      102: [
        { ...silent, contacts: silent.contacts.map((one) => ({ ...one, state: "unreachable" as const })) },
      ],
    };
    drawAgents([phone("101"), phone("102")], seen);
    await waitFor(() => expect(phoneOf(/^Jana/)?.textContent).toBe("101Registered"));
    await waitFor(() => expect(phoneOf(/^Petr/)?.textContent).toBe("102Does not answer"));
    // In Asterisk's own files: nobody can say.
    expect(phoneOf(/^Eva/)?.textContent).toBe("103");
  });

  test("is not told that a phone is gone where nobody could look", async () => {
    const asked = drawAgents([phone("101")], { 101: [provisioned({ state: "pending", contacts: [] })] });
    await waitFor(() => expect(asked.some(({ path }) => path === "/v1/extensions/e101")).toBe(true));
    expect(phoneOf(/^Jana/)?.textContent).toBe("101");
  });

  test("sits somebody else down at another phone", async () => {
    const { asked } = drawDesk([200, SAT], SUPERVISOR);
    await userEvent.click(screen.getByRole("button", { name: "Set state of Jana Nováková" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Sit at another phone" }));
    await screen.findByRole("dialog", { name: "Jana Nováková sits at phone 101" });
    await sitAt("105");
    await waitFor(() => expect(sent(asked)).toMatchObject([{ path: "/v1/agents/a1/phone" }]));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });
});
