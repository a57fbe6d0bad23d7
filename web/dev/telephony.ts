// The set-up of the simulated centre: phones, trunks and servers, kept in memory.

import type { Did, Extension, Provisioned, Server, Trunk, TrunkChecked } from "../src/api/types";
import { Dialplan } from "./dialplan.ts";
import { checked, digitsOf, explain } from "./trunks.ts";

export interface Answer {
  status: number;
  value?: unknown;
}

export type Fields = Record<string, unknown>;

const SERVERS: Server[] = [
  {
    ...{ id: "s1", name: "pbx-1", ari_url: "http://127.0.0.1:8088/ari", ari_user: "cordboard" },
    ...{ application: "cordboard", active: true, dial_out: null },
    ami: { address: "127.0.0.1:5038", user: "cordboard", tls: false },
    provisioned_by: "http",
  },
];

const phone = (number: string, change: Partial<Extension> = {}): Extension => ({
  ...{ id: `e${number}`, number, name: number, server: null, transport: "udp" },
  ...{ codecs: ["opus", "g722", "alaw", "ulaw"], context: "agents", mailbox: null, nat: true },
  ...{ qualify_seconds: 60, active: true },
  ...change,
});

const TRUNKS: Trunk[] = [
  {
    ...{ id: "t1", name: "provider", server: null, host: "sip.example.net", port: 5061, transport: "tls" },
    ...{ username: "4215550100", registers: true, addresses: [], context: "from-provider" },
    ...{ codecs: ["alaw", "ulaw"], from_domain: null, qualify_seconds: 60, active: true },
    outbound: {
      ...{ priority: 1, weight: 1, max_channels: 30, max_calls_per_second: 5 },
      rules: [
        { prefix: "421", strip: 3, prepend: "0", cost_micros_per_minute: 12_000 },
        { prefix: "420", strip: 0, prepend: "00", cost_micros_per_minute: 25_500 },
      ],
    },
  },
  {
    ...{ id: "t2", name: "carrier", server: null, host: "192.0.2.40", port: 5060, transport: "udp" },
    ...{ username: null, registers: false, addresses: [], context: "from-carrier" },
    ...{ codecs: ["alaw"], from_domain: null, qualify_seconds: 60, active: true },
    outbound: { priority: 10, weight: 1, max_channels: null, max_calls_per_second: null, rules: [] },
  },
  {
    ...{ id: "t3", name: "freephone", server: null, host: "192.0.2.41", port: 5060, transport: "udp" },
    ...{ username: null, registers: false, addresses: [], context: "from-freephone" },
    ...{ codecs: ["alaw"], from_domain: null, qualify_seconds: 0, active: true, outbound: null },
  },
];

/** What administrators set up. Phones whose number ends in 3 have drifted; those that end in 5 do not answer. */
export class SetUp {
  private readonly phones = new Map<string, Extension>();
  private readonly trunks = new Map(TRUNKS.map((trunk) => [trunk.id, trunk]));
  private readonly checks = new Map<string, TrunkChecked[]>();
  private readonly dids = new Map<string, Did>();
  private readonly dialplan = new Dialplan();
  private secrets = 0;

  constructor() {
    const long = `Nora ${"Example ".repeat(11)}\u202e<b>gnol</b>`;
    for (let number = 101; number < 149; number += 1) this.keep(phone(String(number)));
    this.keep(phone("102", { name: long, transport: "webrtc" }));
    this.keep(phone("104", { name: "Spare", active: false }));
  }

  /** `undefined`: the path is of something else. */
  answer(method: string, path: string, query: URLSearchParams, fields: Fields): Answer | undefined {
    const context = /^\/v1\/dialplan\/(contexts|simulate)(?:\/([^/]+))?$/.exec(path);
    if (context?.[1] === "contexts") return this.dialplan.contexts(method, context[2], fields);
    if (context) return this.dialplan.simulate(fields, [...this.phones.values()], [...this.trunks.values()]);
    const did = /^\/v1\/dids(?:\/([^/]+))?$/.exec(path);
    if (did) return this.did(method, did[1], query, fields);
    const [, noun, id, verb] =
      /^\/v1\/(extensions|trunks|servers)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(path) ?? [];
    if (noun === "servers") return this.server(method, id, verb);
    if (noun === "extensions")
      return this.phone(`${method} ${id === "range" ? id : (verb ?? "")}`, id, query, fields);
    return noun === "trunks" ? this.ofTrunk(`${method} ${verb ?? ""}`, id, query, fields) : undefined;
  }

