// The desk in a real browser: an agent sees the own phone, and sits down at another.

import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type Browser, logIn, looksWell, openBrowser } from "./browser.ts";
import type { LogIn } from "./centre.ts";

const { url, user, agent, administrator } = inject("centre");

/** A number that no centre to test with has. */
const NUMBER = "7002";
/** How long the centre may take to do something that can be seen. */
const MOVES_MS = 45_000;

let browser: Browser;
let page: Page;
/** Where the agent sat. */
let before = "";

beforeAll(async () => {
  browser = await openBrowser(url);
  page = browser.page;
});
afterAll(() => browser?.close());

const button = (name: string | RegExp) => page.getByRole("button", { name, exact: true });
const extension = () => page.getByLabel("Extension of the phone");

async function enter(path: string, who: LogIn) {
  await browser.context.clearCookies();
  await page.goto(path);
  await page.waitForURL(/\/login/);
  await logIn(page, who);
}

describe.skipIf(!administrator || !agent)("a hot desk", () => {
  test("has a phone that is set up", async () => {
    if (!administrator) return;
    await enter("/phones", administrator);
    await button("Add phone").click();
    await page.getByLabel("Number", { exact: true }).fill(NUMBER);
    await button("Add").click();
    await button("I have it").click();
  });

  test("is taken by an agent, by keyboard, but no desk that is none", async () => {
    if (!agent) return;
    await enter("/", agent);
    const own = page.getByRole("region", { name: "Your state" });
    // Nobody moves during a call.
    await own.getByRole("button", { name: "Offline" }).click();
    await page.locator('[aria-label="Your state"][data-state="offline"]').waitFor({ timeout: MOVES_MS });
    const seat = own.getByRole("button", { name: /^Phone \d+$/ });
    before = /\d+/.exec(await seat.innerText())?.[0] ?? "";
    await seat.focus();
    await page.keyboard.press("Enter");
    await extension().fill("7009");
    await page.keyboard.press("Enter");
    await page.getByText("No phone has the extension 7009.").waitFor();
    await looksWell(page, "desk", extension());
    await extension().fill(NUMBER);
    await page.keyboard.press("Enter");
    await page.getByText(`Calls ring at phone ${NUMBER} from now on.`).waitFor();
    await button(`Phone ${NUMBER}`).waitFor();
  });

  test("is seen by supervisors, who sit its agent down elsewhere", async () => {
    await enter("/", user);
    await page.getByLabel("Agents by name or extension").fill(NUMBER);
    const row = page.locator("tr[data-agent]").filter({ has: page.getByRole("cell", { name: NUMBER }) });
    const id = await row.getAttribute("data-agent");
    // The phone will be another one; only rows in sight are drawn.
    await page.getByLabel("Agents by name or extension").fill(await row.getByRole("rowheader").innerText());
    const one = page.locator(`tr[data-agent="${id}"]`);
    await one.getByRole("button", { name: /^Set state of/ }).click();
    await page.getByRole("menuitem", { name: "Sit at another phone" }).click();
    await extension().fill(before);
    await looksWell(page, "desk-of-another");
    await button("Sit there").click();
    await one.getByRole("cell", { name: new RegExp(`^${before}`) }).waitFor();
    await one.getByRole("button", { name: /^Set state of/ }).click();
    await page.getByRole("menuitem", { name: "Available" }).click();
  });

  test("is cleared away", async () => {
    if (!administrator) return;
    await enter("/phones", administrator);
    await page.getByLabel("Phones by number or name").fill(NUMBER);
    await button(`Actions for phone ${NUMBER}`).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await button("Delete").click();
    await page.locator(`tr[data-phone="${NUMBER}"]`).waitFor({ state: "detached" });
  });
});

test("the page complained about nothing", () => {
  expect(browser.complaints).toEqual([]);
});
