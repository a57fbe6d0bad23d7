import { fireEvent, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Call } from "../api/types";
import { at, call, centre, control, event } from "../testing/centre";
import { draw, serverSays } from "../testing/render";
import { CallsPage } from "./CallsPage";

afterEach(() => vi.unstubAllGlobals());

const ENDED: Partial<Call> = {
  state: "ended",
  agent: "a1",
  outcome: "answered",
  ended_at: at(30),
  wait_ms: 0,
};
const EVENTS = [
  event(1, "call_queued", { call: "c1", queue: "support", priority: 0, position: 1 }),
  event(30, "call_ended", { call: "c1", agent: "a1", outcome: "answered", ended_by: "caller" }),
];
const WAV = {
  title: "Asterisk refuses it",
  status: 502,
  code: "asterisk_refused",
  detail: "It does not have it.",
};

function drawStory(change: Partial<Call> = {}) {
  const one = call("c1", { ...ENDED, ...change });
  const onOpen = vi.fn();
  const asked = serverSays(({ path }) => {
    if (path === "/v1/calls") return [200, { items: [one], next: null }];
    if (path === "/v1/calls/c1") return [200, one];
    if (path === "/v1/calls/c1/events") return [200, { items: EVENTS, next: null }];
    if (path.startsWith("/v1/calls/c1/recordings/")) return [502, WAV];
    return [404, { title: "There is no such call", status: 404, code: "not_found" }];
  });
  const drawn = draw(<CallsPage open="c1" onOpen={onOpen} />, { live: centre() });
  return { ...drawn, asked, onOpen };
}

const box = async () => within(await screen.findByRole("dialog", { name: "5550101" }));

describe("the story of a call", () => {
  test("names who took part and what happened, with times from the beginning", async () => {
    drawStory();
    const lines = within(await (await box()).findByRole("region", { name: "What happened" })).getAllByRole(
      "listitem",
    );
    expect(lines.map((line) => line.textContent)).toEqual([
      "0:00In line in Supportplace 1",
      "0:29The customer hung up",
    ]);
    expect((await box()).getByText("Jana Nováková")).toBeTruthy();
  });

  test("says over which trunk a call was placed", async () => {
    drawStory({ direction: "outbound", placed: { campaign: "", trunk: "carrier" } });
    const fact = within((await (await box()).findByText("Trunk")).parentElement ?? document.body);
    expect(fact.getByText("carrier")).toBeTruthy();
  });

  test("is opened from the log, and closed", async () => {
    const { onOpen } = drawStory();
    await box();
    await userEvent.click(screen.getByRole("button", { name: "Close" }));
    expect(onOpen).toHaveBeenCalledWith(undefined);
    await userEvent.click(
      await screen.findByRole("button", { name: /^Story of the call of .*, 5550101$/, hidden: true }),
    );
    expect(onOpen).toHaveBeenLastCalledWith("c1");
  });

  test("says in words why there is none", async () => {
    serverSays(({ path }) =>
      path === "/v1/calls"
        ? [200, { items: [], next: null }]
        : [404, { title: "There is no such call", status: 404, code: "not_found" }],
    );
    draw(<CallsPage open="c1" onOpen={vi.fn()} />, { live: centre() });
    expect((await screen.findByRole("alert")).textContent).toBe("There is no such call.");
  });
});

describe("recordings", () => {
  const name = "cordboard-c1-1";
  const recorded = (state: "ended" | "recording") =>
    drawStory({ control: control({ recordings: [{ name, state, started_at: at(12) }] }) });

  test("are fetched only when somebody wants to hear them", async () => {
    const { asked } = recorded("ended");
    const player = await screen.findByLabelText("Recording 1, from 0:12");
    expect(player.getAttribute("preload")).toBe("none");
    expect(player.getAttribute("src")).toBe(`/v1/calls/c1/recordings/${name}`);
    const download = screen.getByRole("link", { name: "Download" });
    expect(download.getAttribute("download")).toBe(`${name}.wav`);
    expect(asked.some(({ path }) => path.includes("/recordings/"))).toBe(false);
  });

  test("say in words why they cannot be played", async () => {
    recorded("ended");
    fireEvent.error(await screen.findByLabelText("Recording 1, from 0:12"));
    expect((await screen.findByRole("alert")).textContent).toBe("Asterisk refuses it. It does not have it.");
  });

  test("cannot be heard before they have ended", async () => {
    recorded("recording");
    expect(await screen.findByText(/it can be heard when it has ended/)).toBeTruthy();
    expect(screen.queryByRole("link", { name: "Download" })).toBeNull();
  });

  test("are not there where nothing was recorded", async () => {
    drawStory();
    await (await box()).findByText("The customer hung up");
    expect(screen.queryByRole("region", { name: "Recordings" })).toBeNull();
  });
});
