import { describe, expect, test } from "vitest";
import type { Provisioned } from "../api/types";
import { hostOf, presenceOf, registrationOf, roundTripWords, summary } from "./provisioned";
import { listed, readCodecs } from "./words";

const on = (name: string, change: Partial<Provisioned> = {}): Provisioned => ({
  ...{ server: name, name, state: "live", reason: null, contacts: [], registration: null },
  ...change,
});

describe("the state of what was set up", () => {
  test("is the worst of all servers, and says where it is so", () => {
    const reason = "its context is from-internal";
    const all = [on("a"), on("b", { state: "drifted", reason }), on("c", { state: "pending" })];
    expect(summary(all)).toEqual({
      state: "drifted",
      where: "b",
      lines: [
        "a: live, as it was set up",
        "b: drifted, its context is from-internal",
        "c: pending, nobody can say at the moment",
      ],
    });
  });

  test("needs no place when it is the same everywhere, and is none without a server", () => {
    expect(summary([on("a"), on("b")])?.where).toBeNull();
    expect(summary([])).toBeNull();
  });
});

describe("where something is reached", () => {
  test.each([
    ["sip:101@192.0.2.7:5060;ob", "192.0.2.7:5060"],
    ["sips:101@[2001:db8::1]:5061;transport=tls", "[2001:db8::1]:5061"],
    ["sip:sip.example.net", "sip.example.net"],
    ["", ""],
    ["@@@", "@@"],
  ])("%s", (uri, host) => {
    expect(hostOf(uri)).toBe(host);
  });

  test("says its round trip, or that there is none", () => {
    expect(roundTripWords({ round_trip_micros: 4_250 })).toBe("4.3 ms");
    expect(roundTripWords({ round_trip_micros: 41_900 })).toBe("42 ms");
    expect(roundTripWords({ round_trip_micros: null })).toBe("–");
  });
});

test("a registration is told once, or by server", () => {
  const as = (registration: string | null) => ({ registration });
  expect(registrationOf([on("a", as("Registered")), on("b", as("Registered"))])).toBe("Registered");
  expect(registrationOf([on("a", as("Registered")), on("b", as("Rejected"))])).toBe(
    "a: Registered, b: Rejected",
  );
  expect(registrationOf([on("a")])).toBe("–");
});

describe("lists that are typed", () => {
  test("are read with commas, spaces and lines", () => {
    expect(listed(" 192.0.2.0/24,\nsip.example.net  198.51.100.1 ")).toEqual([
      "192.0.2.0/24",
      "sip.example.net",
      "198.51.100.1",
    ]);
    expect(listed(" , ")).toEqual([]);
  });

  test("of codecs name what is none", () => {
    expect(readCodecs("Opus, alaw")).toEqual(["opus", "alaw"]);
    expect(readCodecs("alaw, <b>mp3</b>")).toEqual({
      field: "codecs",
      words: "“<b>mp3</b>” is no codec. There are opus, g722, alaw, ulaw, g729, gsm, ilbc, speex.",
    });
  });
});

test("whether a phone is there is said only where it is known", () => {
  const contact = (state: "reachable" | "unreachable" | "registered") => ({
    ...{ uri: "sip:101@192.0.2.7", state, round_trip_micros: null, user_agent: "" },
  });
  const one = on("pbx-1");
  expect(presenceOf([{ ...one, contacts: [contact("unreachable"), contact("registered")] }])).toBe(
    "registered",
  );
  expect(presenceOf([{ ...one, contacts: [contact("unreachable")] }])).toBe("silent");
  expect(presenceOf([one])).toBe("missing");
  expect(presenceOf([one, { ...one, state: "pending" }])).toBeNull();
  expect(presenceOf([])).toBeNull();
});
