import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Did, DidTarget } from "../api/types";
import { centre } from "../testing/centre";
import { ADMINISTRATOR, draw, SUPERVISOR, serverSays } from "../testing/render";
import { DidsPage } from "./DidsPage";
import { fieldsOf, formOf } from "./didForm";
import { targetWords } from "./targetWords";

afterEach(() => vi.unstubAllGlobals());

const did = (number: string, change: Partial<Did> = {}): Did => ({
  ...{ id: `n${number}`, number, to: { type: "queue", queue: "support" }, return_wait_seconds: 20, note: "" },
  ...change,
});

function drawDids(done: Parameters<typeof serverSays>[0] = () => [500, null], dids = [did("4215550100")]) {
  const asked = serverSays((request) =>
    request.method === "GET" ? [200, { items: dids, next: null }] : done(request),
  );
  draw(<DidsPage />, { user: ADMINISTRATOR, live: centre() });
  return asked;
}

const sent = (asked: ReturnType<typeof serverSays>) => asked.filter(({ method }) => method !== "GET");
const press = async (name: string) => userEvent.click(await screen.findByRole("button", { name }));
const type = (label: string, value: string) =>
  fireEvent.change(screen.getByLabelText(label), { target: { value } });
const row = (number: string) => screen.findByRole("row", { name: new RegExp(`^${number} `) });
async function choose(item: string) {
  await press("Actions for DID 4215550100");
  await userEvent.click(await screen.findByRole("menuitem", { name: item }));
}

describe("the page of DIDs", () => {
  test("is not for a supervisor", () => {
    draw(<DidsPage />, { user: SUPERVISOR });
    expect(screen.getByRole("heading", { name: "DIDs are set up by administrators" })).toBeTruthy();
  });

  test("says where each leads, and finds by that, too", async () => {
    drawDids(undefined, [
      did("4215550100"),
      did("4215550101", {
        to: { type: "queue", queue: "sales" },
        return_wait_seconds: 0,
        note: "<b>Spring</b>",
      }),
      did("4215550102", { to: { type: "queue", queue: "gone" } }),
    ]);
    expect(within(await row("4215550100")).getByText("Support")).toBeTruthy();
    expect(within(await row("4215550101")).getByText("<b>Spring</b>")).toBeTruthy();
    expect(within(await row("4215550102")).getByText("A queue that is not known")).toBeTruthy();
    const search = screen.getByLabelText("DIDs by number, target or note");
    await userEvent.type(search, "sales");
    expect(screen.queryByRole("row", { name: /^4215550100 / })).toBeNull();
    expect(await row("4215550101")).toBeTruthy();
    await userEvent.type(search, "x");
    expect(screen.getByText("No DID matches. Clear the search to see all.")).toBeTruthy();
  });

  test("says in words that there are none", async () => {
    drawDids(undefined, []);
    expect(await screen.findByText(/^No DIDs are set up here yet/)).toBeTruthy();
  });

  test("adds one, as people write it", async () => {
    const asked = drawDids(() => [201, did("+4215550103")]);
    await press("Add DID");
    type("Number", "+421 555 01-03");
    type("Queue", "sales");
    await press("Add");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(sent(asked)).toMatchObject([
      {
        ...{ method: "POST", path: "/v1/dids", guarded: true },
        body: {
          number: "+4215550103",
          to: { type: "queue", queue: "sales" },
          return_wait_seconds: 20,
          note: "",
        },
      },
    ]);
  });

  test("changes one, and says at the field what is refused", async () => {
    const problem = { title: "Another one has the same value", status: 409, code: "conflict" };
    const asked = drawDids(() => [409, { ...problem, detail: "number is already taken.", field: "number" }]);
    await choose("Show and edit");
    type("Number", "4215550101");
    await press("Save");
    expect(await screen.findByText("Number is already taken.")).toBeTruthy();
    expect(document.activeElement).toBe(screen.getByLabelText("Number"));
    expect(sent(asked)).toMatchObject([{ method: "PUT", path: "/v1/dids/n4215550100" }]);
  });

  test("leads to an agent first, and says at the field who is none", async () => {
    const problem = { title: "A field is wrong", status: 400, code: "invalid_field" };
    const asked = drawDids(() => [400, { ...problem, detail: "to.agent is no agent.", field: "to.agent" }]);
    await press("Add DID");
    type("Number", "4215550104");
    type("Leads to", "agent");
    type("Agent", "a1");
    type("Queue", "support");
    await press("Add");
    expect(await screen.findByText("Agent is no agent.")).toBeTruthy();
    expect(sent(asked)[0]?.body).toHaveProperty("to", {
      ...{ type: "agent", agent: "a1", queue: "support", wait_seconds: 20 },
    });
  });

  test("removes one after a question", async () => {
    const asked = drawDids(() => [204, null]);
    await choose("Delete");
    expect(await screen.findByText(/calls that are up stay up/)).toBeTruthy();
    expect(sent(asked)).toEqual([]);
    await press("Delete");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(sent(asked)).toMatchObject([{ method: "DELETE", path: "/v1/dids/n4215550100", guarded: true }]);
  });
});

describe("where a DID leads", () => {
  const TARGETS: [DidTarget, string][] = [
    [{ type: "queue", queue: "support" }, "Support"],
    [{ type: "agent", agent: "a1", queue: "support", wait_seconds: 30 }, "Jana, then Support"],
    [{ type: "phone", number: "101", ring_seconds: 20, unanswered: "words" }, "Phone 101"],
    [{ type: "announce", sound: "custom/closed" }, "Sound custom/closed"],
    [{ type: "context", context: "welcome", number: null }, "Context welcome"],
    [{ type: "context", context: "welcome", number: "500" }, "Context welcome, as 500"],
  ];
  const names = {
    agent: (id: string) => (id === "a1" ? "Jana" : undefined),
    queue: (id: string) => (id === "support" ? "Support" : undefined),
  };

  test.each(TARGETS)("is said in words, and sent back as it came: %o", (to, words) => {
    expect(targetWords(to, names)).toBe(words);
    expect(fieldsOf(formOf(did("4215550100", { to }))).to).toEqual(to);
  });
});
