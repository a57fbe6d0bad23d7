import { createContext, useContext } from "react";
import { useStore } from "zustand";
import type { Feed, FeedState } from "./feed";

export const FeedContext = createContext<Feed | null>(null);

export function useFeed(): Feed {
  const feed = useContext(FeedContext);
  if (!feed) throw new Error("live data show only inside the shell");
  return feed;
}

/** A part of the feed's state; the component draws again only when that part changes. */
export function useLive<T>(part: (state: FeedState) => T): T {
  return useStore(useFeed().store, part);
}
