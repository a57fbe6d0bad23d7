// What has been done to a call while it talked, and who takes part in it. Pure, as the server counts it.

import type { Control, Event, EventOf, Recording, Watch } from "../api/types";

/** Supervisors on calls, by the watch's id. */
export type Watches = ReadonlyMap<string, Watch>;

const UNTOUCHED: Control = {
  held_since: null,
  hold_ms: 0,
  muted: false,
  recordings: [],
  consult: null,
  transferred_to: null,
  parked: null,
  parked_ms: 0,
};

/** As it stands in its slot: whoever had it has let it go. */
export function parked(control: Control | undefined, event: EventOf<"call_parked">): Control {
  const { slot, agent: by, at: since, until } = event;
  const { hold_ms, parked_ms, recordings } = control ?? UNTOUCHED;
  const ended = recordings.map((recording) => ({ ...recording, state: "ended" as const }));
  return { ...UNTOUCHED, hold_ms, parked_ms, recordings: ended, parked: { slot, by, since, until } };
}

/** Out of its slot again. */
export function unparked(control: Control | undefined): Control | undefined {
  return control && { ...control, parked: null };
}

/** How a call stands after something was done to it. */
export function controlled(
  control: Control | undefined,
  event: EventOf<"call_controlled">,
): Control | undefined {
  const known = control ?? UNTOUCHED;
  switch (event.deed) {
    case "held":
      return { ...known, held_since: known.held_since ?? event.at };
    case "resumed":
      if (!known.held_since) return control;
      return { ...known, held_since: null, hold_ms: known.hold_ms + event.held_ms };
    case "muted":
    case "unmuted":
      return { ...known, muted: event.deed === "muted" };
    case "recording_started": {
      const recording: Recording = { name: event.name, state: "recording", started_at: event.at };
      return { ...known, recordings: [...known.recordings, recording] };
    }
    case "recording_paused":
      return withRecording(known, event.name, "paused");
    case "recording_resumed":
      return withRecording(known, event.name, "recording");
    case "recording_ended":
      return withRecording(known, event.name, "ended");
    case "consult_begun": {
      const { to, transfer, at } = event;
      return { ...known, consult: { to, transfer, state: "ringing", since: at } };
    }
    case "consult_changed":
      if (!known.consult) return control;
      return { ...known, consult: { ...known.consult, state: event.state, since: event.at } };
    case "consult_ended":
      return { ...known, consult: null };
    case "transferred":
      return { ...known, consult: null, transferred_to: event.to };
    default:
      return control;
  }
}

/** How a consultation ended. */
export interface Consulted {
  to: string;
  cause: number | null;
  /** The event that told it: the agent is told of one once. */
  seq: number;
}

/** What no snapshot has, as far as events told of it. */
export interface Aside {
  watches: Watches;
  /** How the last consultation of a call ended, unless there is another now. */
  consulted: ReadonlyMap<string, Consulted>;
}

export const NOTHING_ASIDE: Aside = { watches: new Map(), consulted: new Map() };

/** The same event twice does no harm. */
export function asideAfter({ watches, consulted }: Aside, event: Event): Aside {
  return { watches: watchesAfter(watches, event), consulted: consultedAfter(consulted, event) };
}

function consultedAfter(consulted: Aside["consulted"], event: Event): Aside["consulted"] {
  if (event.type === "call_controlled" && event.deed === "consult_ended") {
    const { call, to, cause = null, seq } = event;
    return new Map(consulted).set(call, { to, cause, seq });
  }
  const over =
    event.type === "call_ended" || (event.type === "call_controlled" && event.deed === "consult_begun");
  if (!over || !consulted.has(event.call)) return consulted;
  return new Map([...consulted].filter(([call]) => call !== event.call));
}

/** One that has ended stays so. */
function withRecording(control: Control, name: string, state: Recording["state"]): Control {
  const recordings = control.recordings.map((one) =>
    one.name === name && one.state !== "ended" ? { ...one, state } : one,
  );
  return { ...control, recordings };
}

/** The recording that goes on: at most the last one does. */
export function recordingOf(control: Control | undefined): Recording | undefined {
  const last = control?.recordings.at(-1);
  return last?.state === "ended" ? undefined : last;
}

function watchesAfter(watches: Watches, event: Event): Watches {
  if (event.type === "call_ended") return withoutCall(watches, event.call);
  if (event.type !== "call_watched") return watches;
  const { seq: _seq, at: _at, type: _type, agent: _agent, ...watch } = event;
  const after = new Map(watches);
  if (watch.state === "ended") after.delete(watch.id);
  else after.set(watch.id, watch);
  return after;
}

/** The server's word on who watches a call. */
export function learnWatches(watches: Watches, call: string, told: readonly Watch[]): Watches {
  return new Map([...withoutCall(watches, call), ...told.map((watch) => [watch.id, watch] as const)]);
}

function withoutCall(watches: Watches, call: string): Watches {
  const others = [...watches].filter(([, watch]) => watch.call !== call);
  return others.length === watches.size ? watches : new Map(others);
}

/** How this agent takes part in a call. */
export function watchBy(watches: Watches, call: string, agent: string | null | undefined): Watch | undefined {
  for (const watch of watches.values()) if (watch.call === call && watch.watcher === agent) return watch;
  return undefined;
}
