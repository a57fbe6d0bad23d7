// Which field of a form a refusal is about.

import { ProblemError, sentence, wordsFor } from "./problem";

/** What a form itself finds wrong, before anything is sent. */
export interface Wrong {
  field: string;
  words: string;
}

export interface FieldProblems {
  /** What is wrong with a field. */
  at: (field: string) => string | null;
  /** What is wrong with none of those that are shown. */
  other: string | null;
}

/** Sorts what a server refused by the fields that the form shows. */
export function fieldProblems(error: unknown, shown: readonly string[]): FieldProblems {
  if (!error) return { at: () => null, other: null };
  const field = error instanceof ProblemError ? shownField(error.problem.field) : null;
  if (!(error instanceof ProblemError) || field === null || !shown.includes(field)) {
    return { at: () => null, other: wordsFor(error) };
  }
  const { detail, title } = error.problem;
  // The detail begins with the field's name, beside which it stands: what it is part of need not be said.
  const words = sentence(detail?.replace(/^(\w+\.)+(?=\w)/, "") ?? title);
  return { at: (name) => (name === field ? words : null), other: null };
}

/** Of a list, the form shows one field: `outbound.rules` of `outbound.rules[3].strip`. */
function shownField(field: string | null): string | null {
  return field?.replace(/\[.*/, "") ?? null;
}
