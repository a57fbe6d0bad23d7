import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { CentreChange, CentreChangeView } from "../api/types";
import { T0 } from "../testing/centre";
import { ADMINISTRATOR, draw, SUPERVISOR, serverSays } from "../testing/render";
import { ChangesPage } from "./ChangesPage";

afterEach(() => vi.unstubAllGlobals());

const change = (part: Partial<CentreChange> = {}): CentreChange => ({
  ...{ id: "c1", kind: "apply", made_at: T0, made_by: "key centre", finished_at: T0 },
  ...part,
});
const BEFORE = '[[queues]]\nname = "sales"\nring_seconds = 20\n';
const AFTER = '[[queues]]\nname = "sales"\nring_seconds = 30\n';

function drawChanges(changes: CentreChange[], texts: Partial<CentreChangeView> = {}) {
  serverSays(({ path }) => {
    const known = changes.find(({ id }) => path === `/v1/centre/changes/${id}`);
    if (known) return [200, { ...known, before: BEFORE, document: AFTER, ...texts }];
    return path === "/v1/centre/changes" ? [200, { items: changes, next: null }] : [404, { title: "None" }];
  });
  draw(<ChangesPage />, { user: ADMINISTRATOR });
}
const open = async () => userEvent.click(await screen.findByRole("button", { name: /^What changed, of/ }));

describe("the page of changes", () => {
  test("is not for a supervisor", () => {
    draw(<ChangesPage />, { user: SUPERVISOR });
    expect(
      screen.getByRole("heading", { name: "Changes of the centre are for administrators" }),
    ).toBeTruthy();
  });

  test("says who applied what, and whether it came to its end", async () => {
    drawChanges([change(), change({ id: "c2", kind: "rollback", made_by: "ada", finished_at: null })]);
    const first = within(await screen.findByRole("row", { name: /key centre/ }));
    expect(first.getByText("A file was applied")).toBeTruthy();
    expect(first.getByText("Done")).toBeTruthy();
    const second = within(screen.getByRole("row", { name: /ada/ }));
    expect(second.getByText("What was before was put back")).toBeTruthy();
    expect(second.getByText("Not to its end")).toBeTruthy();
  });

  test("says in words that there are none", async () => {
    drawChanges([]);
    expect(await screen.findByText(/^No centre file was applied yet/)).toBeTruthy();
  });
});

describe("one change", () => {
  test("shows the lines that differ, as text", async () => {
    drawChanges([change()], { document: AFTER.replace("sales", "<b>sales</b>") });
    await open();
    const lines = within(await screen.findByRole("region", { name: "Lines that differ" }));
    expect(lines.getByText("ring_seconds = 30").parentElement?.textContent).toBe("+Is: ring_seconds = 30");
    expect(lines.getByText("ring_seconds = 20").parentElement?.textContent).toBe("−Was: ring_seconds = 20");
    expect(lines.getByText('name = "<b>sales</b>"')).toBeTruthy();
    expect(document.querySelector("section b")).toBeNull();
  });

  test("says what is to be done where it did not come to its end", async () => {
    drawChanges([change({ finished_at: null })], { document: BEFORE });
    await open();
    expect(await screen.findByText("The file says what was there already.")).toBeTruthy();
    expect(screen.getByText(/^It did not come to its end/)).toBeTruthy();
  });
});
