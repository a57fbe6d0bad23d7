import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Trunk, WayExplained } from "../api/types";
import { ADMINISTRATOR, draw, SUPERVISOR, serverSays } from "../testing/render";
import { provisioned, SERVER, trunk } from "../testing/telephony";
import { TrunksPage } from "./TrunksPage";

afterEach(() => vi.unstubAllGlobals());

function drawTrunks(
  done: Parameters<typeof serverSays>[0] = () => [500, null],
  trunks: Trunk[] = [trunk("provider")],
  explained: [number, unknown] = [409, { title: "No trunk takes the call", status: 409, code: "no_way_out" }],
) {
  const seen = [provisioned({ registration: "Rejected" })];
  const asked = serverSays((request) => {
    const { method, path } = request;
    if (method !== "GET") return done(request);
    if (path === "/v1/servers") return [200, { items: [SERVER], next: null }];
    if (path === "/v1/trunks") return [200, { items: trunks, next: null }];
    if (path === "/v1/trunks/explain") return explained;
    if (path.endsWith("/checks")) return [200, { items: [] }];
    return [200, { ...trunks[0], provisioned: seen }];
  });
  draw(<TrunksPage />, { user: ADMINISTRATOR });
  return asked;
}

const sent = (asked: ReturnType<typeof serverSays>) => asked.filter(({ method }) => method !== "GET");
const button = (name: string) => screen.findByRole("button", { name });
const WAYS = { server: "s1", to: "+421905550101", dial_out: null, trunks: [] };
const way = (name: string, change: Partial<WayExplained> = {}): WayExplained => ({
  ...{ id: `t-${name}`, name, verdict: "takes", why: "takes it", channels: 0 },
  ...change,
});
const made = { ...trunk("provider"), provisioned: [] };

async function edit() {
  await userEvent.click(await button("Actions for trunk provider"));
  await userEvent.click(await screen.findByRole("menuitem", { name: "Show and edit" }));
  return screen.findByRole("dialog", { name: "Trunk provider" });
}

describe("the page of trunks", () => {
  test("is not for a supervisor", () => {
    draw(<TrunksPage />, { user: SUPERVISOR });
    expect(screen.getByRole("heading", { name: "Trunks are set up by administrators" })).toBeTruthy();
  });

  test("says what became of the registration", async () => {
    drawTrunks();
    const row = within(await screen.findByRole("row", { name: /^provider / }));
    expect(await row.findByText("Rejected")).toBeTruthy();
    expect(row.getByText("sip.example.net:5060")).toBeTruthy();
  });

  test("says in words that there are none", async () => {
    drawTrunks(undefined, []);
    expect(await screen.findByText(/^No trunks are set up here yet/)).toBeTruthy();
  });
});

describe("the calls of a trunk", () => {
  const outbound = { priority: 2, weight: 1, max_channels: 30, max_calls_per_second: null, rules: [] };
  const trunks = [trunk("provider", { outbound }), trunk("carrier"), trunk("freephone", { outbound: null })];
  const cells = async (name: RegExp) =>
    within(await screen.findByRole("row", { name }))
      .getAllByRole("cell")
      .slice(6, 8)
      .map((cell) => cell.textContent);

  test("are counted where not all may be up", async () => {
    drawTrunks(undefined, trunks, [200, { ...WAYS, trunks: [way("provider", { channels: 7 })] }]);
    expect(await screen.findByText("7 / 30")).toBeTruthy();
    expect(await cells(/^provider /)).toEqual(["2", "7 / 30"]);
    expect(await cells(/^carrier /)).toEqual(["10", "–"]);
    expect(await cells(/^freephone /)).toEqual(["Only in", "–"]);
  });

  test("are not claimed to be none where nobody knows", async () => {
    drawTrunks(undefined, trunks);
    expect(await screen.findByText("– / 30")).toBeTruthy();
  });

  test("are not asked for where there is no limit", async () => {
    const asked = drawTrunks();
    await screen.findByRole("row", { name: /^provider / });
    expect(asked.some(({ path }) => path === "/v1/trunks/explain")).toBe(false);
  });
});

