// What the simulated centre answers to call control.

import type { ControlAction, Deed, User, Watch } from "../src/api/types";
import { recordingOf } from "../src/live/control.ts";
import type { LiveCall } from "../src/live/state.ts";
import { type ConsultAction, consultDeeds } from "./consult.ts";
import type { World } from "./world.ts";

interface Asked {
  /** The request's method and the last word of its path. */
  verb: string;
  call: string;
  user: User;
  now: string;
}

interface Answer {
  status: number;
  value?: unknown;
}

export function answerControl(world: World, asked: Asked, fields: Record<string, unknown>): Answer {
  const call = world.call(asked.call);
  if (!call) return problem(409, "call_ended", "The call has ended");
  const { verb, user } = asked;
  if (user.role === "agent" && call.agent !== user.agent) {
    return problem(403, "forbidden", "You may not do this", "An agent does something to the own call only.");
  }
  if (verb === "POST hangup") {
    world.hangUp(call);
    return { status: 202 };
  }
  if (verb === "GET watch") return { status: 200, value: world.watches(call.id) };
  if (call.state !== "talking") return problem(409, "not_talking", "Nobody talks on the call");
  if (verb.endsWith(" watch")) return watch(world, call, asked, fields);
  if (verb === "POST consult" || (verb === "POST transfer" && fields.to)) {
    if (!world.rings(String(fields.to))) {
      return problem(400, "invalid_field", "A field is wrong", "`to` is no phone and no number.");
    }
  }
  const deeds = deedsOf(call, verb.replace("POST ", ""), fields);
  if (deeds === "refused") return problem(409, "control_refused", "This cannot be done to the call now");
  for (const deed of deeds) world.control(call, deed, user.name);
  return { status: 200, value: world.call(call.id) ?? call };
}

function deedsOf(call: LiveCall, action: string, fields: Record<string, unknown>): Deed[] | "refused" {
  const about = consultDeeds(call, action, fields.to ? String(fields.to) : null);
  if (about) return about;
  const deed = action === "digits" ? keys(call, fields) : deedOf(call, action);
  if (deed === "refused") return deed;
  return deed ? [deed] : [];
}

function keys(call: LiveCall, fields: Record<string, unknown>): Deed | "refused" {
  if (call.control?.held_since) return "refused";
  return { deed: "digits_sent", count: String(fields.digits ?? "").length };
}

/** `null`: it is so already. */
function deedOf(call: LiveCall, action: string): Deed | "refused" | null {
  const { control } = call;
  const recording = recordingOf(control);
  const name = recording?.name ?? `cordboard-${call.id}-${(control?.recordings.length ?? 0) + 1}`;
  const since = control?.held_since;
  const deeds: Record<Exclude<ControlAction, ConsultAction>, () => Deed | "refused" | null> = {
    hold: () => (since ? null : { deed: "held" }),
    unhold: () => (since ? { deed: "resumed", held_ms: Date.now() - Date.parse(since) } : null),
    mute: () => (control?.muted ? null : { deed: "muted" }),
    unmute: () => (control?.muted ? { deed: "unmuted" } : null),
    record: () => (recording ? null : { deed: "recording_started", name }),
    pause_recording: () => (recording ? { deed: "recording_paused", name } : "refused"),
    resume_recording: () => (recording ? { deed: "recording_resumed", name } : "refused"),
    stop_recording: () => (recording ? { deed: "recording_ended", name } : null),
  };
  return action in deeds ? deeds[action as keyof typeof deeds]() : "refused";
}

function watch(
  world: World,
  call: LiveCall,
  { verb, user, now }: Asked,
  fields: Record<string, unknown>,
): Answer {
  if (!user.agent) return problem(400, "invalid_field", "A field is wrong", "This log-in is no agent's.");
  if (call.agent === user.agent) return problem(409, "control_refused", "This is the watcher's own call");
  const known = world.watches(call.id).find((one) => one.watcher === user.agent);
  if (verb === "DELETE watch") {
    if (!known) return problem(409, "control_refused", "Nobody watches with this phone");
    world.watch(call, { ...known, state: "ended" });
    return { status: 204 };
  }
  if (!known && world.agent(user.agent)?.status.state === "busy") {
    return problem(409, "agent_busy", "The agent is on a call");
  }
  const fresh = { id: `w-${call.id}-${now}`, call: call.id, watcher: user.agent, by: user.name, since: now };
  const mode = fields.mode as Watch["mode"];
  const next: Watch = known ? { ...known, mode } : { ...fresh, mode, state: "ringing" };
  world.watch(call, next);
  return { status: 200, value: next };
}

function problem(status: number, code: string, title: string, detail?: string): Answer {
  return { status, value: { type: `about:${code}`, title, status, code, detail } };
}
