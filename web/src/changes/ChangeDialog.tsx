import { Button, Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { CentreChange, CentreChangeView } from "../api/types";
import { Dialog } from "../dialog/Dialog";
import dialog from "../dialog/Dialog.module.css";
import { Failure } from "../dialog/Failure";
import { dateAndTime } from "../live/words";
import setup from "../setup/Setup.module.css";
import { Facts } from "../table/Facts";
import classes from "./Changes.module.css";
import { changeQuery } from "./changeRequests";
import { endLabel, KIND_WORDS } from "./changeWords";
import { diffLines, type Hunk, hunksOf, type Sign } from "./lineDiff";

interface Props {
  change: CentreChange;
  onClose: () => void;
}

/** What a centre file said, beside what was there before. */
export function ChangeDialog({ change, onClose }: Props) {
  const view = useQuery(changeQuery(change.id));
  const facts = [
    ["What", KIND_WORDS[change.kind]],
    ["By", change.made_by],
    ["Began", dateAndTime(change.made_at)],
    ["Done", change.finished_at ? dateAndTime(change.finished_at) : endLabel(change).words],
  ] as const;
  return (
    <Dialog title={`Change of ${dateAndTime(change.made_at)}`} onClose={onClose} wide>
      <div className={dialog.form}>
        <Facts facts={facts} />
        {!change.finished_at && (
          <p role="status" className={setup.warning}>
            It did not come to its end, or goes on. The same <code>cordboard apply</code> again does the rest.
          </p>
        )}
        <Failure error={view.error} onRetry={() => void view.refetch()} />
        {view.isPending && <Loader aria-label="Loading" />}
        {view.data && <Difference {...view.data} />}
        <div className={dialog.buttons}>
          <Button data-autofocus onClick={onClose}>
            Close
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

function Difference({ before, document }: CentreChangeView) {
  const lines = useMemo(() => diffLines(before, document), [before, document]);
  if (!lines) {
    return (
      <p className={setup.good}>
        More differs than can be shown here. <code>cordboard rollback -o before.toml</code> writes what was
        before.
      </p>
    );
  }
  const hunks = hunksOf(lines);
  if (hunks.length === 0) return <p className={setup.good}>The file says what was there already.</p>;
  return (
    <>
      <p className={setup.good}>
        The file, beside what was there. A field that the file leaves out stayed as it was, and a section that
        it does not have was not touched.
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <section className={classes.difference} aria-label="Lines that differ" tabIndex={0}>
        {hunks.map((hunk, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the texts do not change.
          <Part key={at} hunk={hunk} />
        ))}
      </section>
    </>
  );
}

const MARKS: Record<Sign, string> = { same: " ", gone: "−", new: "+" };
const SAID: Record<Sign, string | null> = { same: null, gone: "Was: ", new: "Is: " };

function Part({ hunk }: { hunk: Hunk }) {
  return (
    <>
      {hunk.skipped > 0 && (
        <div className={classes.skipped}>
          {hunk.skipped === 1 ? "1 line that is the same" : `${hunk.skipped} lines that are the same`}
        </div>
      )}
      {hunk.lines.map(({ sign, text }, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the texts do not change.
        <div key={at} className={classes.line} data-sign={sign}>
          <span aria-hidden="true">{MARKS[sign]}</span>
          {SAID[sign] && <span className="hidden">{SAID[sign]}</span>}
          <code>{text}</code>
        </div>
      ))}
    </>
  );
}