describe("the way of a number", () => {
  const find = async (number: string) => {
    await userEvent.type(await screen.findByLabelText("Number to find the way of"), number);
    await userEvent.click(await button("Find"));
  };

  test("is told in the order in which trunks are tried, with why and what is dialled", async () => {
    const trunks = [
      way("provider", { dials: "0905550101", priority: 1, cost_micros_per_minute: 12_000 }),
      way("carrier", { verdict: "full", why: "has 2 calls up, and may have 2", priority: 2 }),
    ];
    drawTrunks(undefined, undefined, [200, { ...WAYS, trunks }]);
    await find("0905 550 101");
    const told = within(await screen.findByRole("region", { name: "The way" }));
    expect((await told.findAllByRole("listitem")).map((one) => one.textContent)).toEqual([
      "providerTakes itdials 0905550101priority 1, 0.012 a minute",
      "carrierDoes nothas 2 calls up, and may have 2priority 2",
    ]);
    expect(told.getByText(/^\+421905550101/)).toBeTruthy();
  });

  test("says that a server's own way out leads elsewhere, and that there may be none", async () => {
    drawTrunks(undefined, undefined, [200, { ...WAYS, dial_out: "PJSIP/421905550101@old" }]);
    await find("0905550101");
    expect(await screen.findByText(/no trunk is asked: PJSIP\/421905550101@old/)).toBeTruthy();
    expect(screen.getByText("There is no trunk that could take it.")).toBeTruthy();
  });

  test("says in words what is no number", async () => {
    const problem = { title: "A field is wrong", status: 400, code: "invalid_field", field: "to" };
    drawTrunks(undefined, undefined, [400, { ...problem, detail: "to has no digits." }]);
    await find("<b>");
    expect((await screen.findByRole("alert")).textContent).toBe("A field is wrong. To has no digits.");
  });
});

