// The page in a real browser against a server with calls: what a supervisor and an agent see and do.

import type { Page, WebSocketRoute } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { accessibilityProblems, type Browser, logIn, openBrowser, screenshot } from "./browser.ts";

const { url, user, agent } = inject("centre");

/** How long the centre may take to do something that can be seen. */
const MOVES_MS = 45_000;

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await openBrowser(url);
  page = browser.page;
});
afterAll(() => browser?.close());

describe("logging in", () => {
  test("leads to the log-in page and refuses a wrong password in words", async () => {
    await page.goto("/");
    await page.waitForURL(/\/login/);
    expect(await accessibilityProblems(page)).toEqual([]);
    await logIn(page, { name: user.name, password: "not the password" });
    expect(await page.getByRole("alert").innerText()).toMatch(/\w+ \w+/);
    await screenshot(page, "login-refused");
  });

  test("opens the live page", async () => {
    await logIn(page, user);
    await page.getByRole("heading", { name: "Queues" }).waitFor();
    await page.getByText("Connected", { exact: true }).waitFor();
    await page.locator("tr[data-queue]").first().waitFor();
  });
});

/** An agent to set the state of; rather one who gets no calls, whose state changes only when somebody says so. */
async function someAgent() {
  const idle = page.locator('tr[data-agent][data-state="offline"], tr[data-agent][data-state="break"]');
  const available = page.locator('tr[data-agent][data-state="available"]');
  await idle.or(available).first().waitFor({ timeout: MOVES_MS });
  const row = ((await idle.count()) > 0 ? idle : available).first();
  return { id: await row.getAttribute("data-agent"), state: await row.getAttribute("data-state") };
}

describe("the live page", () => {
  test("shows queues and calls as they change", async () => {
    const before = await page.locator('[aria-label="Queues"] tbody').innerText();
    const calls = await page.locator('[aria-label="Calls"] tbody').innerText();
    await page.waitForFunction(
      ([queuesThen, callsThen]) => {
        // Running counts change by themselves; what is meant is what the server said.
        const still = (text: string) => text.replace(/▲?\s*\d+:[\d:]+/g, "");
        const now = (name: string) =>
          still(document.querySelector<HTMLElement>(`[aria-label="${name}"] tbody`)?.innerText ?? "");
        return now("Queues") !== still(queuesThen ?? "") && now("Calls") !== still(callsThen ?? "");
      },
      [before, calls],
      { timeout: MOVES_MS },
    );
    await screenshot(page, "live-light");
  });

  test("counts time without a word from the server", async () => {
    const timer = page.locator("tr[data-agent] .timer").first();
    const before = await timer.innerText();
    await page.waitForFunction(
      (then) => document.querySelector<HTMLElement>("tr[data-agent] .timer")?.innerText !== then,
      before,
    );
  });

  test("sets an agent's state", async () => {
    const { id, state } = await someAgent();
    const wanted = state === "break" ? "offline" : "break";
    const row = page.locator(`tr[data-agent="${id}"]`);
    await row.getByRole("button", { name: /^Set state of/ }).click();
    await page.getByRole("menuitem", { name: wanted === "break" ? "Break" : "Offline" }).click();
    // A call that came just then goes first; the wish stands beside it.
    const done = page.locator(`tr[data-agent="${id}"][data-state="${wanted}"]`);
    await done.or(row.getByText(/then (Break|Offline)/)).waitFor();
    await screenshot(page, "agent-set");
  });

  test("limits calls and agents to a queue, by keyboard", async () => {
    const button = page.locator("tr[data-queue] button").first();
    await button.focus();
    await page.keyboard.press("Enter");
    expect(await button.getAttribute("aria-pressed")).toBe("true");
    await page.getByText(/^\d+ of \d+$/).waitFor();
    await screenshot(page, "queue-chosen");
    await page.keyboard.press("Enter");
    expect(await button.getAttribute("aria-pressed")).toBe("false");
  });

  test("has no accessibility problems, light or dark", async () => {
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.locator('html[data-mantine-color-scheme="dark"]').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await screenshot(page, "live-dark");
    await page.emulateMedia({ colorScheme: "light" });
  });
});

