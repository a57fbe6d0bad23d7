// What is typed into the form of a DID, and what is sent of it. Pure.

import type { Did, DidFields } from "../api/types";

/** As typed. */
export interface DidForm {
  number: string;
  queue: string;
  wait: string;
  note: string;
}

export const NEW_DID: DidForm = { number: "", queue: "", wait: "20", note: "" };

export function formOf({ number, queue, return_wait_seconds: wait = 20, note = "" }: Did): DidForm {
  return { number, queue, wait: String(wait), note };
}

/** What the server is sent; its own checks are not made twice. */
export function fieldsOf({ number, queue, wait, note }: DidForm): DidFields {
  return {
    // As people write it: Asterisk delivers it without what stands between the digits.
    number: number.replace(/[\s()./-]/g, ""),
    queue,
    return_wait_seconds: Number(wait),
    note: note.trim(),
  };
}

/** Does what is typed into the search occur in the number, the note, or where it leads? */
export function matches({ number, note = "" }: Did, leads: string, text: string): boolean {
  const wanted = text.trim().toLocaleLowerCase();
  return wanted === "" || `${number} ${note} ${leads}`.toLocaleLowerCase().includes(wanted);
}
