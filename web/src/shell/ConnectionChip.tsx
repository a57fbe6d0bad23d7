import type { ReactNode } from "react";
import type { Link } from "../live/feed";
import { useLive } from "../live/useLive";
import classes from "./Shell.module.css";

const WORDS: Record<Link["state"], string> = {
  connected: "Connected",
  connecting: "Connecting",
  lost: "Reconnecting",
};

const SHAPES: Record<Link["state"], ReactNode> = {
  connected: <circle cx="6" cy="6" r="5" fill="currentColor" />,
  connecting: <circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" strokeWidth="1.8" />,
  lost: <path d="M6 .8l5.6 10.4H.4z" fill="currentColor" />,
};

/** How the event stream is. */
export function ConnectionChip() {
  const state = useLive(({ link }) => link.state);
  return (
    <span className={classes.chip} role="status" data-link={state} title="The stream of live events">
      <svg viewBox="0 0 12 12" aria-hidden="true">
        {SHAPES[state]}
      </svg>
      {WORDS[state]}
    </span>
  );
}