  private did(method: string, id: string | undefined, query: URLSearchParams, fields: Fields): Answer {
    if (method === "GET" && !id) return page([...this.dids.values()], query);
    if (id && !this.dids.has(id)) return missing("number");
    if (method === "DELETE" && id) return this.dids.delete(id) ? { status: 204 } : missing("number");
    const number = String(fields.number);
    if (!/^\+?[\d*#]+$/.test(number)) return wrong("number", "number has a sign that cannot be dialled.");
    const taken = [...this.dids.values()].some((one) => one.number === number && one.id !== id);
    if (taken) return wrong("number", "number is already taken.", 409);
    const did = { ...fields, id: id ?? `n${number.replace("+", "")}` } as Did;
    this.dids.set(did.id, did);
    return { status: id ? 200 : 201, value: did };
  }

  hasPhone(number: string): boolean {
    return [...this.phones.values()].some((one) => one.number === number);
  }

  private server(method: string, id: string | undefined, verb: string | undefined): Answer {
    if (!id) return { status: 200, value: { items: SERVERS, next: null } };
    if (method !== "POST" || verb !== "check") return missing("server");
    const seen = (verdict: string, what: string, remedy: string | null = null) => ({
      ...{ subject: "asterisk pbx-1", verdict, what, why: null, remedy },
    });
    const findings = [
      seen("ok", "Asterisk 22.10.0 lets cordboard in"),
      seen("warning", "its clock is 3 s behind", "let both follow NTP"),
      seen(
        "problem",
        "does not ask for its phones",
        "take these lines into extconfig.conf:\n\nps_endpoints => curl,…",
      ),
    ];
    return { status: 200, value: { ok: false, findings } };
  }

  private phone(asked: string, id: string | undefined, query: URLSearchParams, fields: Fields): Answer {
    const known = this.phones.get(id ?? "");
    if (asked === "GET " && !id) return page([...this.phones.values()], query);
    if (asked === "POST ") return this.add(fields);
    if (asked === "POST range") return this.addRange(fields);
    if (!known) return missing("extension");
    if (asked === "GET ") return { status: 200, value: seen(known, known.number) };
    if (asked === "DELETE ") return this.phones.delete(known.id) ? { status: 204 } : missing("extension");
    if (asked === "POST secret")
      return { status: 200, value: { ...seen(known, known.number), secret: this.secret() } };
    const changed = { ...known, ...fields } as Extension;
    this.keep(changed);
    const secret = changed.number === known.number ? null : this.secret();
    return { status: 200, value: { ...seen(changed, changed.number), secret } };
  }

  private add(fields: Fields): Answer {
    const number = String(fields.number);
    const refused = this.refused("number", number);
    if (refused) return refused;
    const made = phone(number, { ...fields, name: String(fields.name ?? number) });
    this.keep(made);
    return { status: 201, value: { ...seen(made, number), secret: this.secret() } };
  }

  private addRange(fields: Fields): Answer {
    const [from, to] = [Number(fields.number), Number(fields.last)];
    if (to < from) return wrong("last", "last is smaller than number.");
    const numbers = Array.from({ length: to - from + 1 }, (_, index) => String(from + index));
    const refused = numbers.map((number) => this.refused("number", number)).find(Boolean);
    if (refused) return refused;
    const { last: _last, ...shared } = fields;
    const made = numbers.map((number) => phone(number, { ...shared, number, name: number }));
    for (const one of made) this.keep(one);
    return { status: 200, value: { items: made.map((one) => ({ ...one, secret: this.secret() })) } };
  }

  private refused(field: string, number: string): Answer | undefined {
    if (!/^\d{2,10}$/.test(number)) return wrong(field, `${field} must have 2 to 10 digits.`);
    const taken = [...this.phones.values()].some((one) => one.number === number);
    return taken ? wrong(field, `${field} is already taken.`, 409) : undefined;
  }

  private ofTrunk(asked: string, id: string | undefined, query: URLSearchParams, fields: Fields): Answer {
    if (id === "explain") {
      const to = digitsOf(query.get("to"));
      if (to === null) return wrong("to", "to is no number that can be called.");
      return { status: 200, value: explain([...this.trunks.values()], to) };
    }
    const known = this.trunks.get(id ?? "");
    if (asked === "GET checks" && known)
      return { status: 200, value: { items: this.checks.get(known.id) ?? [] } };
    if (asked === "POST check" && known) return this.check(known, fields.to ?? null);
    return this.trunk(asked.trimEnd(), id, fields);
  }

  private check(trunk: Trunk, to: unknown): Answer {
    const digits = to === null ? null : digitsOf(to);
    if (to !== null && digits === null) return wrong("to", "to is no number that can be called.");
    const found = checked(trunk, digits);
    this.checks.set(trunk.id, [found, ...(this.checks.get(trunk.id) ?? [])]);
    return { status: 200, value: found };
  }

  private trunk(method: string, id: string | undefined, fields: Fields): Answer {
    if (method === "GET" && !id) return page([...this.trunks.values()], new URLSearchParams());
    const known = this.trunks.get(id ?? "");
    if (id && !known) return missing("trunk");
    if (method === "DELETE" && id) return this.trunks.delete(id) ? { status: 204 } : missing("trunk");
    if (method === "GET" && known) return { status: 200, value: seen(known, "1") };
    const { password: _password, ...rest } = fields;
    const prefixes = (rest.outbound as Trunk["outbound"])?.rules.map(({ prefix }) => prefix) ?? [];
    const twice = prefixes.find((prefix, index) => prefixes.indexOf(prefix) !== index);
    if (twice !== undefined)
      return wrong("outbound.rules", `outbound.rules has the prefix "${twice}" twice.`);
    if (rest.context === "agents") return wrong("context", "context agents is where calls of phones begin.");
    const context = rest.context ?? `from-${rest.name}`;
    const made = { ...rest, id: id ?? `t${this.trunks.size + 1}`, port: rest.port ?? 5060, context } as Trunk;
    this.trunks.set(made.id, made);
    return { status: id ? 200 : 201, value: seen(made, "1") };
  }

  private keep(one: Extension) {
    this.phones.set(one.id, one);
  }

  private secret(): string {
    this.secrets += 1;
    return `mock-${String(this.secrets).padStart(5, "0")}-secret`;
  }
}

function seen<Thing extends object>(thing: Thing, number: string): Thing & { provisioned: Provisioned[] } {
  const [drifted, silent] = [number.endsWith("3"), number.endsWith("5")];
  const contact = {
    uri: `sip:${number}@192.0.2.${number.length + Number(number.at(-1))}:5060`,
    state: silent ? "unreachable" : "reachable",
    round_trip_micros: silent ? null : 4_200 + Number(number) * 90,
    user_agent: "Deskphone 4.2",
  } as const;
  const one: Provisioned = {
    ...{ server: "s1", name: "pbx-1", state: drifted ? "drifted" : "live" },
    reason: drifted ? "its context is from-internal: pjsip.conf has a phone of this number" : null,
    contacts: drifted ? [] : [contact],
    registration: "registers" in thing && thing.registers ? "Registered" : null,
  };
  return { ...thing, provisioned: [one] };
}

function page(items: { number?: string; name?: string }[], query: URLSearchParams): Answer {
  const by = (one: { number?: string; name?: string }) => one.number ?? one.name ?? "";
  const sorted = items.sort((a, b) => by(a).localeCompare(by(b)));
  const [start, limit] = [Number(query.get("cursor") ?? 0), Number(query.get("limit") ?? 100)];
  const next = start + limit < sorted.length ? String(start + limit) : null;
  return { status: 200, value: { items: sorted.slice(start, start + limit), next } };
}

export function missing(what: string): Answer {
  return { status: 404, value: { title: `There is no such ${what}`, status: 404, code: "not_found" } };
}

export function wrong(field: string, detail: string, status = 400): Answer {
  return { status, value: { title: "A field is wrong", status, code: "invalid_field", detail, field } };
}
