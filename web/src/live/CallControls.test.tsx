import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Call, Consult, Deed } from "../api/types";
import { agent, at, call, centre, control, event, T0 } from "../testing/centre";
import { AGENT, draw, serverAnswers } from "../testing/render";
import { LivePage } from "./LivePage";
import { applyEvent } from "./reduce";

afterEach(() => vi.unstubAllGlobals());

const TALKS = { state: "talking", agent: "a1", answered_at: T0 } as const;
const HELD = control({ held_since: at(5) });

function drawCall(change: Partial<Call> = {}) {
  const drawn = draw(<LivePage />, {
    user: AGENT,
    live: centre({
      agents: [agent("a1", "Jana Nováková", ["support"], { state: "busy", call: "c1" })],
      calls: [call("c1", { ...TALKS, ...change })],
      servers: [],
    }),
  });
  const tell = (seq: number, deed: Deed) => {
    const told = event(seq, "call_controlled", { call: "c1", agent: "a1", by: "jana", ...deed });
    act(() => drawn.store.setState(({ live }) => ({ live: live && applyEvent(live, told) })));
  };
  return { ...drawn, tell };
}

const controls = () => within(screen.getByRole("group", { name: "Your call" }));
const button = (name: string) => controls().getByRole("button", { name });
const state = () => controls().getByRole("status").textContent;

describe("the own call", () => {
  test("can be controlled only while two talk on it", () => {
    drawCall();
    const names = controls().getAllByRole("button");
    expect(names.map((one) => one.textContent)).toEqual([
      "Hold",
      "Mute",
      "Keypad",
      "Transfer",
      "Park",
      "Record",
      "Hang up",
    ]);
  });

  test.each(["ringing", "connecting"] as const)("cannot be controlled while it is %s", (waits) => {
    drawCall({ state: waits, answered_at: null });
    expect(screen.queryByRole("group", { name: "Your call" })).toBeNull();
  });

  test("cannot be controlled when it is a colleague's", () => {
    drawCall({ agent: "a2" });
    expect(screen.queryByRole("group", { name: "Your call" })).toBeNull();
  });

  test("is put on hold, and the button turns", async () => {
    const asked = serverAnswers(200, call("c1", { ...TALKS, control: HELD }));
    const { tell } = drawCall();
    await userEvent.click(button("Hold"));
    expect(asked).toEqual([{ method: "POST", path: "/v1/calls/c1/hold", body: null, guarded: true }]);
    tell(20, { deed: "held" });
    expect(state()).toMatch(/^On hold \d+:\d\d/);
    await userEvent.click(button("Resume"));
    expect(asked[1]?.path).toBe("/v1/calls/c1/unhold");
    tell(25, { deed: "resumed", held_ms: 5_000 });
    expect(state()).toBe("");
    expect(button("Hold")).toBeTruthy();
  });

  test("is parked, and the agent is told where", async () => {
    const parked = { slot: 701, by: "a1", since: T0, until: at(120) };
    const asked = serverAnswers(200, call("c1", { state: "parked", control: control({ parked }) }));
    drawCall();
    await userEvent.click(button("Park"));
    expect(asked).toEqual([{ method: "POST", path: "/v1/calls/c1/park", body: null, guarded: true }]);
    expect(await screen.findByText("Parked in 701")).toBeTruthy();
  });

  test("says plainly that nobody hears the agent", async () => {
    const asked = serverAnswers(200, call("c1", TALKS));
    const { tell } = drawCall();
    await userEvent.click(button("Mute"));
    tell(20, { deed: "muted" });
    expect(state()).toBe("Muted: nobody hears you");
    await userEvent.click(button("Unmute"));
    expect(asked.map(({ path }) => path)).toEqual(["/v1/calls/c1/mute", "/v1/calls/c1/unmute"]);
  });

  test("is recorded, paused, resumed and no longer recorded", async () => {
    const asked = serverAnswers(200, call("c1", TALKS));
    const { tell } = drawCall();
    await userEvent.click(button("Record"));
    tell(20, { deed: "recording_started", name: "r1" });
    expect(state()).toMatch(/^Recording \d/);
    await userEvent.click(button("Pause recording"));
    tell(21, { deed: "recording_paused", name: "r1" });
    expect(state()).toBe("Recording paused");
    await userEvent.click(button("Resume recording"));
    tell(22, { deed: "recording_resumed", name: "r1" });
    await userEvent.click(button("Stop recording"));
    tell(23, { deed: "recording_ended", name: "r1" });
    expect(state()).toBe("");
    const actions = ["record", "pause_recording", "resume_recording", "stop_recording"];
    expect(asked.map(({ path }) => path.split("/").at(-1))).toEqual(actions);
  });

  test("waits for one thing to be done before the next", async () => {
    let answer = (_: Response) => {};
    vi.stubGlobal("fetch", () => new Promise<Response>((resolve) => (answer = resolve)));
    drawCall();
    await userEvent.click(button("Hold"));
    expect(button("Hold").dataset.loading).toBe("true");
    expect((button("Mute") as HTMLButtonElement).disabled).toBe(true);
    expect((button("Hang up") as HTMLButtonElement).disabled).toBe(false);
    answer(Response.json(call("c1", TALKS)));
    await waitFor(() => expect((button("Mute") as HTMLButtonElement).disabled).toBe(false));
  });

  test("says in words why something was not done", async () => {
    serverAnswers(502, {
      type: "about:blank",
      title: "Asterisk refuses it",
      status: 502,
      code: "asterisk_refused",
      detail: "Asterisk did not do it: Channel not found.",
    });
    drawCall();
    await userEvent.click(button("Hold"));
    expect(await screen.findByText("The call was not put on hold")).toBeTruthy();
    expect(screen.getByText(/Asterisk refuses it. Asterisk did not do it/)).toBeTruthy();
  });

  test("is ended", async () => {
    const asked = serverAnswers(202, null);
    drawCall();
    await userEvent.click(button("Hang up"));
    expect(asked).toEqual([{ method: "POST", path: "/v1/calls/c1/hangup", body: null, guarded: true }]);
  });
});

