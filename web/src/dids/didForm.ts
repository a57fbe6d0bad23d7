// What is typed into the form of a DID, and what is sent of it. Pure.

import type { Did, DidFields, DidTarget } from "../api/types";
import { optional } from "../setup/words";

/** As typed, with the fields of all targets: what was typed of one is there again when it is chosen again. */
export interface DidForm {
  number: string;
  /** For how long who calls back waits for the agent who called. */
  back: string;
  note: string;
  type: DidTarget["type"];
  queue: string;
  agent: string;
  /** For how long the agent is waited for. */
  wait: string;
  phone: string;
  ring: string;
  voice: boolean;
  sound: string;
  context: string;
  /** Empty: the number itself. */
  dialled: string;
}

export const NEW_DID: DidForm = {
  ...{ number: "", back: "20", note: "", type: "queue", queue: "", agent: "", wait: "20", phone: "" },
  ...{ ring: "30", voice: false, sound: "", context: "", dialled: "" },
};

export function formOf({ number, to, return_wait_seconds: back = 20, note = "" }: Did): DidForm {
  return { ...NEW_DID, number, back: String(back), note, type: to.type, ...typedOf(to) };
}

function typedOf(to: DidTarget): Partial<DidForm> {
  switch (to.type) {
    case "queue":
      return { queue: to.queue };
    case "agent":
      return { agent: to.agent, queue: to.queue, wait: String(to.wait_seconds ?? 20) };
    case "phone":
      return {
        phone: to.number,
        ring: String(to.ring_seconds ?? 30),
        voice: to.unanswered === "words",
      };
    case "announce":
      return { sound: to.sound };
    case "context":
      return { context: to.context, dialled: to.number ?? "" };
  }
}

/** What the server is sent; its own checks are not made twice. */
export function fieldsOf(form: DidForm): DidFields {
  return {
    number: bare(form.number),
    to: targetOf(form),
    return_wait_seconds: Number(form.back),
    note: form.note.trim(),
  };
}

function targetOf({ type, queue, agent, wait, phone, ring, voice, ...form }: DidForm): DidTarget {
  switch (type) {
    case "queue":
      return { type, queue };
    case "agent":
      return { type, agent, queue, wait_seconds: Number(wait) };
    case "phone":
      return {
        type,
        number: phone.trim(),
        ring_seconds: Number(ring),
        unanswered: voice ? "words" : "hang_up",
      };
    case "announce":
      return { type, sound: form.sound.trim() };
    case "context":
      return { type, context: form.context, number: optional(bare(form.dialled)) };
  }
}

/** As people write it: Asterisk delivers it without what stands between the digits. */
function bare(number: string): string {
  return number.replace(/[\s()./-]/g, "");
}

/** Does what is typed into the search occur in the number, the note, or where it leads? */
export function matches({ number, note = "" }: Did, leads: string, text: string): boolean {
  const wanted = text.trim().toLocaleLowerCase();
  return wanted === "" || `${number} ${note} ${leads}`.toLocaleLowerCase().includes(wanted);
}
