import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Trunk } from "../api/types";
import { ADMINISTRATOR, draw, SUPERVISOR, serverSays } from "../testing/render";
import { provisioned, SERVER, trunk } from "../testing/telephony";
import { TrunksPage } from "./TrunksPage";

afterEach(() => vi.unstubAllGlobals());

function drawTrunks(
  done: Parameters<typeof serverSays>[0] = () => [500, null],
  trunks: Trunk[] = [trunk("provider")],
) {
  const seen = [provisioned({ registration: "Rejected" })];
  const asked = serverSays((request) => {
    const { method, path } = request;
    if (method !== "GET") return done(request);
    if (path === "/v1/servers") return [200, { items: [SERVER], next: null }];
    if (path === "/v1/trunks") return [200, { items: trunks, next: null }];
    return [200, { ...trunks[0], provisioned: seen }];
  });
  draw(<TrunksPage />, { user: ADMINISTRATOR });
  return asked;
}

const sent = (asked: ReturnType<typeof serverSays>) => asked.filter(({ method }) => method !== "GET");
const button = (name: string) => screen.findByRole("button", { name });
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
