// The words of what was found on a trunk. Pure.

import type { TestCall, TrunkChecked, WayExplained } from "../api/types";
import { causeWords } from "../live/words";

export const OUTCOME_WORDS: Record<TestCall["outcome"], string> = {
  answered: "Answered",
  rang: "Rang, but nobody answered",
  failed: "Did not get through",
};

export const OUTCOME_TONES = { answered: "available", rang: "waiting", failed: "no_answer" } as const;

/** Milliseconds as seconds: "1.2 s". */
export function secondsWords(milliseconds: number | null | undefined): string | null {
  return milliseconds == null ? null : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Why a silent call ended, or was slow; nothing where there is nothing to say. */
export function whyWords({ cause, why }: TestCall): string | null {
  return cause == null ? (why ?? null) : causeWords(cause);
}

/** A silent call in one line: "0905550101: answered; rang after 1.2 s; alaw". */
export function callLine(call: TestCall): string {
  const [rang, answered] = [secondsWords(call.post_dial_delay_ms), secondsWords(call.answered_after_ms)];
  const facts = [
    OUTCOME_WORDS[call.outcome].toLowerCase(),
    rang && `rang after ${rang}`,
    answered && `answered after ${answered}`,
    call.codec,
    whyWords(call),
  ];
  return `${call.dialled}: ${facts.filter(Boolean).join("; ")}`;
}

/** What was not well, in one line; nothing where all was. */
export function troubleLine({ findings }: TrunkChecked): string | null {
  const bad = findings.filter(({ verdict }) => verdict !== "ok");
  return bad.length === 0 ? null : bad.map(({ what }) => what).join("; ");
}

/** Whether a trunk takes a call, at a glance. */
export function wayLabel({ verdict }: WayExplained): {
  tone: "available" | "waiting" | "offline";
  words: string;
} {
  if (verdict === "takes") return { tone: "available", words: "Takes it" };
  if (verdict === "takes_after_failure") return { tone: "waiting", words: "Takes it if no other does" };
  return { tone: "offline", words: "Does not" };
}
