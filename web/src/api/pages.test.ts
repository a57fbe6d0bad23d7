import { expect, test, vi } from "vitest";
import { everyPage } from "./pages";

test("fetches page after page, in order", async () => {
  const fetchPage = vi.fn(async (cursor: string | undefined) =>
    cursor ? { items: [2] } : { items: [1], next: "a" },
  );
  expect(await everyPage(fetchPage)).toEqual({ items: [1, 2], cut: false });
  expect(fetchPage.mock.calls).toEqual([[undefined], ["a"]]);
});

test("ends where a server says the same cursor again", async () => {
  const fetchPage = vi.fn(async () => ({ items: [1], next: "a" }));
  expect(await everyPage(fetchPage)).toEqual({ items: [1, 1], cut: false });
});

test("ends somewhere, and says that there is more", async () => {
  let page = 0;
  const fetchPage = vi.fn(async () => ({ items: [0], next: String(++page) }));
  const { items, cut } = await everyPage(fetchPage);
  expect([items.length, cut]).toEqual([80, true]);
});

test("fails with the page that fails", async () => {
  await expect(everyPage(() => Promise.reject(new Error("refused")))).rejects.toThrow("refused");
});
