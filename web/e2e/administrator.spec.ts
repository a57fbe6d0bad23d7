// The pages of set-up and a call's story in a real browser: what an administrator does, and what nobody else may.

import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type Browser, logIn, looksWell as looksWellOn, openBrowser } from "./browser.ts";

const { url, user, administrator } = inject("centre");

/** A number that no centre to test with has. */
const NUMBER = "7001";
const DID = "4215550199";
const TRUNK = "e2e-provider";
/** How long a call may take to be answered and end. */
const MOVES_MS = 45_000;

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await openBrowser(url);
  page = browser.page;
});
afterAll(() => browser?.close());

const dialog = (name: string | RegExp) => page.getByRole("dialog", { name });
const button = (name: string, exact = true) => page.getByRole("button", { name, exact });

const looksWell = (name: string, part?: Locator) => looksWellOn(page, name, part);

describe.skipIf(!administrator)("an administrator", () => {
  test("finds the pages of set-up", async () => {
    if (!administrator) return;
    await page.goto("/");
    await logIn(page, administrator);
    await page.getByRole("link", { name: "Phones" }).click();
    await page.getByRole("heading", { name: "Phones", level: 2 }).waitFor();
  });

  test("adds a phone and is shown its secret once", async () => {
    await button("Add phone").click();
    await page.getByLabel("Number", { exact: true }).fill("70x1");
    await button("Add").click();
    await page.getByText(/^Number has 'x'|^Number must have/).waitFor();
    await page.getByLabel("Number", { exact: true }).fill(NUMBER);
    await page.getByLabel("Name", { exact: true }).fill(`Nora ${"Example ".repeat(10)}\u202e<b>`);
    await looksWell("phone-form");
    await button("Add").click();
    await dialog(`Secret of phone ${NUMBER}`).waitFor();
    expect(await page.getByRole("textbox", { name: "Secret" }).inputValue()).toMatch(/.{12}/);
    await looksWell("phone-secret");
    await button("I have it").click();
    await looksWell("phones");
  });

  test("is told at the field that a number is taken", async () => {
    await button("Add phone").click();
    await page.getByLabel("Number", { exact: true }).fill(NUMBER);
    await button("Add").click();
    await page.getByText("Number is already taken.").waitFor();
    await button("Cancel").click();
  });

  test("finds a phone, deactivates it, and deletes it after a question", async () => {
    await page.getByLabel("Phones by number or name").fill(NUMBER);
    const row = page.locator(`tr[data-phone="${NUMBER}"]`);
    await row.getByText(/Pending|Live|Drifted/).waitFor();
    await button(`Actions for phone ${NUMBER}`).click();
    await page.getByRole("menuitem", { name: "Deactivate" }).click();
    await button("Deactivate").click();
    await row.getByText("Not active").waitFor();
    await button(`Actions for phone ${NUMBER}`).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await looksWell("phone-delete");
    await button("Delete").click();
    await row.waitFor({ state: "detached" });
    await page.getByText("No phone matches").waitFor();
  });

  test("adds a trunk, and not where calls of phones begin", async () => {
    await page.getByRole("link", { name: "Trunks" }).click();
    await button("Add trunk").click();
    await page.getByLabel("Name", { exact: true }).fill(TRUNK);
    await page.getByLabel("Host").fill("sip.example.net");
    await page.getByLabel("Context").fill("agents");
    await button("Add").click();
    await page.getByText(/^Context agents is where calls of phones begin/).waitFor();
    await looksWell("trunk-form");
    await page.getByLabel("Context").fill("");
  });

  test("says which calls go out by it, and no rule twice", async () => {
    await page.getByLabel("Priority").fill("3");
    await page.getByLabel("Calls up at most").fill("12");
    for (const rule of [1, 2]) {
      await button("Add rule").click();
      await page.getByLabel(`Rule ${rule} begins with`).fill("+99999");
      await page.getByLabel(`Rule ${rule} strips`).fill("5");
      await page.getByLabel(`Rule ${rule} prepends`).fill("0");
      await page.getByLabel(`Rule ${rule} costs per minute`).fill("0.012");
    }
    await button("Add").click();
    await page.getByText('Rules has the prefix "99999" twice.').waitFor();
    await looksWell("trunk-rules", button("Add rule"));
    await button("Remove rule 2").click();
    await button("Add").click();
    const row = page.locator(`tr[data-trunk="${TRUNK}"]`);
    await row.getByText("/ 12").waitFor();
    await row.getByRole("cell", { name: "3", exact: true }).waitFor();
    await looksWell("trunks");
  });

  test("checks a trunk, and calls nobody who is no number", async () => {
    await button(`Check trunk ${TRUNK}`).click();
    await page.getByText("Nobody has looked at it yet.").waitFor();
    await page.getByLabel("Number to call").fill("Local/1");
    await page.getByText(/^This really calls/).waitFor();
    await button("Check and call").click();
    await page.locator('[aria-invalid="true"]').waitFor();
    await page.getByLabel("Number to call").fill("");
    await button("Check").click();
    await page.getByRole("list", { name: "What was seen" }).getByRole("listitem").first().waitFor();
    await page.getByRole("region", { name: "Checks so far" }).getByRole("listitem").first().waitFor();
    await looksWell("trunk-check");
    await button("Close").last().click();
  });

  test("finds the way of a number", async () => {
    const number = page.getByLabel("Number to find the way of");
    await number.fill("+421 905 550 101");
    await button("Find").click();
    const told = page.getByRole("region", { name: "The way" });
    const own = told.getByRole("listitem").filter({ hasText: TRUNK });
    await own.getByText("has no rule for this number").waitFor();
    await looksWell("trunk-ways");
    await number.fill("nobody");
    await button("Find").click();
    await told.getByRole("alert").waitFor();
  });

  test("deletes a trunk after a question", async () => {
    await button(`Actions for trunk ${TRUNK}`).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await button("Delete").click();
    await page.locator(`tr[data-trunk="${TRUNK}"]`).waitFor({ state: "detached" });
  });

  test("says where a number of ours leads", async () => {
    await page.getByRole("link", { name: "DIDs" }).click();
    await button("Add DID").click();
    await page.getByLabel("Number", { exact: true }).fill("nobody");
    await page.getByLabel("Queue", { exact: true }).selectOption({ index: 1 });
    await button("Add").click();
    await page.getByText(/^Number has/).waitFor();
    await page.getByLabel("Number", { exact: true }).fill(`+${DID.slice(0, 3)} ${DID.slice(3)}`);
    await looksWell("did-form");
    await button("Add").click();
    const row = page.locator(`tr[data-did="+${DID}"]`);
    await row.getByText("20 s").waitFor();
    await button(`Actions for DID +${DID}`).click();
    await page.getByRole("menuitem", { name: "Show and edit" }).click();
    await page.getByLabel("Who calls back waits … seconds").fill("0");
    await page.getByLabel("Note", { exact: true }).fill(`Spring ${"offer ".repeat(30)}`);
    await button("Save").click();
    await row.getByText("Not", { exact: true }).waitFor();
    await looksWell("dids");
    await button(`Actions for DID +${DID}`).click();
    await page.getByRole("menuitem", { name: "Show and edit" }).click();
    await page.getByLabel("Leads to").selectOption("phone");
    await page.getByLabel("Phone", { exact: true }).fill("101");
    await looksWell("did-phone");
    await button("Save").click();
    await row.getByText("Phone 101").waitFor();
    await button(`Actions for DID +${DID}`).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await button("Delete").click();
    await row.waitFor({ state: "detached" });
  });

  test("tests the connection to a server", async () => {
    await page.getByRole("link", { name: "Servers" }).click();
    await page.locator("tr[data-server]").first().waitFor();
    await looksWell("servers");
    await page
      .getByRole("button", { name: /^Test connection/ })
      .first()
      .click();
    await page
      .getByRole("list", { name: "What was seen" })
      .getByText(/lets \w+ in/)
      .waitFor();
    await looksWell("server-check");
    await button("Close").last().click();
  });

  test("sees who changed the centre by a file, and what", async () => {
    await page.getByRole("link", { name: "Changes" }).click();
    await page.getByRole("region", { name: "Changes by centre files" }).waitFor();
    await page
      .getByText(/^No centre file was applied yet/)
      .or(button("What changed", false))
      .first()
      .waitFor();
    // What is kept is put back by others: nothing is kept for a test's sake.
    const change = { id: "c1", kind: "apply", made_at: "2026-03-02T09:00:00.000000Z", made_by: "key centre" };
    const before = ["[[queues]]", 'name = "sales"', "ring_seconds = 20", ...Array(9).fill("# more")].join(
      "\n",
    );
    const texts = { before, document: `${before.replace("20", "30")}\n[[dids]]\nnumber = "${DID}"` };
    await page.route(/\/v1\/centre\/changes/, (route) => {
      const one = route.request().url().endsWith("/c1");
      return route.fulfill({ json: one ? { ...change, ...texts } : { items: [change], next: null } });
    });
    await page.reload();
    await page.getByText("Not to its end").waitFor();
    await looksWell("changes");
    await button("What changed", false).click();
    const lines = page.getByRole("region", { name: "Lines that differ" });
    await lines.getByText("ring_seconds = 30").waitFor();
    await looksWell("change", lines);
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await button("Close").last().click();
  });

  test("reads a call's story", async () => {
    await page.getByRole("link", { name: "Calls" }).click();
    const answered = page.locator('[aria-label="Call log"] tr[data-call]').filter({ hasText: "Answered" });
    await answered.first().waitFor({ timeout: MOVES_MS });
    await answered.first().getByRole("button").click();
    const story = page.getByRole("region", { name: "What happened" });
    await story
      .getByText(/^The call arrived for|calls/)
      .first()
      .waitFor();
    await story
      .getByText(/^The caller talks with|^The customer answered/)
      .first()
      .waitFor();
    await story.getByText(/hung up$|^The call was ended$/).waitFor();
    expect(await story.innerText()).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}/);
    await looksWell("call-story");
    // The address is the story's own.
    await page.reload();
    await story.getByText(/hung up$|^The call was ended$/).waitFor();
    await button("Close").click();
    await story.waitFor({ state: "detached" });
  });

  test("reads by which trunks a call went", async () => {
    // No centre to test with has a trunk that fails: it is told into the story of another call.
    await page.route(/\/v1\/calls\/[^/?]+\/events/, async (route) => {
      const response = await route.fetch();
      const { items, next } = await response.json();
      const { seq, at, call } = items[0];
      const routed = {
        type: "call_routed",
        call,
        at,
        trunk: "provider",
        dialled: "0905550101",
        seq: seq + 0.1,
      };
      const again = { ...routed, trunk: "carrier", dialled: "421905550101", after_cause: 34, seq: seq + 0.2 };
      await route.fulfill({ response, json: { items: [...items, routed, again], next } });
    });
    await page.locator('[aria-label="Call log"] tr[data-call]').first().getByRole("button").click();
    const story = page.getByRole("region", { name: "What happened" });
    await story.getByText(/^Trunk .* could not take it; by trunk/).waitFor();
    await looksWell("call-routed");
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await button("Close").click();
  });
});

describe("somebody else", () => {
  test("has no pages of set-up, and is told whose they are", async () => {
    await browser.context.clearCookies();
    await page.goto("/phones");
    await page.waitForURL(/\/login/);
    await logIn(page, user);
    await page.getByRole("heading", { name: "Phones are set up by administrators" }).waitFor();
    expect(await page.getByRole("link", { name: "Phones" }).count()).toBe(0);
    await looksWell("set-up-closed");
  });
});

test("the page complained about nothing", () => {
  expect(browser.complaints).toEqual([]);
});
