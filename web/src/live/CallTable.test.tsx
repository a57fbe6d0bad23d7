import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Call, Event, User } from "../api/types";
import { at, call, centre, control, event, T0 } from "../testing/centre";
import { AGENT, draw, SUPERVISOR, serverAnswers } from "../testing/render";
import { LivePage } from "./LivePage";
import { applyEvent } from "./reduce";

afterEach(() => vi.unstubAllGlobals());

const TALKS = { state: "talking", agent: "a1", answered_at: T0 } as const;
/** A supervisor with a phone. */
const WITH_PHONE: User = { ...SUPERVISOR, agent: "a2" };

function drawCall(change: Partial<Call> = {}, user: User = WITH_PHONE) {
  const calls = [call("c1", { ...TALKS, ...change })];
  const drawn = draw(<LivePage />, { user, live: centre({ calls }) });
  const tell = (told: Event) =>
    act(() => drawn.store.setState(({ live }) => ({ live: live && applyEvent(live, told) })));
  return { ...drawn, tell };
}

const row = () =>
  within(within(screen.getByRole("table", { name: "Calls" })).getByRole("row", { name: /5550101/ }));
const openMenu = () => userEvent.click(row().getByRole("button", { name: "Actions for 5550101" }));
const hangUps = (asked: ReturnType<typeof serverAnswers>) =>
  asked.filter(({ path }) => path.endsWith("/hangup")).map(({ path }) => path);
const paths = (asked: ReturnType<typeof serverAnswers>) =>
  asked.map(({ path }) => path).filter((path) => path.startsWith("/v1/calls/"));
const item = (name: string | RegExp) => screen.findByRole("menuitem", { name });

const watched = (seq: number, state: "ringing" | "watching" | "ended") =>
  event(seq, "call_watched", {
    ...{ agent: "a1", id: "w1", call: "c1", watcher: "a2", by: "sofia", since: at(20) },
    mode: "whisper",
    state,
  });

describe("the row of a call", () => {
  test("says that it is on hold, and since when", () => {
    drawCall({ control: control({ held_since: T0 }) });
    expect(row().getByText("On hold")).toBeTruthy();
    expect(row().queryByText("Talking")).toBeNull();
  });

  test.each([
    ["recording", "Recorded"],
    ["paused", "Recording paused"],
    ["ended", null],
  ] as const)("marks a recording that is %s", (state, words) => {
    const recordings = [{ name: "r1", state, started_at: T0 }];
    drawCall({ control: control({ recordings }) });
    if (words) expect(row().getByText(words)).toBeTruthy();
    else expect(row().queryByText(/Record/)).toBeNull();
  });

  test("says in which slot it is parked, and an agent fetches it", async () => {
    const asked = serverAnswers(200, call("c1", TALKS));
    const parked = { slot: 701, by: "a1", since: T0, until: at(120) };
    drawCall({ state: "parked", control: control({ parked }) });
    expect(row().getByText("Parked")).toBeTruthy();
    expect(row().getByText("701")).toBeTruthy();
    await userEvent.click(row().getByRole("button", { name: "Fetch" }));
    expect(paths(asked)).toEqual(["/v1/calls/c1/retrieve"]);
  });

  test("is picked up by an agent while it rings at a colleague", async () => {
    const asked = serverAnswers(200, call("c1", TALKS));
    drawCall({ state: "ringing", agent: null, answered_at: null });
    await userEvent.click(row().getByRole("button", { name: "Pick up" }));
    expect(paths(asked)).toEqual(["/v1/calls/c1/pick-up"]);
  });

  test("says whom the agent has asked", () => {
    drawCall({ control: control({ consult: { to: "103", transfer: false, state: "talking", since: T0 } }) });
    expect(row().getByText("with 103")).toBeTruthy();
    expect(row().getByTitle("Jana Nováková with 103")).toBeTruthy();
  });

  test("says how the supervisor takes part", () => {
    const { tell } = drawCall();
    tell(watched(20, "ringing"));
    expect(row().getByText("Rings you")).toBeTruthy();
    tell(watched(21, "watching"));
    expect(row().getByText("You whisper")).toBeTruthy();
    tell(watched(22, "ended"));
    expect(row().getByText("Talking")).toBeTruthy();
  });
});

