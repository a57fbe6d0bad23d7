// What is typed into the form of a trunk, and what is sent of it. Pure.

import type { Wrong } from "../api/fields";
import type { SipTransport, Trunk, TrunkFields } from "../api/types";
import { listed, optional, readCodecs } from "../setup/words";
import { ALL_OUT, type OutboundForm, outboundForm, readOutbound } from "./outboundForm";

/** As typed. */
export interface TrunkForm {
  name: string;
  host: string;
  /** Empty: the usual one. */
  port: string;
  transport: SipTransport;
  /** Empty: all servers. */
  server: string;
  username: string;
  /** Empty: it stays. */
  password: string;
  registers: boolean;
  addresses: string;
  /** Empty: `from-NAME`. */
  context: string;
  codecs: string;
  fromDomain: string;
  qualify: string;
  active: boolean;
  outbound: OutboundForm;
}

export const NEW_TRUNK: TrunkForm = {
  name: "",
  host: "",
  port: "",
  transport: "udp",
  server: "",
  username: "",
  password: "",
  registers: false,
  addresses: "",
  context: "",
  codecs: "alaw, ulaw",
  fromDomain: "",
  qualify: "60",
  active: true,
  outbound: ALL_OUT,
};

export function formOf(trunk: Trunk): TrunkForm {
  return {
    name: trunk.name,
    host: trunk.host,
    port: String(trunk.port),
    transport: trunk.transport,
    server: trunk.server ?? "",
    username: trunk.username ?? "",
    password: "",
    registers: trunk.registers,
    addresses: trunk.addresses.join(", "),
    context: trunk.context,
    codecs: trunk.codecs.join(", "),
    fromDomain: trunk.from_domain ?? "",
    qualify: String(trunk.qualify_seconds),
    active: trunk.active,
    outbound: outboundForm(trunk.outbound),
  };
}

/** What the server is sent; its own checks are not made twice. */
export function fieldsOf(form: TrunkForm): TrunkFields | Wrong {
  const codecs = readCodecs(form.codecs);
  if (!Array.isArray(codecs)) return codecs;
  const outbound = readOutbound(form.outbound);
  if (outbound && "words" in outbound) return outbound;
  return {
    name: form.name.trim(),
    host: form.host.trim(),
    port: form.port === "" ? null : Number(form.port),
    transport: form.transport,
    server: form.server || null,
    username: optional(form.username),
    // As typed: a password may begin with a space.
    ...(form.password === "" || optional(form.username) === null ? {} : { password: form.password }),
    registers: form.registers,
    addresses: listed(form.addresses),
    context: optional(form.context),
    codecs,
    from_domain: optional(form.fromDomain),
    qualify_seconds: Number(form.qualify),
    active: form.active,
    outbound,
  };
}

/** Must a password be typed? One that is kept belongs to the user it was given for. */
export function needsPassword(form: TrunkForm, before: Trunk | undefined): boolean {
  const user = optional(form.username);
  return user !== null && user !== (before?.username ?? null);
}
