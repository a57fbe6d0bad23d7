// Keeps the live state true: a snapshot, then events, and a new snapshot whenever events alone do not do.

import { createStore } from "zustand/vanilla";
import { answer, api } from "../api/client";
import { ProblemError, wordsFor } from "../api/problem";
import type { Event, Live } from "../api/types";
import { serverTimeIsPast, setServerTime, startClock, stopClock } from "./clock";
import { openSocket, openStream, type Socket, type Stream } from "./connection";
import { asideAfter, NOTHING_ASIDE } from "./control";
import { applyEvent } from "./reduce";
import { fromSnapshot, type LiveState } from "./state";

/** Events are shown in batches: so often at most does the page change. */
const BATCH_MS = 100;
/** More unread events than this are thrown away for a new snapshot, which costs less. */
const MAX_PENDING = 5_000;
/** Snapshots are fetched so often in any case: queues and agents made since, and the queue's midnight, have no event. */
const REFRESH_MS = 60_000;
/** For those who are not told of every agent, but see how many of a queue are in which state. */
const PARTIAL_REFRESH_MS = 15_000;
/** The least time between two snapshots that events asked for. */
const REFETCH_MS = 2_000;
/** After a snapshot that failed. */
const RETRY_MS = 5_000;
/** A break in the stream that is shorter is nobody's business. */
const GRACE_MS = 2_000;

export type Link =
  | { state: "connecting" }
  | { state: "connected" }
  /** `since`: what is shown was true then (milliseconds since 1970). `retryAt`: when the next attempt is made. */
  | { state: "lost"; since: number; retryAt: number };

export interface FeedState {
  live: LiveState | null;
  link: Link;
  /** Why there is no snapshot, in words. */
  failure: string | null;
}

export interface FeedOptions {
  fetchLive?: () => Promise<Live>;
  open?: (after: number) => Socket;
  onSessionEnded: () => void;
  /** The server withholds events from this user. */
  partial?: boolean;
}

export interface Feed {
  store: ReturnType<typeof createFeedStore>;
  /** Fetches a new snapshot soon. */
  refresh(): void;
  retryNow(): void;
  close(): void;
}

function createFeedStore() {
  return createStore<FeedState>(() => ({ live: null, link: { state: "connecting" }, failure: null }));
}

export function startFeed(options: FeedOptions): Feed {
  const store = createFeedStore();
  const {
    fetchLive = () => answer(api.GET("/v1/live")),
    open = openSocket,
    onSessionEnded,
    partial = false,
  } = options;
  const state = new Snapshots(store, fetchLive, onSessionEnded);
  let stream: Stream | null = null;
  let heardAt = Date.now();
  let grace: ReturnType<typeof setTimeout> | undefined;

  function onLost(retryMs: number) {
    const retryAt = Date.now() + retryMs;
    const say = () => {
      stopClock();
      store.setState({ link: { state: "lost", since: heardAt, retryAt } });
    };
    clearTimeout(grace);
    const quiet = Date.now() - heardAt;
    if (store.getState().link.state === "lost" || quiet >= GRACE_MS) say();
    else grace = setTimeout(say, GRACE_MS - quiet);
    // The browser does not say why a socket was refused; a lost session is the one cause that no retry mends.
    void state.checkSession();
  }

  function onHello(hello: { seq: number; resumed: boolean }) {
    clearTimeout(grace);
    startClock();
    store.setState({ link: { state: "connected" } });
    const { live } = store.getState();
    if (live && hello.resumed && hello.seq >= live.seq) return;
    state.forgetWatches();
    void state.fetch();
  }

  void state.fetch().then(() => {
    if (state.closed) return;
    stream = openStream({
      open,
      after: () => store.getState().live?.seq ?? 0,
      onHello,
      onLost,
      onEvent: (event) => state.push(event),
      onHeard: () => {
        heardAt = Date.now();
      },
      onUntold: () => state.fetchSoon(),
    });
  });

  const refresh = setInterval(() => void state.fetch(), partial ? PARTIAL_REFRESH_MS : REFRESH_MS);
  const retryNow = () => stream?.retryNow();
  globalThis.addEventListener("online", retryNow);

  return {
    store,
    refresh: () => state.fetchSoon(),
    retryNow: () => {
      retryNow();
      if (!store.getState().live) void state.fetch();
    },
    close() {
      clearInterval(refresh);
      clearTimeout(grace);
      globalThis.removeEventListener("online", retryNow);
      stream?.close();
      state.close();
      startClock();
    },
  };
}

/** Snapshots and the events after them, put together in their order. */
class Snapshots {
  closed = false;
  private readonly store: Feed["store"];
  private readonly fetchLive: () => Promise<Live>;
  private readonly onSessionEnded: () => void;
  private pending: Event[] = [];
  /** What came since the running fetch was sent; the snapshot may be older than these. */
  private sinceFetch: Event[] | null = null;
  private batch: ReturnType<typeof setTimeout> | undefined;
  private soon: ReturnType<typeof setTimeout> | undefined;
  private fetchedAt = 0;

  constructor(store: Feed["store"], fetchLive: () => Promise<Live>, onSessionEnded: () => void) {
    this.store = store;
    this.fetchLive = fetchLive;
    this.onSessionEnded = onSessionEnded;
  }

  push(event: Event) {
    serverTimeIsPast(event.at);
    this.sinceFetch?.push(event);
    this.pending.push(event);
    if (this.pending.length > MAX_PENDING) {
      this.pending = [];
      this.forgetWatches();
      void this.fetch();
      return;
    }
    this.batch ??= setTimeout(() => this.flush(), BATCH_MS);
  }

  private flush() {
    this.batch = undefined;
    const events = this.pending;
    this.pending = [];
    const { live } = this.store.getState();
    if (!live) return;
    const next = events.reduce(applyEvent, live);
    this.store.setState({ live: next });
    if (next.outdated) this.fetchSoon();
  }

  fetchSoon() {
    this.fetchIn(Math.max(0, this.fetchedAt + REFETCH_MS - Date.now()));
  }

  private fetchIn(wait: number) {
    this.soon ??= setTimeout(() => {
      this.soon = undefined;
      void this.fetch();
    }, wait);
  }

  async fetch(): Promise<void> {
    if (this.sinceFetch || this.closed) return;
    this.sinceFetch = [...this.pending];
    this.fetchedAt = Date.now();
    try {
      const snapshot = await this.fetchLive();
      if (this.closed) return;
      const known = this.store.getState().live ?? NOTHING_ASIDE;
      const aside = this.sinceFetch.reduce(asideAfter, known);
      const live = this.sinceFetch.reduce(applyEvent, fromSnapshot(snapshot, aside));
      setServerTime(snapshot.at);
      this.store.setState({ live, failure: null });
      if (live.ahead) this.fetchSoon();
    } catch (error) {
      this.failed(error);
    } finally {
      this.sinceFetch = null;
    }
  }

  /** Events are missing: who watches is no longer known, and no snapshot tells it. */
  forgetWatches() {
    this.store.setState(({ live }) => ({ live: live && { ...live, watches: new Map() } }));
  }

  async checkSession(): Promise<void> {
    if (Date.now() - this.fetchedAt >= REFETCH_MS) await this.fetch();
  }

  private failed(error: unknown) {
    if (this.closed) return;
    if (error instanceof ProblemError && error.problem.status === 401) {
      this.onSessionEnded();
      return;
    }
    this.store.setState({ failure: wordsFor(error) });
    this.fetchIn(RETRY_MS);
  }

  close() {
    this.closed = true;
    clearTimeout(this.batch);
    clearTimeout(this.soon);
  }
}
