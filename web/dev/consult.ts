// What the simulated centre does when an agent asks a colleague, or gives a call over.

import type { ControlAction, Deed } from "../src/api/types";
import type { LiveCall } from "../src/live/state.ts";

export type ConsultAction = Extract<ControlAction, "swap" | "conference" | "end_consult">;

/** `null`: it is about something else. */
export function consultDeeds(call: LiveCall, action: string, to: string | null): Deed[] | "refused" | null {
  const consult = call.control?.consult;
  switch (action) {
    case "hold":
    case "unhold":
      return consult ? "refused" : null;
    case "consult":
      return consult || !to ? "refused" : begin(call, to, false);
    case "transfer":
      if (to) return consult ? "refused" : begin(call, to, true);
      return consult && consult.state !== "ringing" ? [{ deed: "transferred", to: consult.to }] : "refused";
    case "swap":
      if (!consult || consult.state === "ringing") return "refused";
      if (consult.state === "waiting") return [...held(call), { deed: "consult_changed", state: "talking" }];
      return [...resumed(call), { deed: "consult_changed", state: "waiting" }];
    case "conference":
      if (!consult || consult.state === "ringing") return "refused";
      return [...resumed(call), { deed: "consult_changed", state: "conference" }];
    case "end_consult":
      if (!consult) return [];
      return [{ deed: "consult_ended", to: consult.to, cause: null }, ...resumed(call)];
    default:
      return null;
  }
}

function begin(call: LiveCall, to: string, transfer: boolean): Deed[] {
  return [...held(call), { deed: "consult_begun", to, transfer }];
}

/** They pick up, or there is a cause why not. */
export function afterRinging(call: LiveCall, cause: number | undefined): Deed[] {
  const consult = call.control?.consult;
  if (!consult) return [];
  if (cause) return [{ deed: "consult_ended", to: consult.to, cause }, ...resumed(call)];
  if (consult.transfer) return [{ deed: "transferred", to: consult.to }];
  return [{ deed: "consult_changed", state: "talking" }];
}

function held(call: LiveCall): Deed[] {
  return call.control?.held_since ? [] : [{ deed: "held" }];
}

function resumed(call: LiveCall): Deed[] {
  const since = call.control?.held_since;
  return since ? [{ deed: "resumed", held_ms: Date.now() - Date.parse(since) }] : [];
}
