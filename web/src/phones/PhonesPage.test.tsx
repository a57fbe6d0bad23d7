import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Extension, Provisioned } from "../api/types";
import { ADMINISTRATOR, AGENT, draw, SUPERVISOR, serverSays } from "../testing/render";
import { phone, provisioned, SERVER } from "../testing/telephony";
import { PhonesPage } from "./PhonesPage";

afterEach(() => vi.unstubAllGlobals());

type Says = Parameters<typeof serverSays>[0];

interface Set {
  phones?: Extension[];
  seen?: Provisioned[];
  /** What it says to anything but a question. */
  done?: Says;
}

function drawPhones({ phones = [phone("101", { name: "Nora" })], seen = [provisioned()], done }: Set = {}) {
  const asked = serverSays((request) => {
    const { method, path } = request;
    if (method !== "GET" && done) return done(request);
    if (path === "/v1/servers") return [200, { items: [SERVER], next: null }];
    if (path === "/v1/extensions") return [200, { items: phones, next: null }];
    const one = phones.find(({ id }) => path === `/v1/extensions/${id}`);
    return one
      ? [200, { ...one, provisioned: seen }]
      : [404, { title: "There is no such phone", status: 404 }];
  });
  return { ...draw(<PhonesPage />, { user: ADMINISTRATOR }), asked };
}

const row = (number: string) => screen.findByRole("row", { name: new RegExp(`^${number} `) });
const sent = (asked: ReturnType<typeof serverSays>) => asked.filter(({ method }) => method !== "GET");
const button = (name: string) => screen.findByRole("button", { name });
async function choose(item: string) {
  await userEvent.click(await button("Actions for phone 101"));
  await userEvent.click(await screen.findByRole("menuitem", { name: item }));
}
const refused = (field: string, detail: string): [number, unknown] => [
  400,
  { title: "A field is wrong", status: 400, code: "invalid_field", detail, field },
];

describe("the page of phones", () => {
  test.each([AGENT, SUPERVISOR])("is not for a %o, and asks for nothing then", (user) => {
    const asked = serverSays(() => [403, null]);
    draw(<PhonesPage />, { user });
    expect(screen.getByRole("heading", { name: "Phones are set up by administrators" })).toBeTruthy();
    expect(asked).toEqual([]);
  });

  test("says how Asterisk has each, and where it has registered", async () => {
    drawPhones();
    const cells = within(await row("101"));
    expect(await cells.findByText("Live")).toBeTruthy();
    expect(cells.getByText("192.0.2.7:5060")).toBeTruthy();
    expect(cells.getByText("4.2 ms")).toBeTruthy();
  });

  test("says why one has drifted", async () => {
    const reason = "its context is from-internal";
    drawPhones({ seen: [provisioned({ state: "drifted", reason, contacts: [] })] });
    const label = await within(await row("101")).findByText("Drifted");
    expect(label.closest("[title]")?.getAttribute("title")).toBe(`pbx-1: drifted, ${reason}`);
  });

  test("asks about few at a time, and not about those that are not active", async () => {
    const phones = Array.from({ length: 60 }, (_, index) =>
      phone(String(101 + index), { active: index !== 1 }),
    );
    const [going, most] = [new Set<string>(), { at: 0 }];
    const asked: string[] = [];
    vi.stubGlobal("fetch", async ({ url }: Request) => {
      const { pathname: path } = new URL(url);
      if (path === "/v1/extensions") return Response.json({ items: phones, next: null });
      asked.push(path);
      going.add(path);
      most.at = Math.max(most.at, going.size);
      await new Promise((resolve) => setTimeout(resolve));
      going.delete(path);
      return Response.json({ ...phone("101"), provisioned: [] });
    });
    draw(<PhonesPage />, { user: ADMINISTRATOR });
    await waitFor(() => expect(asked.length).toBeGreaterThan(15));
    expect(most.at).toBe(4);
    expect(asked).not.toContain("/v1/extensions/e102");
  });

  test("finds by number and by name", async () => {
    drawPhones({ phones: [phone("101", { name: "Nora" }), phone("202", { name: "Omar" })] });
    await row("101");
    await userEvent.type(screen.getByLabelText("Phones by number or name"), "oma");
    expect(screen.queryByRole("row", { name: /^101 / })).toBeNull();
    expect(await row("202")).toBeTruthy();
    await userEvent.type(screen.getByLabelText("Phones by number or name"), "x");
    expect(screen.getByText("No phone matches. Clear the search to see all.")).toBeTruthy();
  });

  test("says in words that there are none", async () => {
    drawPhones({ phones: [] });
    expect(await screen.findByText(/^No phones are set up here yet/)).toBeTruthy();
  });

  test("says in words that they are not known, and tries again", async () => {
    let down = true;
    serverSays(() =>
      down
        ? [503, { title: "The database does not answer", status: 503 }]
        : [200, { items: [phone("101", { active: false })], next: null }],
    );
    draw(<PhonesPage />, { user: ADMINISTRATOR });
    expect(within(await screen.findByRole("alert")).getByText("The database does not answer.")).toBeTruthy();
    expect(screen.getByText("The phones are not known.")).toBeTruthy();
    down = false;
    await userEvent.click(await button("Try again"));
    expect(await row("101")).toBeTruthy();
    expect(screen.queryByRole("alert")).toBeNull();
  });

  test("shows what others chose as text", async () => {
    drawPhones({ phones: [phone("101", { name: "<img src=x onerror=alert(1)>" })] });
    expect(within(await row("101")).getByText("<img src=x onerror=alert(1)>")).toBeTruthy();
    expect(document.querySelector("img")).toBeNull();
  });
});

