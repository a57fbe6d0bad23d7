// The words of set-up, and how lists are typed in.

import type { Wrong } from "../api/fields";
import type { Codec, SipTransport } from "../api/types";

export const TRANSPORT_WORDS: Record<SipTransport, string> = {
  udp: "UDP",
  tcp: "TCP",
  tls: "TLS",
  webrtc: "Browser (WebRTC)",
};

export const CODECS = [
  "opus",
  "g722",
  "alaw",
  "ulaw",
  "g729",
  "gsm",
  "ilbc",
  "speex",
] as const satisfies readonly Codec[];

/** Codecs as typed, in their order, or the first word that is none. */
export function readCodecs(text: string): Codec[] | Wrong {
  const words = listed(text.toLowerCase());
  const bad = words.find((word) => !(CODECS as readonly string[]).includes(word));
  if (bad !== undefined) {
    return { field: "codecs", words: `“${bad}” is no codec. There are ${CODECS.join(", ")}.` };
  }
  return words as Codec[];
}

/** What stands in a list that is written with commas, spaces or lines. */
export function listed(text: string): string[] {
  return text.split(/[\s,;]+/).filter((word) => word !== "");
}

/** A text that may be left out. */
export function optional(text: string): string | null {
  return text.trim() === "" ? null : text.trim();
}
