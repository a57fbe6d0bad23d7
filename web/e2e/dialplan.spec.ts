// The dialplan in a real browser: contexts and their rules, and what would become of a call.

import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type Browser, logIn, looksWell, openBrowser } from "./browser.ts";

const { url, administrator } = inject("centre");

/** Names that no centre to test with has. */
const [INSIDE, ABROAD] = ["e2e-inside", "e2e-abroad"];

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await openBrowser(url);
  page = browser.page;
});
afterAll(() => browser?.close());

const dialog = (name: string | RegExp) => page.getByRole("dialog", { name });
const button = (name: string) => page.getByRole("button", { name, exact: true });
const rule = (number: number): Locator => page.locator(`li[data-rule="${number}"]`);

async function addRule(number: number, pattern: string, action: string) {
  await button("Add rule").click();
  await rule(number).getByLabel("Pattern").fill(pattern);
  await rule(number).getByLabel("What becomes of the call").selectOption(action);
}

describe.skipIf(!administrator)("an administrator", () => {
  test("adds a context with the usual rules", async () => {
    if (!administrator) return;
    await page.goto("/dialplan");
    await logIn(page, administrator);
    await button("Add context").click();
    await page.getByLabel("Name", { exact: true }).fill("e2e abroad");
    await button("Add").click();
    await page.getByText(/^Name has ' '/).waitFor();
    await page.getByLabel("Name", { exact: true }).fill(ABROAD);
    await button("Add").click();
    await page
      .getByRole("region", { name: `Rules of ${ABROAD}` })
      .getByText("_+X.")
      .waitFor();
  });

  test("says what becomes of a call, and is told at the rule what cannot be", async () => {
    await button("Add context").click();
    await page.getByLabel("Name", { exact: true }).fill(INSIDE);
    await page.getByLabel("Begin with the usual rules").uncheck();
    await addRule(1, "_1XX", "phone");
    await rule(1).getByText("Fits: 1, then 2 digits.").waitFor();
    await addRule(2, "0Z.", "go_to");
    await rule(2).getByLabel("Context").selectOption(ABROAD);
    await addRule(3, "_0900.", "hang_up");
    await button("Add").click();
    await rule(2)
      .getByText(/a pattern begins with '_'/)
      .waitFor();
    const pattern = rule(2).getByLabel("Pattern");
    await page.waitForFunction((at) => document.activeElement === at, await pattern.elementHandle());
    await looksWell(page, "dialplan-form", pattern);
    await pattern.fill("_00Z.");
    await button("Add").click();
    await dialog("Add a context").waitFor({ state: "detached" });
    const rules = page.getByRole("region", { name: `Rules of ${INSIDE}` });
    await rules.getByText("00, then one of 1–9, then at least one more").waitFor();
    await rules.getByText("ends: refused (cause 21)").waitFor();
    await looksWell(page, "dialplan");
  });

  test("sets up a menu, and is told at the rule which key is there twice", async () => {
    await button("Change rules").click();
    await addRule(4, "*1", "menu");
    await rule(4).getByLabel("Sound").fill("custom/welcome");
    await rule(4).getByLabel("Keys").fill("1=101, 1=102");
    await rule(4).getByLabel("Context").selectOption(ABROAD);
    await button("Save").click();
    await rule(4)
      .getByText(/^Has key "1" twice/)
      .waitFor();
    await rule(4).getByLabel("Keys").fill("1=101, 2=102");
    await looksWell(page, "dialplan-menu", rule(4).getByLabel("Keys"));
    await button("Save").click();
    const rules = page.getByRole("region", { name: `Rules of ${INSIDE}` });
    await rules.getByText(/a key chooses in e2e-abroad: 1 dials 101, 2 dials 102/).waitFor();
  });

  test("moves and removes rules, by keyboard", async () => {
    await button("Change rules").click();
    await button("Move rule 3 up").focus();
    await page.keyboard.press("Enter");
    await rule(2).getByText("_0900.").waitFor();
    await page.getByRole("button", { name: /^Rule 2:/ }).focus();
    await page.keyboard.press("Enter");
    await rule(2).getByLabel("Rule's note").fill("Dear");
    await button("Save").click();
    await page
      .getByRole("region", { name: `Rules of ${INSIDE}` })
      .getByText("Dear")
      .waitFor();
  });

  test("sees the path of a call, step by step", async () => {
    await page.getByLabel("Who calls: a phone, a trunk or a context").fill(INSIDE);
    await page.getByLabel("What is dialled").fill("00 420 777 550 101");
    await page.keyboard.press("Enter");
    const path = page.getByRole("region", { name: "The path of the call" });
    await path.getByText(`Somebody in context ${INSIDE} dials 00420777550101`).waitFor();
    const steps = path.getByRole("list", { name: "Contexts on the way" });
    expect(await steps.locator('li[data-holds="true"]').count()).toBe(2);
    await steps.getByText(`In ${ABROAD}:`).waitFor();
    const hidden = await steps.getByText("Does not fit:").count();
    expect(hidden).toBe(0);
    await path.getByRole("button", { name: /^Show/ }).click();
    await steps.getByText("Does not fit:").first().waitFor();
    await looksWell(page, "dialplan-path", path);
    await page.getByLabel("What is dialled").fill("nobody");
    await button("Try").click();
    await path.getByRole("alert").waitFor();
  });

  test("deletes no context that another leads to, and says which", async () => {
    await button(`Actions for context ${ABROAD}`).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await dialog(`Context ${ABROAD} is in use`).getByText(`Rules of context ${INSIDE} lead there.`).waitFor();
    await looksWell(page, "dialplan-in-use");
    await button("Close").last().click();
    for (const name of [INSIDE, ABROAD]) {
      await button(`Actions for context ${name}`).click();
      await page.getByRole("menuitem", { name: "Delete" }).click();
      await button("Delete").click();
      await page.locator(`tr[data-context="${name}"]`).waitFor({ state: "detached" });
    }
  });
});

test("the page complained about nothing", () => {
  expect(browser.complaints).toEqual([]);
});
