import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { DialplanContext, Simulation } from "../api/types";
import { centre } from "../testing/centre";
import { ADMINISTRATOR, draw, SUPERVISOR, serverSays } from "../testing/render";
import { phone, SERVER, trunk } from "../testing/telephony";
import { DialplanPage } from "./DialplanPage";

afterEach(() => vi.unstubAllGlobals());

const context = (name: string, change: Partial<DialplanContext> = {}): DialplanContext => ({
  ...{ id: `d-${name}`, name, note: "", asterisk_context: "cordboard-1" },
  rules: [{ pattern: "_0Z.", note: "", action: { type: "out", strip: 1, prepend: "+421", present: null } }],
  ...change,
});
const AGENTS = context("agents");

function drawDialplan(done: Parameters<typeof serverSays>[0] = () => [500, null], contexts = [AGENTS]) {
  const asked = serverSays((request) => {
    const { method, path } = request;
    if (method !== "GET") return done(request);
    if (path === "/v1/servers") return [200, { items: [SERVER], next: null }];
    if (path === "/v1/trunks") return [200, { items: [trunk("provider")], next: null }];
    if (path === "/v1/dids") return [200, { items: [], next: null }];
    if (path === "/v1/extensions") return [200, { items: [phone("101"), phone("102")], next: null }];
    return [200, { items: contexts, next: null }];
  });
  draw(<DialplanPage />, { user: ADMINISTRATOR, live: centre() });
  return asked;
}

const sent = (asked: ReturnType<typeof serverSays>) => asked.filter(({ method }) => method !== "GET");
const button = (name: string | RegExp) => screen.findByRole("button", { name });
const press = async (name: string | RegExp) => userEvent.click(await button(name));
const type = (label: string, value: string) =>
  fireEvent.change(screen.getByLabelText(label), { target: { value } });
const refused = (field: string, detail: string): [number, unknown] => [
  400,
  { title: "A field is wrong", status: 400, code: "invalid_field", detail, field },
];
async function choose(item: string) {
  await press("Actions for context agents");
  await userEvent.click(await screen.findByRole("menuitem", { name: item }));
}

describe("the page of the dialplan", () => {
  test("is not for a supervisor", () => {
    draw(<DialplanPage />, { user: SUPERVISOR });
    expect(screen.getByRole("heading", { name: "The dialplan is set up by administrators" })).toBeTruthy();
  });

  test("says the rules of a context in words, and those of another that is chosen", async () => {
    const night = context("night", { note: "After 18:00", rules: [] });
    drawDialplan(undefined, [AGENTS, night]);
    const rules = within(await screen.findByRole("list"));
    expect(rules.getByText("0, then one of 1–9, then at least one more")).toBeTruthy();
    expect(rules.getByText(/without its first digit, with \+421 in front$/)).toBeTruthy();
    await press("night");
    expect(await screen.findByText("After 18:00")).toBeTruthy();
    expect(screen.getByText(/^No rule yet/)).toBeTruthy();
  });

  test("says in words that there are none", async () => {
    drawDialplan(undefined, []);
    expect(await screen.findByText(/^No contexts are set up here yet/)).toBeTruthy();
  });
});

describe("the form of a context", () => {
  test("leaves the usual rules to the server", async () => {
    const asked = drawDialplan(() => [201, context("night")]);
    await press("Add context");
    type("Name", "night");
    await press("Add");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(sent(asked)[0]).toMatchObject({
      ...{ method: "POST", path: "/v1/dialplan/contexts", guarded: true },
      body: { name: "night", note: "", rules: null },
    });
  });

  test("sends each action with its own fields alone", async () => {
    const asked = drawDialplan(() => [200, AGENTS]);
    await choose("Show and edit");
    await press(/^Rule 1:/);
    type("Pattern", "500");
    type("What becomes of the call", "queue");
    type("Queue", "support");
    await press("Add rule");
    type("Pattern", "*1");
    type("What becomes of the call", "announce");
    type("Sound", "custom/closed");
    await press("Move rule 2 up");
    await press("Save");
    await waitFor(() => expect(sent(asked)).toHaveLength(1));
    expect(sent(asked)[0]).toMatchObject({ method: "PUT", path: "/v1/dialplan/contexts/d-agents" });
    expect(sent(asked)[0]?.body).toHaveProperty("rules", [
      { pattern: "*1", note: "", action: { type: "announce", sound: "custom/closed" } },
      { pattern: "500", note: "", action: { type: "queue", queue: "support" } },
    ]);
  });

  test("opens the rule that is refused, and goes to its field", async () => {
    const detail = "rules entry 1 (_0Z.): strip takes away all of a number of 3.";
    drawDialplan(() => refused("rules", detail));
    await choose("Show and edit");
    await press("Save");
    expect(await screen.findByText("Takes away all of a number of 3.")).toBeTruthy();
    await waitFor(() => expect(document.activeElement).toBe(screen.getByLabelText("Strip")));
    await press("Remove rule 1");
    expect(screen.queryByText("Takes away all of a number of 3.")).toBeNull();
  });

  test("asks nobody about a queue that was not chosen", async () => {
    const asked = drawDialplan(() => [200, AGENTS]);
    await choose("Show and edit");
    await press(/^Rule 1:/);
    type("What becomes of the call", "queue");
    await press(/^Rule 1:/);
    await press("Save");
    expect(await screen.findByText("Choose a queue.")).toBeTruthy();
    await waitFor(() => expect(document.activeElement).toBe(screen.getByLabelText("Queue")));
    expect(sent(asked)).toEqual([]);
  });

  test("says at the rules what is wrong with all of them", async () => {
    drawDialplan(() => refused("rules", "rules would lead calls in a circle: agents → agents."));
    await choose("Show and edit");
    await press("Save");
    const rules = screen.getByRole("group", { name: "Rules" });
    expect(await within(rules).findByText(/lead calls in a circle/)).toBeTruthy();
    await waitFor(() => expect(document.activeElement).toBe(rules));
  });

  test("says at the name that it is taken", async () => {
    drawDialplan(() => refused("name", "name is already taken."));
    await press("Add context");
    type("Name", "agents");
    await press("Add");
    expect(await screen.findByText("Name is already taken.")).toBeTruthy();
  });
});

