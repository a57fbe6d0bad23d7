// The words of what was found on a trunk. Pure.

import type { Finding, TestCall, TrunkChecked, WayExplained } from "../api/types";
import { causeWords } from "../live/words";

export const OUTCOME_WORDS: Record<TestCall["outcome"], string> = {
  answered: "Answered",
  rang: "Rang, but nobody answered",
  failed: "Did not get through",
};

export const OUTCOME_TONES = { answered: "available", rang: "waiting", failed: "no_answer" } as const;

/** A time that people wait: "240 ms", "1.2 s". */
export function timeWords(milliseconds: number | null | undefined): string | null {
  if (milliseconds == null) return null;
  return milliseconds < 1000 ? `${milliseconds} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Why a silent call ended, or was slow; nothing where there is nothing to say. */
export function whyWords({ cause, why }: TestCall): string | null {
  return cause == null ? (why ?? null) : causeWords(cause);
}

/** A silent call in one line: "0905550101: answered; rang after 1.2 s; alaw". */
export function callLine(call: TestCall): string {
  const [rang, answered] = [timeWords(call.post_dial_delay_ms), timeWords(call.answered_after_ms)];
  const facts = [
    OUTCOME_WORDS[call.outcome].toLowerCase(),
    rang && `rang after ${rang}`,
    answered && `answered after ${answered}`,
    call.codec,
    whyWords(call),
  ];
  return `${call.dialled}: ${facts.filter(Boolean).join("; ")}`;
}

/** How a check ended: as bad as the worst that was found, and as the call. */
export function verdictOf({ ok, findings }: TrunkChecked): Finding["verdict"] {
  if (!ok) return "problem";
  return findings.some(({ verdict }) => verdict === "warning") ? "warning" : "ok";
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
  if (verdict === "takes_after_failure") return { tone: "waiting", words: "Takes it last" };
  return { tone: "offline", words: "Does not" };
}

/** What a trunk says beyond that; the server's words for one that takes no calls at all are for programs. */
export function wayWords({ verdict, why }: WayExplained): string | null {
  if (verdict === "takes") return null;
  return verdict === "incoming_only" ? "calls only come in" : why;
}
