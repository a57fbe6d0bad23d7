import { useEffect, useState } from "react";
import { useFeed, useLive } from "../live/useLive";
import { timeOfDay } from "../live/words";
import classes from "./Shell.module.css";

/** Says that what is shown is old, how old, and when the next attempt is made. */
export function LostBanner() {
  const link = useLive((state) => state.link);
  const hasData = useLive((state) => state.live !== null);
  const feed = useFeed();
  const lost = link.state === "lost" ? link : null;
  const seconds = useSecondsUntil(lost?.retryAt ?? null);
  if (!lost) return null;
  return (
    <section className={classes.banner} aria-label="Connection">
      <span role="status">
        <strong>Reconnecting.</strong> {hasData && <>Showing data of {timeOfDay(lost.since)}.</>}
      </span>
      <span className={classes.next}>{seconds > 0 ? `Next try in ${seconds} s` : "Trying now"}</span>
      <button type="button" className={classes.retry} onClick={() => feed.retryNow()}>
        Try now
      </button>
    </section>
  );
}

function useSecondsUntil(at: number | null): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (at === null) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [at]);
  return at === null ? 0 : Math.max(0, Math.ceil((at - now) / 1000));
}
