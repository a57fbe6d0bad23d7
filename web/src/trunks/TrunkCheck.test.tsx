import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { TestCall, TrunkChecked } from "../api/types";
import { T0 } from "../testing/centre";
import { ADMINISTRATOR, draw, serverSays } from "../testing/render";
import { trunk } from "../testing/telephony";
import { callLine, timeWords, verdictOf } from "./checkWords";
import { TrunkCheck } from "./TrunkCheck";

afterEach(() => vi.unstubAllGlobals());

const FINDING = { subject: "provider on pbx-1", verdict: "ok", what: "answers OPTIONS", why: null } as const;
const CALL: TestCall = {
  ...{ server: "pbx-1", dialled: "0905550101", outcome: "answered", cause: null, why: null, codec: "alaw" },
  ...{ post_dial_delay_ms: 1_240, answered_after_ms: 3_400 },
};
const found = (change: Partial<TrunkChecked> = {}): TrunkChecked => ({
  ...{ made_at: T0, made_by: "ada", ok: true, findings: [{ ...FINDING, remedy: null }], call: null },
  ...change,
});

function drawCheck(checked: [number, unknown], before: TrunkChecked[] = []) {
  const asked = serverSays(({ method }) => (method === "POST" ? checked : [200, { items: before }]));
  draw(<TrunkCheck trunk={trunk("provider")} onClose={vi.fn()} />, { user: ADMINISTRATOR });
  return asked;
}

const posts = (asked: ReturnType<typeof drawCheck>) => asked.filter(({ method }) => method === "POST");
const press = (name: string) => userEvent.click(screen.getByRole("button", { name }));

describe("the check of a trunk", () => {
  test("does nothing until it is asked to, and calls nobody where no number was typed", async () => {
    const asked = drawCheck([200, found()]);
    expect(await screen.findByText("Nobody has looked at it yet.")).toBeTruthy();
    expect(posts(asked)).toEqual([]);
    await press("Check");
    expect(await screen.findByText("answers OPTIONS")).toBeTruthy();
    expect(posts(asked)).toMatchObject([{ path: "/v1/trunks/t-provider/check", body: { to: null } }]);
    expect(screen.queryByRole("region", { name: "The silent call" })).toBeNull();
  });

  test("warns before it really calls, and says what became of it", async () => {
    const asked = drawCheck([200, found({ call: CALL })]);
    await userEvent.type(screen.getByLabelText("Number to call"), " 0905550101 ");
    expect(screen.getByText(/^This really calls/)).toBeTruthy();
    await press("Check and call");
    const call = within(await screen.findByRole("region", { name: "The silent call" }));
    expect(call.getByText("Answered")).toBeTruthy();
    expect(call.getAllByRole("definition").map((one) => one.textContent)).toEqual([
      ...["0905550101", "pbx-1", "1.2 s", "3.4 s", "alaw"],
    ]);
    expect(posts(asked)[0]?.body).toEqual({ to: "0905550101" });
  });

  test("says the cause of a call that failed, and does not blame what was found", async () => {
    const failed = { ...CALL, outcome: "failed", cause: 34, why: "no circuit", codec: null } as const;
    drawCheck([200, found({ ok: false, call: failed })]);
    await userEvent.type(screen.getByLabelText("Number to call"), "0905550101");
    await press("Check and call");
    expect(await screen.findByText("Did not get through")).toBeTruthy();
    expect(screen.getByText("no line free (cause 34)")).toBeTruthy();
    expect(screen.getByText(/^Nothing is wrong/)).toBeTruthy();
  });

  test("says at the number that it is none", async () => {
    const problem = { title: "A field is wrong", status: 400, code: "invalid_field", field: "to" };
    drawCheck([400, { ...problem, detail: "to has no digits." }]);
    await userEvent.type(screen.getByLabelText("Number to call"), "x");
    await press("Check and call");
    expect(await screen.findByText("To has no digits.")).toBeTruthy();
  });

  test("shows the checks before, the last few first", async () => {
    const warning = { ...FINDING, verdict: "warning", what: "is far away", remedy: null } as const;
    const at = (minute: number) => T0.replace("09:00", `09:0${minute}`);
    const before = [1, 2, 3, 4, 5, 6].map((minute) => found({ made_at: at(minute) }));
    drawCheck([200, found()], [found({ ok: false, findings: [warning], call: CALL }), ...before]);
    const list = within(screen.getByRole("region", { name: "Checks so far" }));
    const [first, ...others] = await list.findAllByRole("listitem");
    expect(first?.textContent).toContain("Problem");
    expect(first?.textContent).toContain("is far away");
    expect(first?.textContent).toContain(callLine(CALL));
    expect(others).toHaveLength(4);
    await press("Show all 7");
    expect(list.getAllByRole("listitem")).toHaveLength(7);
  });
});

test("a check is as bad as the worst in it", () => {
  const warning = { ...FINDING, verdict: "warning", remedy: null } as const;
  const all = [found(), found({ findings: [warning] }), found({ ok: false, findings: [warning] })];
  expect(all.map(verdictOf)).toEqual(["ok", "warning", "problem"]);
});

test("a short time is told in milliseconds", () => {
  expect([2, 999, 1_000, 20_049, null].map(timeWords)).toEqual(["2 ms", "999 ms", "1.0 s", "20.0 s", null]);
});

test("a call in one line says how far it came", () => {
  expect(callLine(CALL)).toBe("0905550101: answered; rang after 1.2 s; answered after 3.4 s; alaw");
  const rang = { ...CALL, outcome: "rang", cause: 19, answered_after_ms: null, codec: null } as const;
  expect(callLine(rang)).toBe(
    "0905550101: rang, but nobody answered; rang after 1.2 s; no answer (cause 19)",
  );
});