describe("the keypad", () => {
  const open = async () => {
    await userEvent.click(button("Keypad"));
    return within(await screen.findByRole("dialog"));
  };

  test("has twelve keys and sends each", async () => {
    const asked = serverAnswers(200, call("c1", TALKS));
    drawCall();
    const keypad = await open();
    for (const name of ["4", "2", "Hash"]) await userEvent.click(keypad.getByRole("button", { name }));
    expect(keypad.getAllByRole("button")).toHaveLength(13);
    await waitFor(() => expect(asked.map(({ body }) => body)).toEqual(["4", "2", "#"].map(digits)));
    expect(await keypad.findByText("3 keys sent.")).toBeTruthy();
  });

  test("sends what is typed, without what is no key", async () => {
    const asked = serverAnswers(200, call("c1", TALKS));
    drawCall();
    const keypad = await open();
    await userEvent.type(keypad.getByLabelText("Keys to send"), "12 3-4x#{Enter}");
    expect(asked).toMatchObject([{ path: "/v1/calls/c1/digits", body: digits("1234#") }]);
    expect((keypad.getByLabelText("Keys to send") as HTMLInputElement).value).toBe("");
  });

  test("sends what is pressed meanwhile after the answer, in order", async () => {
    const bodies: unknown[] = [];
    const answers: Array<(response: Response) => void> = [];
    vi.stubGlobal("fetch", async (request: Request) => {
      bodies.push(await request.json());
      return new Promise<Response>((resolve) => answers.push(resolve));
    });
    drawCall();
    const keypad = await open();
    for (const name of ["1", "2", "3"]) await userEvent.click(keypad.getByRole("button", { name }));
    expect(bodies).toEqual([digits("1")]);
    answers[0]?.(Response.json(call("c1", TALKS)));
    await waitFor(() => expect(bodies).toEqual([digits("1"), digits("23")]));
  });

  test("closes when the call is put on hold", async () => {
    const { tell } = drawCall();
    await open();
    tell(20, { deed: "held" });
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect((button("Keypad") as HTMLButtonElement).disabled).toBe(true);
  });

  const digits = (keys: string) => ({ digits: keys });
});

describe("another one", () => {
  const open = async () => {
    await userEvent.click(button("Transfer"));
    return within(await screen.findByRole("dialog"));
  };

  test("is asked first on Enter", async () => {
    const asked = serverAnswers(200, call("c1", TALKS));
    drawCall();
    const popover = await open();
    await userEvent.type(popover.getByLabelText("Phone or number"), " 103{Enter}");
    const body = { to: "103" };
    expect(asked).toEqual([{ method: "POST", path: "/v1/calls/c1/consult", body, guarded: true }]);
  });

  test("is given the call as soon as they answer", async () => {
    const asked = serverAnswers(200, call("c1", TALKS));
    const { tell } = drawCall();
    const popover = await open();
    await userEvent.type(popover.getByLabelText("Phone or number"), "+1 555 0142");
    await userEvent.click(popover.getByRole("button", { name: "Transfer" }));
    expect(asked).toMatchObject([{ path: "/v1/calls/c1/transfer", body: { to: "+1 555 0142" } }]);
    tell(20, { deed: "held" });
    tell(21, { deed: "consult_begun", to: "+1 555 0142", transfer: true });
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });

  test("has to be named", async () => {
    const asked = serverAnswers(200, call("c1", TALKS));
    drawCall();
    const popover = await open();
    await userEvent.type(popover.getByLabelText("Phone or number"), " {Enter}");
    for (const one of popover.getAllByRole<HTMLButtonElement>("button")) expect(one.disabled).toBe(true);
    expect(asked).toEqual([]);
  });

  test("who cannot be called leaves the text to correct, and words why", async () => {
    const title = "A field is wrong";
    serverAnswers(400, { title, status: 400, code: "invalid_field", detail: "To is no phone." });
    drawCall();
    const popover = await open();
    await userEvent.type(popover.getByLabelText("Phone or number"), "10x{Enter}");
    expect(await screen.findByText("Nobody was called")).toBeTruthy();
    expect(screen.getByText("A field is wrong. To is no phone.")).toBeTruthy();
    expect(popover.getByLabelText<HTMLInputElement>("Phone or number").value).toBe("10x");
  });
});