describe("the form of a trunk", () => {
  test("sends no password where none was typed: the one that is kept stays", async () => {
    const asked = drawTrunks(() => [200, made]);
    await edit();
    expect(screen.getByLabelText<HTMLInputElement>("Password").value).toBe("");
    expect(screen.getByText("Left empty: the one that is kept stays.")).toBeTruthy();
    await userEvent.click(await button("Save"));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    const [put] = sent(asked);
    expect(put).toMatchObject({
      method: "PUT",
      path: "/v1/trunks/t-provider",
      body: { username: "4215550100" },
    });
    expect(put?.body).not.toHaveProperty("password");
  });

  test("needs a password for another user, and has none to type without a user", async () => {
    drawTrunks();
    await edit();
    const [user, password] = [
      screen.getByLabelText("User"),
      screen.getByLabelText<HTMLInputElement>("Password"),
    ];
    expect(password.required).toBe(false);
    await userEvent.type(user, "9");
    expect(password.required).toBe(true);
    await userEvent.clear(user);
    expect(password.disabled).toBe(true);
  });

  test("leaves to the server what was left out", async () => {
    const asked = drawTrunks(() => [201, made]);
    await userEvent.click(await button("Add trunk"));
    await userEvent.type(await screen.findByLabelText("Name"), "provider");
    await userEvent.type(screen.getByLabelText("Host"), "sip.example.net");
    await userEvent.type(screen.getByLabelText("They come from"), "192.0.2.0/24 sip.example.net");
    await userEvent.click(await button("Add"));
    await waitFor(() => expect(sent(asked)).toHaveLength(1));
    expect(sent(asked)[0]).toMatchObject({
      ...{ method: "POST", path: "/v1/trunks", guarded: true },
      body: {
        ...{ name: "provider", host: "sip.example.net", port: null, context: null, username: null },
        addresses: ["192.0.2.0/24", "sip.example.net"],
      },
    });
  });

  test("says at the field what is refused, and elsewhere what has none", async () => {
    const problem = { title: "A field is wrong", status: 400, code: "invalid_field" };
    const detail = "context agents is where calls of phones begin.";
    let field: string | null = "context";
    drawTrunks(() => [400, { ...problem, detail, field }]);
    await edit();
    await userEvent.click(await button("Save"));
    expect(await screen.findByText("Context agents is where calls of phones begin.")).toBeTruthy();
    expect(screen.getByLabelText("Context").getAttribute("aria-invalid")).toBe("true");
    expect(document.activeElement).toBe(screen.getByLabelText("Context"));
    field = null;
    await userEvent.click(await button("Save"));
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toBe("A field is wrong. Context agents is where calls of phones begin.");
  });

  test("says which calls go out, with the cost in millionths", async () => {
    const asked = drawTrunks(() => [200, made]);
    await edit();
    fireEvent.change(screen.getByLabelText("Calls up at most"), { target: { value: "30" } });
    await userEvent.click(await button("Add rule"));
    fireEvent.change(screen.getByLabelText("Rule 1 begins with"), { target: { value: "+421" } });
    fireEvent.change(screen.getByLabelText("Rule 1 strips"), { target: { value: "3" } });
    fireEvent.change(screen.getByLabelText("Rule 1 prepends"), { target: { value: "0" } });
    fireEvent.change(screen.getByLabelText("Rule 1 costs per minute"), { target: { value: "0,012" } });
    await userEvent.click(await button("Save"));
    await waitFor(() => expect(sent(asked)).toHaveLength(1));
    expect(sent(asked)[0]?.body).toHaveProperty("outbound", {
      ...{ priority: 10, weight: 1, max_channels: 30, max_calls_per_second: null },
      rules: [{ prefix: "421", strip: 3, prepend: "0", cost_micros_per_minute: 12_000 }],
    });
  });

  test("lets calls only come in", async () => {
    const asked = drawTrunks(() => [200, made]);
    await edit();
    await userEvent.click(screen.getByRole("switch", { name: "Calls go out by this trunk" }));
    expect(screen.queryByLabelText("Priority")).toBeNull();
    await userEvent.click(await button("Save"));
    await waitFor(() => expect(sent(asked)).toHaveLength(1));
    expect(sent(asked)[0]?.body).toHaveProperty("outbound", null);
  });

  test("says at the rules what is wrong with one, and goes there", async () => {
    const problem = { title: "A field is wrong", status: 400, code: "invalid_field" };
    const detail = 'outbound.rules has the prefix "421" twice.';
    const asked = drawTrunks(() => [400, { ...problem, detail, field: "outbound.rules" }]);
    await edit();
    await userEvent.click(await button("Add rule"));
    const cost = screen.getByLabelText("Rule 1 costs per minute");
    fireEvent.change(cost, { target: { value: "dear" } });
    await userEvent.click(await button("Save"));
    const rules = screen.getByRole("group", { name: "Rules" });
    expect(await within(rules).findByText(/^“dear” is no cost of a minute/)).toBeTruthy();
    expect(document.activeElement).toBe(rules);
    expect(sent(asked)).toEqual([]);
    fireEvent.change(cost, { target: { value: "" } });
    await userEvent.click(await button("Save"));
    expect(await within(rules).findByText('Rules has the prefix "421" twice.')).toBeTruthy();
    await userEvent.click(await button("Remove rule 1"));
    expect(screen.queryByLabelText("Rule 1 begins with")).toBeNull();
  });

  test("warns what another name does", async () => {
    drawTrunks();
    await edit();
    await userEvent.type(screen.getByLabelText("Name"), "2");
    expect(screen.getByText("Dial strings that name “provider” reach nobody then.")).toBeTruthy();
  });
});

test("a trunk is deleted only after a question that says what it means", async () => {
  const asked = drawTrunks(() => [204, null]);
  await userEvent.click(await button("Actions for trunk provider"));
  await userEvent.click(await screen.findByRole("menuitem", { name: "Delete" }));
  expect(await screen.findByText(/calls that are up stay up/)).toBeTruthy();
  expect(sent(asked)).toEqual([]);
  await userEvent.click(await button("Delete"));
  expect(sent(asked)[0]).toMatchObject({ method: "DELETE", path: "/v1/trunks/t-provider" });
});
