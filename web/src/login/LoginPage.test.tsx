import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { draw, SUPERVISOR, serverAnswers } from "../testing/render";
import { LoginPage } from "./LoginPage";

afterEach(() => vi.unstubAllGlobals());

async function enter(name: string, password: string) {
  await userEvent.type(screen.getByLabelText("Name"), name);
  await userEvent.type(screen.getByLabelText("Password"), password);
  await userEvent.click(screen.getByRole("button", { name: "Log in" }));
}

test("logs in with name and password", async () => {
  const asked = serverAnswers(200, { user: SUPERVISOR });
  const onLoggedIn = vi.fn();
  draw(<LoginPage ended={false} onLoggedIn={onLoggedIn} />);
  await enter("sofia ", "correct horse");
  await vi.waitFor(() => expect(onLoggedIn).toHaveBeenCalledOnce());
  expect(asked).toEqual([
    {
      method: "POST",
      path: "/v1/session",
      body: { name: "sofia", password: "correct horse" },
      guarded: true,
    },
  ]);
});

test("shows a refusal in words and forgets the password", async () => {
  serverAnswers(401, {
    title: "Wrong name or password",
    status: 401,
    code: "wrong_credentials",
    type: "about:blank",
  });
  draw(<LoginPage ended={false} onLoggedIn={() => {}} />);
  await enter("sofia", "wrong");
  expect((await screen.findByRole("alert")).textContent).toContain("Wrong name or password.");
  expect(screen.getByLabelText<HTMLInputElement>("Password").value).toBe("");
});

test("says so when the server cannot be reached", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("fetch failed")));
  draw(<LoginPage ended={false} onLoggedIn={() => {}} />);
  await enter("sofia", "any");
  expect((await screen.findByRole("alert")).textContent).toContain("cannot be reached");
});

test("says that the session has ended", () => {
  draw(<LoginPage ended onLoggedIn={() => {}} />);
  expect(screen.getByRole("status").textContent).toContain("Your session has ended");
});
