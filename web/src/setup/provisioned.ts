// How the Asterisks have something that was set up, put together. Pure.

import type { Contact, Provisioned, Provisioning } from "../api/types";

/** The worst first: one that has something else is worse than one that cannot be asked. */
const ORDER: readonly Provisioning[] = ["drifted", "pending", "live"];

export const PROVISIONING_WORDS: Record<Provisioning, string> = {
  live: "Live",
  pending: "Pending",
  drifted: "Drifted",
};

export const PROVISIONING_MEANS: Record<Provisioning, string> = {
  live: "as it was set up",
  pending: "nobody can say at the moment",
  drifted: "Asterisk has something else",
};

export interface Summary {
  state: Provisioning;
  /** Where it is so, if it is not so everywhere. */
  where: string | null;
  /** One line for each server. */
  lines: string[];
}

/** What to show where there is room for one state; `null`: no server is to have it. */
export function summary(provisioned: readonly Provisioned[]): Summary | null {
  const state = ORDER.find((one) => provisioned.some((it) => it.state === one));
  if (!state) return null;
  const there = provisioned.filter((it) => it.state === state).map(({ name }) => name);
  return {
    state,
    where: there.length === provisioned.length ? null : there.join(", "),
    lines: provisioned.map(lineWords),
  };
}

function lineWords({ name, state, reason }: Provisioned): string {
  return `${name}: ${PROVISIONING_WORDS[state].toLowerCase()}, ${reason ?? PROVISIONING_MEANS[state]}`;
}

export const CONTACT_WORDS: Record<Contact["state"], string> = {
  reachable: "Reachable",
  unreachable: "Does not answer",
  registered: "Registered",
};

export function contactsOf(provisioned: readonly Provisioned[]): Contact[] {
  return provisioned.flatMap(({ contacts }) => contacts);
}

/** Whether a phone is there to be called. */
export type Presence = "registered" | "silent" | "missing";

export const PRESENCE_WORDS: Record<Presence, string> = {
  registered: "Registered",
  silent: "Does not answer",
  missing: "Not registered",
};

/** `null`: nobody can say. */
export function presenceOf(provisioned: readonly Provisioned[]): Presence | null {
  const contacts = contactsOf(provisioned);
  if (contacts.some(({ state }) => state !== "unreachable")) return "registered";
  if (contacts.length > 0) return "silent";
  // One that could not be asked may have it.
  return provisioned.length > 0 && provisioned.every(({ state }) => state !== "pending") ? "missing" : null;
}

/** The host and port of a contact's address: "192.0.2.7:5060" of "sip:101@192.0.2.7:5060;ob". */
export function hostOf(uri: string): string {
  const after = uri.replace(/^sips?:/i, "").replace(/^[^@]*@/, "");
  return /^[^;?>\s]+/.exec(after)?.[0] ?? uri;
}

/** A round trip in milliseconds; "–" where it is not asked, or does not answer. */
export function roundTripWords({ round_trip_micros: micros }: Pick<Contact, "round_trip_micros">): string {
  if (micros == null) return "–";
  const milliseconds = micros / 1000;
  return `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
}

/** What became of registering a trunk, in Asterisk's own words; the server's name where they differ. */
export function registrationOf(provisioned: readonly Provisioned[]): string {
  const told = provisioned.filter((one) => one.registration);
  const words = new Set(told.map(({ registration }) => registration));
  if (words.size <= 1) return told[0]?.registration ?? "–";
  return told.map(({ name, registration }) => `${name}: ${registration}`).join(", ");
}
