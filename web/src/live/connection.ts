// The event stream over WebSocket: reconnects for ever, resumes after the last event seen.

import type { Event } from "../api/types";

/** First wait before another attempt; doubles with each failure. */
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 15_000;
/** A stream on which nothing came for so long is lost. The server sends something more often. */
const SILENCE_MS = 30_000;

export interface Socket {
  onmessage: ((message: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  close(): void;
}

export interface StreamOptions {
  open: (after: number) => Socket;
  /** The last event that was seen. */
  after: () => number;
  onHello: (hello: { seq: number; resumed: boolean }) => void;
  onEvent: (event: Event) => void;
  onHeard: () => void;
  /** Something has happened that the server can only tell later. */
  onUntold: () => void;
  /** Lost, or could not be opened; the next attempt is made in `retryMs`. */
  onLost: (retryMs: number) => void;
  random?: () => number;
}

export interface Stream {
  retryNow(): void;
  close(): void;
}

export function openStream(options: StreamOptions): Stream {
  const random = options.random ?? Math.random;
  let socket: Socket | null = null;
  let failures = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;

  function connect() {
    clearTimeout(retry);
    retry = undefined;
    const opened = options.open(options.after());
    socket = opened;
    heard();
    opened.onmessage = ({ data }) => {
      heard();
      receive(data);
    };
    opened.onclose = lost;
  }

  function receive(data: unknown) {
    const frame = parse(data);
    if (!frame) return;
    options.onHeard();
    if (isHello(frame)) {
      failures = 0;
      options.onHello(frame);
    } else if (isEvent(frame)) {
      options.onEvent(frame);
    } else if (frame.type === "ping" && frame.untold_events) {
      options.onUntold();
    }
  }

  function heard() {
    clearTimeout(silence);
    silence = setTimeout(lost, SILENCE_MS);
  }

  function drop() {
    clearTimeout(silence);
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
    socket = null;
  }

  function lost() {
    drop();
    const ceiling = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
    const wait = Math.round(ceiling * (0.5 + random() / 2));
    failures += 1;
    retry = setTimeout(connect, wait);
    options.onLost(wait);
  }

  connect();
  return {
    retryNow() {
      if (retry === undefined) return;
      connect();
    },
    close() {
      clearTimeout(retry);
      retry = undefined;
      drop();
    },
  };
}

function parse(data: unknown): Record<string, unknown> | null {
  if (typeof data !== "string") return null;
  try {
    const frame: unknown = JSON.parse(data);
    return typeof frame === "object" && frame !== null ? (frame as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function isHello(frame: Record<string, unknown>): frame is { type: "hello"; seq: number; resumed: boolean } {
  return frame.type === "hello" && typeof frame.seq === "number" && typeof frame.resumed === "boolean";
}

function isEvent(frame: Record<string, unknown>): frame is Record<string, unknown> & Event {
  return typeof frame.seq === "number" && typeof frame.at === "string" && typeof frame.type === "string";
}

/** The browser's socket to `/ws` of the same origin. */
export function openSocket(after: number): Socket {
  const url = new URL("/ws", globalThis.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("after", String(after));
  return new WebSocket(url) as Socket;
}