describe("a lost connection", () => {
  test("is told, with the time of the data, and mended", async () => {
    let cut = false;
    let refused = 0;
    const open = new Set<WebSocketRoute>();
    await page.routeWebSocket("**/ws*", (socket) => {
      if (cut) {
        refused += 1;
        return void socket.close();
      }
      open.add(socket);
      socket.connectToServer();
    });
    await page.route("**/v1/**", (route) => (cut ? route.abort() : route.fallback()));
    await page.reload();
    await page.getByText("Connected", { exact: true }).waitFor();

    cut = true;
    for (const socket of open) await socket.close();
    await page.getByText(/Showing data of \d\d:\d\d:\d\d/).waitFor();
    await page.getByText("Reconnecting", { exact: true }).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await screenshot(page, "reconnecting");

    // While it is still cut: the page tries by itself as well, and a button that has gone cannot be clicked.
    const before = refused;
    await page.getByRole("button", { name: "Try now" }).click();
    await expect.poll(() => refused, { timeout: 5_000 }).toBeGreaterThan(before);

    cut = false;
    await page.getByText("Connected", { exact: true }).waitFor({ timeout: 20_000 });
    expect(await page.getByText(/Showing data of/).count()).toBe(0);
  });
});

describe("the call log", () => {
  test("lists calls", async () => {
    await page.getByRole("link", { name: "Calls" }).click();
    await page.locator('[aria-label="Call log"] tr[data-call]').first().waitFor({ timeout: MOVES_MS });
    expect(await accessibilityProblems(page)).toEqual([]);
    await screenshot(page, "calls");
  });

  test("has targets that can be hit, also where a row is half under the head", async () => {
    await page.setViewportSize({ width: 1366, height: 330 });
    const table = page.getByRole("region", { name: "Call log" });
    for (const top of [20, 23, 26]) {
      await table.evaluate((scroller, to) => scroller.scrollTo(0, to), top);
      expect(await accessibilityProblems(page)).toEqual([]);
    }
    await page.setViewportSize({ width: 1366, height: 768 });
  });
});

describe("logging out", () => {
  test("leads to the log-in page, and back there from any other", async () => {
    await page.getByRole("button", { name: new RegExp(user.name) }).click();
    await page.getByRole("menuitem", { name: "Log out" }).click();
    await page.waitForURL(/\/login/);
    await page.goto("/calls");
    await page.waitForURL(/\/login/);
  });
});

// A page of the server's own, which the simulated centre has not.
describe.skipIf(process.env.CORDBOARD_MOCK)("the dashboard of caller IDs", () => {
  test("asks for the log-in, and comes after it", async () => {
    await page.goto("/dashboard");
    await page.waitForURL(/\/login\?next=/);
    await logIn(page, user);
    await page.waitForURL(/\/dashboard$/);
    await page.getByRole("heading", { name: "Caller IDs" }).waitFor();
    // It has no scripts, so it is loaded anew every 30 s, as its predecessor was. That is all axe may find.
    const problems = await accessibilityProblems(page);
    expect(problems.filter((problem) => !problem.startsWith("meta-refresh:"))).toEqual([]);
    await screenshot(page, "dashboard");
  });

  test("asks again when the session is gone", async () => {
    await browser.context.clearCookies();
    await page.reload();
    await page.waitForURL(/\/login\?next=/);
    await page.goto("/calls");
    await page.waitForURL(/\/login/);
  });
});

describe.skipIf(!agent)("an agent", () => {
  test("sets the own state", async () => {
    if (!agent) return;
    await logIn(page, agent);
    // Back where the log-in interrupted, and from there to the live page.
    await page.waitForURL(/\/calls$/);
    await page.getByRole("link", { name: "Live" }).click();
    const own = page.getByRole("region", { name: "Your state" });
    await own.getByRole("button", { name: "Offline" }).click();
    await page.locator('[aria-label="Your state"][data-state="offline"]').waitFor({ timeout: MOVES_MS });
    await own.getByLabel(/Reason for a break/).fill("Lunch");
    await own.getByRole("button", { name: "Break", exact: true }).click();
    await page.locator('[aria-label="Your state"][data-state="break"]').waitFor();
    await own.getByText("Lunch").waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await screenshot(page, "agent");
    await own.getByRole("button", { name: "Available" }).click();
    await page.locator('[aria-label="Your state"]:not([data-state="break"])').waitFor();
  });
});

test("the page complained about nothing", () => {
  expect(browser.complaints).toEqual([]);
});
