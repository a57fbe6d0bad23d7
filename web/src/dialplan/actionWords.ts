// What a rule does with a call, in words. Pure.

import type { DialplanAction, HangUpCause, SimulatedEnd, Simulation } from "../api/types";
import { causeWords, isolated } from "../live/words";
import type { QueueName } from "../setup/useQueueName";

export const ACTION_WORDS: Record<DialplanAction["type"], { choice: string; means: string }> = {
  phone: { choice: "Ring a phone", means: "Where there is no such phone, the next rule that fits holds." },
  out: { choice: "Call out", means: "To the telephone network, by the trunks that take the number." },
  queue: { choice: "Wait in a queue", means: "As calls that come in do." },
  announce: { choice: "Play a sound", means: "The call is over then." },
  go_to: { choice: "Go on in another context", means: "By its rules, with the same number." },
  did: {
    choice: "Go where the list of DIDs says",
    means: "Where the number is not in the list, the next rule that fits holds.",
  },
  menu: {
    choice: "Choose by a key",
    means: "A sound says what there is. What the key stands for is dialled.",
  },
  hang_up: { choice: "Hang up", means: "The caller's phone shows the cause." },
};

/** Q.850 of each cause, the usual one first. */
const CAUSES: Record<HangUpCause, number> = {
  rejected: 21,
  unallocated: 1,
  normal: 16,
  busy: 17,
  no_answer: 19,
  number_changed: 22,
  invalid_number: 28,
  no_line: 34,
};

export const CAUSE_CHOICES = Object.entries(CAUSES).map(([value, q850]) => ({
  value: value as HangUpCause,
  label: causeWords(q850),
}));

/** "rings the phone of the number dialled, for 30 s" */
export function actionWords(action: DialplanAction, queueName: QueueName): string {
  switch (action.type) {
    case "phone": {
      const { number, ring_seconds: seconds = 30, unanswered } = action;
      const rings = `rings ${number ? `phone ${number}` : "the phone of the number dialled"}, for ${seconds} s`;
      return unanswered === "words" ? `${rings}; Asterisk's voice says so if nobody answers` : rings;
    }
    case "out":
      return ["goes to the telephone network", ...rewriting(action)].join(", ");
    case "queue":
      return `waits in ${queueWords(queueName(action.queue))}`;
    case "announce":
      return `hears ${isolated(action.sound)}, and is over`;
    case "go_to":
      return `goes on by the rules of ${action.context}`;
    case "did":
      return "goes where the list of DIDs says";
    case "menu":
      return menuWords(action);
    case "hang_up":
      return `ends: ${causeWords(CAUSES[action.cause ?? "rejected"])}`;
  }
}

function menuWords(menu: Extract<DialplanAction, { type: "menu" }>): string {
  const keys = menu.choices.map(({ key, dial }) => `${key} dials ${dial}`).join(", ");
  const otherwise = menu.otherwise ? `; otherwise ${menu.otherwise}` : "";
  return `hears ${isolated(menu.sound)}, and a key chooses in ${menu.context}: ${keys}${otherwise}`;
}

function rewriting({ strip, prepend, present }: Extract<DialplanAction, { type: "out" }>): string[] {
  const said: string[] = [];
  if (strip) said.push(strip === 1 ? "without its first digit" : `without its first ${strip} digits`);
  if (prepend) said.push(`with ${prepend} in front`);
  if (present) said.push(`presenting ${present}`);
  return said;
}

function queueWords(name: string | undefined): string {
  return name ? `the queue ${isolated(name)}` : "a queue that is not known";
}

/** Who calls, in a simulation. */
export function originWords({ from, dialled }: Simulation): string {
  const who = {
    phone: `Phone ${from.name} (context ${from.context})`,
    trunk: `A caller through trunk ${from.name} (context ${from.context})`,
    context: `Somebody in context ${from.context}`,
  };
  return `${who[from.kind]} dials ${dialled}`;
}

/** Whether a call gets to where somebody may answer, at a glance. */
export function endTone(end: SimulatedEnd): "available" | "waiting" | "no_answer" {
  if (end.kind === "elsewhere") return "waiting";
  const reaches =
    (end.kind === "phone" && end.exists) ||
    (end.kind === "out" && end.trunks.length > 0) ||
    end.kind === "queue" ||
    end.kind === "did" ||
    end.kind === "menu" ||
    end.kind === "announce";
  return reaches ? "available" : "no_answer";
}
