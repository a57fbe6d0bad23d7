import type { Finding } from "../api/types";
import { StatusLabel } from "../live/StateLabel";
import classes from "./Setup.module.css";

export const VERDICTS = {
  ok: { tone: "available", words: "OK" },
  warning: { tone: "waiting", words: "Warning" },
  problem: { tone: "no_answer", words: "Problem" },
} as const;

/** The worst first; among equals as they were seen. */
const ORDER: readonly Finding["verdict"][] = ["problem", "warning", "ok"];

interface Props {
  ok: boolean;
  findings: readonly Finding[];
}

/** What was seen, why it is so, and what mends it. */
export function Findings({ ok, findings }: Props) {
  const sorted = ORDER.flatMap((verdict) => findings.filter((finding) => finding.verdict === verdict));
  return (
    <>
      <p role="status" className={ok ? classes.good : classes.warning}>
        {ok
          ? "Nothing is wrong that would keep calls from it."
          : "Something does not work. What mends it stands beside it."}
      </p>
      <ul className={classes.states} aria-label="What was seen">
        {sorted.map((finding) => (
          <li key={`${finding.subject} ${finding.what}`}>
            <StatusLabel {...VERDICTS[finding.verdict]} />
            <strong>{finding.what}</strong>
            {finding.why && <p>{finding.why}</p>}
            {finding.remedy && <pre className={classes.remedy}>{finding.remedy}</pre>}
          </li>
        ))}
      </ul>
    </>
  );
}