describe("deleting a context", () => {
  test("is not offered while something uses it, which is named", async () => {
    const night = context("night", {
      rules: [{ pattern: "_X.", action: { type: "go_to", context: "agents" }, note: "" }],
    });
    drawDialplan(undefined, [AGENTS, night]);
    await choose("Delete");
    const box = within(await screen.findByRole("dialog", { name: "Context agents is in use" }));
    expect(box.getByText("Calls of phones 101, 102 begin there.")).toBeTruthy();
    expect(box.getByText("Rules of context night lead there.")).toBeTruthy();
    expect(box.queryByRole("button", { name: "Delete" })).toBeNull();
  });

  test("asks before, and says in the question why it was not done", async () => {
    const inUse = { title: "It is in use", status: 409, code: "in_use", detail: "Context x leads there." };
    const asked = drawDialplan(() => [409, inUse], [context("night")]);
    await press("Actions for context night");
    await userEvent.click(await screen.findByRole("menuitem", { name: "Delete" }));
    await press("Delete");
    expect((await screen.findByRole("alert")).textContent).toBe("It is in use. Context x leads there.");
    expect(sent(asked)).toMatchObject([{ method: "DELETE", path: "/v1/dialplan/contexts/d-night" }]);
  });
});

describe("what would become of a call", () => {
  const SIMULATION: Simulation = {
    from: { kind: "phone", name: "101", context: "agents", asterisk_context: "cordboard-1" },
    dialled: "0905550101",
    steps: [
      {
        context: "agents",
        rules: [
          {
            ...{
              pattern: "_1XX",
              action: { type: "phone", ring_seconds: 30, unanswered: "hang_up" },
              fits: false,
              holds: false,
            },
            reason: "something else stands at place 1",
          },
          {
            ...{
              pattern: "_0Z.",
              action: { type: "out", strip: 1, prepend: "+421" },
              fits: true,
              holds: true,
            },
            reason: "it fits, and nothing more specific does",
          },
        ],
      },
    ],
    end: {
      kind: "out",
      number: "+421905550101",
      read_as: "number",
      trunks: [{ trunk: "provider", number: "0905550101" }],
    },
    summary: "+421905550101 is called through provider, presenting what the provider sets",
  };
  async function ask() {
    await userEvent.type(await screen.findByLabelText(/^Who calls/), "101");
    await userEvent.type(screen.getByLabelText("What is dialled"), "0905 550 101{Enter}");
    return within(await screen.findByRole("region", { name: "The path of the call" }));
  }

  test("is told step by step, the rules that do not fit only when asked for", async () => {
    const asked = drawDialplan(() => [200, SIMULATION]);
    const path = await ask();
    expect(await path.findByText("Phone 101 (context agents) dials 0905550101")).toBeTruthy();
    expect(path.getByText(/is called through provider/)).toBeTruthy();
    expect(path.getByText("provider").parentElement?.textContent).toBe("provider dials 0905550101");
    expect(path.queryByText("_1XX")).toBeNull();
    await press("Show the rule that does not fit");
    expect(path.getByText("_1XX")).toBeTruthy();
    expect(sent(asked)).toMatchObject([
      { path: "/v1/dialplan/simulate", body: { from: "101", dialled: "0905550101", server: null } },
    ]);
  });

  test("says in words what cannot be thought of", async () => {
    drawDialplan(() => refused("from", "from is no active phone."));
    const path = await ask();
    expect((await path.findByRole("alert")).textContent).toBe("A field is wrong. From is no active phone.");
  });
});
