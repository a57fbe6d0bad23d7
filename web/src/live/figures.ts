// The sums over queues that the top of the live page shows.

import type { LiveQueue } from "../api/types";
import type { LiveState } from "./state";

export interface Figures {
  waiting: number;
  ringing: number;
  talking: number;
  /** The caller who has waited longest, and where. */
  longest: { since: string; queue: LiveQueue["queue"] } | null;
  available: number;
  loggedIn: number;
  today: LiveQueue["today"];
}

export const SERVICE_LEVEL_FORMULA =
  "Calls answered within the queue's limit ÷ (answered + abandoned), since the queue's midnight";
export const ABANDONED_FORMULA =
  "Callers who hung up before an agent answered ÷ (answered + abandoned), since the queue's midnight";

export function figuresOf({ queues, agents }: Pick<LiveState, "queues" | "agents">): Figures {
  const figures: Figures = {
    waiting: 0,
    ringing: 0,
    talking: 0,
    longest: null,
    available: 0,
    loggedIn: 0,
    today: { offered: 0, answered: 0, abandoned: 0, answered_in_service_level: 0 },
  };
  for (const queue of queues.values()) addQueue(figures, queue);
  for (const { status } of agents.values()) {
    if (status.state === "available") figures.available += 1;
    if (status.state !== "offline") figures.loggedIn += 1;
  }
  return figures;
}

function addQueue(figures: Figures, { queue, today, longest_wait_since: since, ...now }: LiveQueue) {
  figures.waiting += now.waiting;
  figures.ringing += now.ringing;
  figures.talking += now.talking;
  if (since && (!figures.longest || since < figures.longest.since)) figures.longest = { since, queue };
  figures.today.offered += today.offered;
  figures.today.answered += today.answered;
  figures.today.abandoned += today.abandoned;
  figures.today.answered_in_service_level += today.answered_in_service_level;
}

/** The calls that a rate is about: those whose wait is over. */
export function finished(today: LiveQueue["today"]): number {
  return today.answered + today.abandoned;
}
