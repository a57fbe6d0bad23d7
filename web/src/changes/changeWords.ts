// The words of changes by centre files. Pure.

import type { CentreChange } from "../api/types";

export const KIND_WORDS: Record<CentreChange["kind"], string> = {
  apply: "A file was applied",
  rollback: "What was before was put back",
};

/** Whether it came to its end. */
export function endLabel({ finished_at: finished }: CentreChange) {
  return finished
    ? ({ tone: "available", words: "Done" } as const)
    : ({ tone: "waiting", words: "Not to its end" } as const);
}
