import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { centre } from "../testing/centre";
import { draw } from "../testing/render";
import { LostBanner } from "./LostBanner";

test("is silent while the stream is up", () => {
  draw(<LostBanner />, { live: centre() });
  expect(screen.queryByRole("status")).toBeNull();
});

test("says of when the data are, and tries at once when told to", async () => {
  const since = new Date(2026, 2, 2, 14, 3, 22).getTime();
  const link = { state: "lost", since, retryAt: Date.now() + 4_000 } as const;
  const { feed } = draw(<LostBanner />, { live: centre(), state: { link } });
  expect(screen.getByRole("status").textContent).toContain("Showing data of 14:03:22");
  await userEvent.click(screen.getByRole("button", { name: "Try now" }));
  expect(feed.retryNow).toHaveBeenCalledOnce();
});
