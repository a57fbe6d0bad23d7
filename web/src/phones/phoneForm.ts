// What is typed into the form of a phone, and what is sent of it. Pure.

import type { Wrong } from "../api/fields";
import type { Extension, ExtensionFields, SipTransport } from "../api/types";
import { optional, readCodecs } from "../setup/words";

/** As typed. */
export interface PhoneForm {
  number: string;
  /** Of a range: its last number. */
  last: string;
  name: string;
  /** Empty: all servers. */
  server: string;
  transport: SipTransport;
  codecs: string;
  context: string;
  mailbox: string;
  nat: boolean;
  qualify: string;
  active: boolean;
  /** Of a new one: what the phone logs in with already. Empty: it gets one. */
  secret: string;
}

export const NEW_PHONE: PhoneForm = {
  number: "",
  last: "",
  name: "",
  server: "",
  transport: "udp",
  codecs: "opus, g722, alaw, ulaw",
  context: "agents",
  mailbox: "",
  nat: true,
  qualify: "60",
  active: true,
  secret: "",
};

export function formOf(phone: Extension): PhoneForm {
  return {
    number: phone.number,
    last: "",
    name: phone.name,
    server: phone.server ?? "",
    transport: phone.transport,
    codecs: phone.codecs.join(", "),
    context: phone.context,
    mailbox: phone.mailbox ?? "",
    nat: phone.nat,
    qualify: String(phone.qualify_seconds),
    active: phone.active,
    secret: "",
  };
}

/** What the server is sent; its own checks are not made twice. */
export function fieldsOf(form: PhoneForm, range: boolean): ExtensionFields | Wrong {
  const codecs = readCodecs(form.codecs);
  if (!Array.isArray(codecs)) return codecs;
  return {
    number: form.number.trim(),
    ...(range ? { last: form.last.trim() } : {}),
    name: optional(form.name),
    server: form.server || null,
    transport: form.transport,
    codecs,
    context: form.context.trim(),
    // Each of a range would have the same.
    mailbox: range ? null : optional(form.mailbox),
    nat: form.nat,
    qualify_seconds: Number(form.qualify),
    active: form.active,
    // As typed: a secret may begin with a space.
    ...(form.secret === "" ? {} : { secret: form.secret }),
  };
}

/** A phone as it is, to be sent back with a change. */
export function sentBack(phone: Extension, change: Partial<ExtensionFields>): ExtensionFields {
  const { number, name, server, transport, codecs, context, mailbox, nat, qualify_seconds, active } = phone;
  return {
    ...{ number, name, server, transport, codecs, context, mailbox, nat, qualify_seconds, active },
    ...change,
  };
}

/** How many phones a range has; `null`: it is none. */
export function countOf({ number, last }: Pick<PhoneForm, "number" | "last">): number | null {
  const [from, to] = [number.trim(), last.trim()];
  if (!/^\d{2,10}$/.test(from) || !/^\d{2,10}$/.test(to) || from.length !== to.length) return null;
  const count = Number(to) - Number(from) + 1;
  return count > 0 ? count : null;
}

/** Does what is typed into the search occur in the phone? */
export function matches(phone: Extension, text: string): boolean {
  const wanted = text.trim().toLocaleLowerCase();
  return wanted === "" || `${phone.number} ${phone.name}`.toLocaleLowerCase().includes(wanted);
}
