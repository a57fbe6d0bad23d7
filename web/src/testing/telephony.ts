// Things that administrators set up, to test with.

import type { Extension, Provisioned, Server, Trunk } from "../api/types";

export function phone(number: string, change: Partial<Extension> = {}): Extension {
  return {
    ...{ id: `e${number}`, number, name: number, server: null, transport: "udp", codecs: ["opus", "alaw"] },
    ...{ context: "agents", mailbox: null, nat: true, qualify_seconds: 60, active: true },
    ...change,
  } as Extension;
}

export function trunk(name: string, change: Partial<Trunk> = {}): Trunk {
  return {
    ...{ id: `t-${name}`, name, server: null, host: "sip.example.net", port: 5060, transport: "udp" },
    ...{ username: "4215550100", registers: true, addresses: [], context: `from-${name}`, codecs: ["alaw"] },
    ...{ from_domain: null, qualify_seconds: 60, active: true },
    outbound: { priority: 10, weight: 1, max_channels: null, max_calls_per_second: null, rules: [] },
    ...change,
  } as Trunk;
}

export const SERVER: Server = {
  ...{ id: "s1", name: "pbx-1", ari_url: "http://127.0.0.1:8088/ari", ari_user: "cordboard" },
  ...{ application: "cordboard", active: true, dial_out: null, ami: null, provisioned_by: "http" },
};

export function provisioned(change: Partial<Provisioned> = {}): Provisioned {
  const contact = {
    uri: "sip:101@192.0.2.7:5060",
    state: "reachable",
    round_trip_micros: 4_200,
    user_agent: "",
  } as const;
  return {
    ...{ server: "s1", name: "pbx-1", state: "live", reason: null, contacts: [contact], registration: null },
    ...change,
  };
}
