import { memo, useLayoutEffect, useRef } from "react";
import { onTick } from "./clock";
import { stopwatch } from "./words";

interface Props {
  /** RFC 3339: the moment counted from, or with `down`, to. */
  at: string;
  down?: boolean;
  /** The count is marked as late when it is longer. */
  lateAfterSeconds?: number;
}

/** A running count that writes itself into the page each second; React draws it once. */
export const Timer = memo(function Timer({ at, down = false, lateAfterSeconds }: Props) {
  const ref = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    const origin = Date.parse(at);
    return onTick((now) => {
      const span = ref.current;
      if (!span) return;
      const elapsed = down ? origin - now : now - origin;
      const text = stopwatch(elapsed);
      if (span.textContent !== text) span.textContent = text;
      const late = lateAfterSeconds !== undefined && elapsed > lateAfterSeconds * 1000;
      span.classList.toggle("late", late);
      if (late) span.title = `longer than ${lateAfterSeconds} s`;
      else span.removeAttribute("title");
    });
  }, [at, down, lateAfterSeconds]);
  return <span ref={ref} className="timer" />;
});