describe("adding phones", () => {
  test("shows the secret once, and closes only when it was taken", async () => {
    const made = { ...phone("103"), secret: "abcde-12345", provisioned: [provisioned()] };
    const { asked } = drawPhones({ done: () => [201, made] });
    await userEvent.click(await button("Add phone"));
    await userEvent.type(await screen.findByLabelText("Number"), "103");
    await userEvent.click(await button("Add"));
    expect(await screen.findByRole("dialog", { name: "Secret of phone 103" })).toBeTruthy();
    expect(screen.getByLabelText<HTMLTextAreaElement>("Secret").value).toBe("abcde-12345");
    expect(sent(asked)[0]).toMatchObject({
      ...{ method: "POST", path: "/v1/extensions", guarded: true },
      body: {
        number: "103",
        name: null,
        server: null,
        codecs: ["opus", "g722", "alaw", "ulaw"],
        qualify_seconds: 60,
      },
    });
    await userEvent.keyboard("{Escape}");
    expect(screen.getByLabelText("Secret")).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Close" })).toBeNull();
    await userEvent.click(await button("I have it"));
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  test("says at the field what is refused, and keeps what was typed", async () => {
    drawPhones({ done: () => refused("number", "number is already taken.") });
    await userEvent.click(await button("Add phone"));
    await userEvent.type(await screen.findByLabelText("Number"), "101");
    await userEvent.click(await button("Add"));
    expect(await screen.findByText("Number is already taken.")).toBeTruthy();
    expect(screen.getByLabelText<HTMLInputElement>("Number").value).toBe("101");
    expect(screen.getByLabelText("Number").getAttribute("aria-invalid")).toBe("true");
    expect(document.activeElement).toBe(screen.getByLabelText("Number"));
  });

  test("takes a secret that the phone has already, and none where nothing was typed", async () => {
    const made = { ...phone("103"), secret: "known-secret", provisioned: [] };
    const { asked } = drawPhones({ done: () => [201, made] });
    for (const secret of ["", "known-secret"]) {
      await userEvent.click(await button("Add phone"));
      await userEvent.type(await screen.findByLabelText("Number"), "103");
      if (secret) await userEvent.type(screen.getByLabelText("Secret"), secret);
      await userEvent.click(await button("Add"));
      await userEvent.click(await button("I have it"));
    }
    expect(sent(asked)[0]?.body).not.toHaveProperty("secret");
    expect(sent(asked)[1]?.body).toMatchObject({ secret: "known-secret" });
  });

  test("asks nobody about a codec that is none", async () => {
    const { asked } = drawPhones({ done: () => [201, {}] });
    await userEvent.click(await button("Add phone"));
    await userEvent.type(await screen.findByLabelText("Number"), "103");
    await userEvent.type(screen.getByLabelText("Codecs"), ", mp3");
    await userEvent.click(await button("Add"));
    expect(await screen.findByText(/^“mp3” is no codec/)).toBeTruthy();
    expect(sent(asked)).toEqual([]);
  });

  test("adds a range, and shows all their secrets", async () => {
    vi.stubGlobal("URL", Object.assign(URL, { createObjectURL: () => "blob:x", revokeObjectURL: () => {} }));
    const items = [
      { ...phone("103"), secret: "s3" },
      { ...phone("104"), secret: "s4" },
    ];
    const { asked } = drawPhones({ done: () => [200, { items }] });
    await userEvent.click(await button("Add range"));
    await userEvent.type(await screen.findByLabelText("First number"), "103");
    await userEvent.type(screen.getByLabelText("Last number"), "104");
    await userEvent.click(await button("Add 2 phones"));
    expect((await screen.findByLabelText<HTMLTextAreaElement>("Numbers and secrets")).value).toBe(
      "103,s3\n104,s4",
    );
    expect(sent(asked)[0]).toMatchObject({
      path: "/v1/extensions/range",
      body: { number: "103", last: "104", mailbox: null },
    });
  });
});

describe("one phone", () => {
  test("is changed without another secret", async () => {
    const made = { ...phone("101", { name: "Omar" }), secret: null, provisioned: [provisioned()] };
    const { asked } = drawPhones({ done: () => [200, made] });
    await choose("Show and edit");
    const name = await screen.findByLabelText("Name");
    await userEvent.clear(name);
    await userEvent.type(name, "Omar");
    await userEvent.click(await button("Save"));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    const [put] = sent(asked);
    expect(put).toMatchObject({
      method: "PUT",
      path: "/v1/extensions/e101",
      body: { name: "Omar", number: "101" },
    });
    expect(put?.body).not.toHaveProperty("secret");
  });

  test("warns that another number needs another secret", async () => {
    drawPhones();
    await choose("Show and edit");
    await userEvent.type(await screen.findByLabelText("Number"), "9");
    expect(screen.getByText(/^Another number needs another secret/)).toBeTruthy();
  });

  test("is deleted only after a question that says what it means", async () => {
    const { asked } = drawPhones({ done: () => [204, null] });
    await choose("Delete");
    expect(await screen.findByText(/it can neither register nor be called/)).toBeTruthy();
    await userEvent.click(await button("Cancel"));
    expect(sent(asked)).toEqual([]);
    await choose("Delete");
    await userEvent.click(await button("Delete"));
    expect(sent(asked)[0]).toMatchObject({ method: "DELETE", path: "/v1/extensions/e101", guarded: true });
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });

  test("says in the question why it was not deleted", async () => {
    drawPhones({
      done: () => [404, { title: "There is no such extension", status: 404, code: "not_found" }],
    });
    await choose("Delete");
    await userEvent.click(await button("Delete"));
    expect((await screen.findByRole("alert")).textContent).toBe("There is no such extension.");
  });

  test("gets a new secret after a question", async () => {
    const made = { ...phone("101"), secret: "fresh-secret", provisioned: [] };
    const { asked } = drawPhones({ done: () => [200, made] });
    await choose("New secret");
    expect(await screen.findByText(/is worth nothing from that moment/)).toBeTruthy();
    await userEvent.click(await button("Make a new secret"));
    expect((await screen.findByLabelText<HTMLTextAreaElement>("Secret")).value).toBe("fresh-secret");
    expect(sent(asked)[0]).toMatchObject({ path: "/v1/extensions/e101/secret", body: {} });
  });

  test("is deactivated as it is now, not as it was listed", async () => {
    const { asked } = drawPhones({ done: () => [200, { ...phone("101"), provisioned: [] }] });
    await choose("Deactivate");
    await userEvent.click(await button("Deactivate"));
    await waitFor(() => expect(sent(asked)).toHaveLength(1));
    const { id: _id, ...fields } = phone("101", { name: "Nora", active: false });
    expect(sent(asked)[0]).toMatchObject({ method: "PUT", body: fields });
    expect(sent(asked)[0]?.body).not.toHaveProperty("provisioned");
  });
});
