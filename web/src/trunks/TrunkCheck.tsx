import { Button, Loader, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { fieldProblems } from "../api/fields";
import type { TestCall, Trunk, TrunkChecked } from "../api/types";
import { Dialog } from "../dialog/Dialog";
import dialog from "../dialog/Dialog.module.css";
import { Failure } from "../dialog/Failure";
import { StatusLabel } from "../live/StateLabel";
import { dateAndTime, isolated } from "../live/words";
import { Findings, VERDICTS } from "../setup/Findings";
import classes from "../setup/Setup.module.css";
import { optional } from "../setup/words";
import { Facts } from "../table/Facts";
import {
  callLine,
  OUTCOME_TONES,
  OUTCOME_WORDS,
  timeWords,
  troubleLine,
  verdictOf,
  whyWords,
} from "./checkWords";
import styles from "./Trunks.module.css";
import { useCheckTrunk, useTrunkChecks } from "./trunkRequests";

interface Props {
  trunk: Trunk;
  onClose: () => void;
}

/** Looks at a trunk, and calls over it only where somebody typed whom. */
export function TrunkCheck({ trunk, onClose }: Props) {
  const [text, setText] = useState("");
  const check = useCheckTrunk(trunk);
  const refused = fieldProblems(check.error, ["to"]);
  const to = optional(text);

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!check.isPending) check.mutate(to);
  }

  return (
    <Dialog title={`Check of trunk ${trunk.name}`} onClose={onClose} wide>
      <form className={dialog.form} onSubmit={submit} autoComplete="off" aria-busy={check.isPending}>
        <TextInput
          label="Number to call"
          description="Left out: nobody is called."
          data-autofocus
          inputMode="tel"
          maxLength={64}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          error={refused.at("to")}
        />
        {to && (
          <p role="status" className={classes.warning}>
            This really calls {isolated(to)}, and costs what a call costs. The phone rings for 20 seconds at
            most; whoever answers hears nothing for a second.
          </p>
        )}
        <div className={dialog.buttons}>
          <Button type="submit" loading={check.isPending}>
            {to ? "Check and call" : "Check"}
          </Button>
        </div>
        {check.isPending && (
          <p role="status" className={dialog.waiting}>
            <Loader size="sm" /> Looking at it. A call takes up to half a minute.
          </p>
        )}
        <Failure words={refused.other} />
        {check.data && !check.isPending && <Found {...check.data} />}
        <Before trunk={trunk} />
        <div className={dialog.buttons}>
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Found({ findings, call }: TrunkChecked) {
  return (
    <>
      <Findings ok={findings.every(({ verdict }) => verdict !== "problem")} findings={findings} />
      {call && <Called call={call} />}
    </>
  );
}

function Called({ call }: { call: TestCall }) {
  const facts = [
    ["Dialled", call.dialled],
    ["From", call.server],
    ["Post-dial delay", timeWords(call.post_dial_delay_ms)],
    ["Answered after", timeWords(call.answered_after_ms)],
    ["Codec", call.codec],
    [call.cause == null ? "Why" : "Cause", whyWords(call)],
  ] as const;
  return (
    <section aria-label="The silent call">
      <h3 className="heading">
        <StatusLabel tone={OUTCOME_TONES[call.outcome]} words={OUTCOME_WORDS[call.outcome]} />
      </h3>
      <div className={styles.facts}>
        <Facts facts={facts} />
      </div>
    </section>
  );
}

/** Checks that are shown before somebody asks for all. */
const FIRST = 5;

function Before({ trunk }: { trunk: Trunk }) {
  const checks = useTrunkChecks(trunk);
  const [all, setAll] = useState(false);
  const items = checks.data?.items ?? [];
  const shown = all ? items : items.slice(0, FIRST);
  return (
    <section aria-label="Checks so far">
      <h3 className="heading">Checks so far</h3>
      <Failure error={checks.error} onRetry={() => void checks.refetch()} />
      {checks.data && items.length === 0 && <p className={classes.good}>Nobody has looked at it yet.</p>}
      {shown.length > 0 && (
        <ul className={classes.states}>
          {shown.map((one) => (
            <Past key={one.made_at} check={one} />
          ))}
        </ul>
      )}
      {shown.length < items.length && (
        <Button className={styles.add} size="compact-sm" variant="default" onClick={() => setAll(true)}>
          Show all {items.length}
        </Button>
      )}
    </section>
  );
}

function Past({ check }: { check: TrunkChecked }) {
  const trouble = troubleLine(check);
  return (
    <li>
      <StatusLabel {...VERDICTS[verdictOf(check)]} />
      <time className="number" dateTime={check.made_at}>
        {dateAndTime(check.made_at)}
      </time>
      <span className="faint">by {isolated(check.made_by)}</span>
      {trouble && <p>{trouble}</p>}
      {check.call && <p className="number">{callLine(check.call)}</p>}
    </li>
  );
}