describe("the menu of a call", () => {
  test("rings the supervisor's phone", async () => {
    const asked = serverAnswers(200, { mode: "listen", state: "ringing" });
    drawCall();
    await openMenu();
    await userEvent.click(await item(/^Listen/));
    expect(asked.at(-1)).toEqual({
      method: "PUT",
      path: "/v1/calls/c1/watch",
      body: { mode: "listen" },
      guarded: true,
    });
    expect(await screen.findByText("Your phone rings")).toBeTruthy();
  });

  test("lets leave who watches", async () => {
    const asked = serverAnswers(204, null);
    const { tell } = drawCall();
    tell(watched(20, "watching"));
    await openMenu();
    expect((await item(/^Whisper/)).getAttribute("aria-current")).toBe("true");
    await userEvent.click(await item("Leave"));
    expect(asked.at(-1)).toMatchObject({ method: "DELETE", path: "/v1/calls/c1/watch" });
  });

  test("knows of a watch from before the page was opened", async () => {
    const since = at(-60);
    const watch = { id: "w1", call: "c1", watcher: "a2", mode: "barge", state: "watching", by: "s", since };
    serverAnswers(200, [watch]);
    drawCall();
    await openMenu();
    expect(await item("Leave")).toBeTruthy();
    expect(row().getByText("You barge in")).toBeTruthy();
  });

  test("asks before it hangs up, and says in words why not", async () => {
    const asked = serverAnswers(409, { title: "The call has ended", status: 409, code: "call_ended" });
    drawCall();
    await openMenu();
    await userEvent.click(await item("Hang up…"));
    const box = within(await screen.findByRole("dialog", { name: "Hang up this call?" }));
    expect(box.getByText(/^5550101 and Jana Nováková are cut off/)).toBeTruthy();
    expect(hangUps(asked)).toEqual([]);
    await userEvent.click(box.getByRole("button", { name: "Hang up" }));
    expect(hangUps(asked)).toEqual(["/v1/calls/c1/hangup"]);
    expect(await screen.findByText("The call was not ended")).toBeTruthy();
    expect(screen.getByText("The call has ended.")).toBeTruthy();
  });

  test("leaves the call alone when the question is not answered with yes", async () => {
    const asked = serverAnswers(202, null);
    drawCall();
    await openMenu();
    await userEvent.click(await item("Hang up…"));
    await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(hangUps(asked)).toEqual([]);
  });

  test("has no phone to ring without an agent", async () => {
    const asked = serverAnswers(200, []);
    drawCall({}, SUPERVISOR);
    await openMenu();
    for (const name of ["Listen", "Whisper", "Barge in"]) {
      expect((await item(name)).hasAttribute("data-disabled")).toBe(true);
    }
    expect(screen.getByText("Your log-in has no agent, so no phone to ring.")).toBeTruthy();
    expect((await item("Hang up…")).hasAttribute("data-disabled")).toBe(false);
    expect(asked.filter(({ method }) => method !== "GET")).toEqual([]);
  });

  test("does not listen to the own call", async () => {
    drawCall({ agent: "a2" });
    await openMenu();
    expect(await screen.findByText("This is your own call.")).toBeTruthy();
  });

  test("shows only while two talk", async () => {
    drawCall({ state: "waiting", agent: null, answered_at: null });
    expect(screen.queryByRole("button", { name: /^Actions for/ })).toBeNull();
  });

  test("is not there for an agent", async () => {
    drawCall({}, AGENT);
    await waitFor(() => expect(row().getByText("Talking")).toBeTruthy());
    expect(screen.queryByRole("button", { name: /^Actions for/ })).toBeNull();
  });
});