describe("a consultation", () => {
  const consulting = (state: Consult["state"], transfer = false) =>
    control({ consult: { to: "103", transfer, state, since: T0 } });
  const third = (name = "With 103") => within(screen.getByRole("group", { name }));
  const enabled = (name?: string) =>
    third(name)
      .getAllByRole<HTMLButtonElement>("button")
      .filter((one) => !one.disabled)
      .map((one) => one.textContent);

  test.each([
    ["ringing", "103 rings", ["End"]],
    ["talking", "You talk with 103; the customer hears music", ["Swap", "All three", "Give over", "End"]],
    ["waiting", "You talk with the customer; 103 hears music", ["Swap", "All three", "Give over", "End"]],
    ["conference", "All three talk", ["Swap", "Give over", "End"]],
  ] as const)("that is %s says so and what can be done", (state, words, can) => {
    drawCall({ control: consulting(state) });
    expect(third().getByRole("status").textContent).toBe(words);
    expect(enabled()).toEqual(can);
    const others = controls().getAllByRole<HTMLButtonElement>("button");
    const off = others.filter((one) => one.disabled).map((one) => one.textContent);
    expect(off).toEqual(["Hold", "Transfer", "Park"]);
  });

  test("for a transfer can only be ended", () => {
    drawCall({ control: consulting("ringing", true) });
    expect(third("Transfer to 103").getByRole("status").textContent).toBe("Transfer to 103: rings");
    expect(third("Transfer to 103").getAllByRole("button")).toHaveLength(1);
    expect(enabled("Transfer to 103")).toEqual(["End"]);
  });

  test("goes from the ringing to the end of it, with the keyboard", async () => {
    const asked = serverAnswers(200, call("c1", TALKS));
    const { tell } = drawCall();
    tell(20, { deed: "held" });
    tell(21, { deed: "consult_begun", to: "103", transfer: false });
    expect(document.activeElement).toBe(screen.getByRole("group", { name: "With 103" }));
    tell(24, { deed: "consult_changed", state: "talking" });
    await userEvent.click(third().getByRole("button", { name: "Swap" }));
    tell(30, { deed: "resumed", held_ms: 10_000 });
    tell(31, { deed: "consult_changed", state: "waiting" });
    await userEvent.click(third().getByRole("button", { name: "All three" }));
    tell(40, { deed: "consult_changed", state: "conference" });
    await userEvent.click(third().getByRole("button", { name: "End" }));
    tell(50, { deed: "consult_ended", to: "103", cause: null });
    expect(screen.queryByRole("group", { name: "With 103" })).toBeNull();
    expect((button("Hold") as HTMLButtonElement).disabled).toBe(false);
    expect(asked.map(({ path }) => path.split("/").at(-1))).toEqual(["swap", "conference", "end_consult"]);
  });

  test("gives the call over to whom it was about", async () => {
    const asked = serverAnswers(200, call("c1", TALKS));
    drawCall({ control: consulting("talking") });
    await userEvent.click(third().getByRole("button", { name: "Give over" }));
    expect(asked).toMatchObject([{ path: "/v1/calls/c1/transfer", body: {} }]);
  });

  test.each([
    [17, "103 is busy."],
    [19, "103 does not answer."],
    [3, "103 could not be reached."],
  ])("that failed with cause %i says why, once", async (cause, words) => {
    const { tell } = drawCall({ control: consulting("ringing") });
    tell(25, { deed: "consult_ended", to: "103", cause });
    expect(await screen.findByText(words)).toBeTruthy();
    tell(26, { deed: "resumed", held_ms: 5_000 });
    expect(screen.getAllByText(words)).toHaveLength(1);
  });

  test.each([16, null])("that was ended (cause %s) says nothing", async (cause) => {
    const { tell } = drawCall({ control: consulting("talking") });
    tell(25, { deed: "consult_ended", to: "103", cause });
    expect(screen.queryByRole("group", { name: "With 103" })).toBeNull();
    expect(screen.queryByRole("alert")).toBeNull();
  });
});
