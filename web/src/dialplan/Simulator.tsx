import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { sentence } from "../api/problem";
import type { DialplanContext, SimulatedRule, SimulatedStep, SimulatedTrunk, Simulation } from "../api/types";
import { StatusLabel } from "../live/StateLabel";
import { Finder } from "../setup/Finder";
import setup from "../setup/Setup.module.css";
import { useQueueName } from "../setup/useQueueName";
import { serversQuery } from "../setup/useServers";
import { trunksQuery } from "../trunks/trunkRequests";
import { actionWords, endTone, originWords } from "./actionWords";
import classes from "./Dialplan.module.css";
import { useSimulate } from "./dialplanRequests";

interface Props {
  contexts: readonly DialplanContext[];
}

/** What would become of a call, and why, step by step. Nobody is called. */
export function Simulator({ contexts }: Props) {
  const [from, setFrom] = useState("");
  const [dialled, setDialled] = useState("");
  const [server, setServer] = useState("");
  const simulation = useSimulate();
  const { data: trunks } = useQuery(trunksQuery);
  const known = useId();
  const asked = { from: from.trim(), dialled: dialled.replace(/[\s()./-]/g, ""), server: server || null };

  const fields = (
    <>
      <input
        className={`${setup.search} ${classes.from}`}
        type="text"
        placeholder="Phone, trunk or context"
        aria-label="Who calls: a phone, a trunk or a context"
        required
        maxLength={40}
        list={known}
        value={from}
        onChange={(event) => setFrom(event.currentTarget.value)}
      />
      <datalist id={known}>
        {contexts.map(({ id, name }) => (
          <option key={id} value={name} label={`${name} (context)`} />
        ))}
        {trunks?.items.map(({ id, name }) => (
          <option key={id} value={name} label={`${name} (trunk)`} />
        ))}
      </datalist>
      <input
        className={setup.search}
        type="text"
        inputMode="tel"
        placeholder="Number"
        aria-label="What is dialled"
        required
        maxLength={64}
        value={dialled}
        onChange={(event) => setDialled(event.currentTarget.value)}
      />
      <ServerChoice value={server} onChange={setServer} />
    </>
  );
  return (
    <Finder
      title="What would become of a call?"
      fields={fields}
      action="Try"
      pending={simulation.isPending}
      onAsk={() => simulation.mutate(asked)}
      told="The path of the call"
      error={simulation.error}
    >
      {/* Another answer begins with the rules that fit. */}
      {simulation.data && <PathOf key={simulation.submittedAt} simulation={simulation.data} />}
    </Finder>
  );
}

/** One server has nothing to choose from. */
function ServerChoice({ value, onChange }: { value: string; onChange: (server: string) => void }) {
  const { data } = useQuery(serversQuery);
  if (!data || data.items.length < 2) return null;
  return (
    <select
      className={setup.search}
      aria-label="On which server"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      <option value="">Its own server</option>
      {data.items.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  );
}

function PathOf({ simulation }: { simulation: Simulation }) {
  const [all, setAll] = useState(false);
  const { steps, end, summary } = simulation;
  const others = steps.reduce((sum, { rules }) => sum + rules.filter(({ fits }) => !fits).length, 0);
  return (
    <>
      <p>
        <strong className="number">{originWords(simulation)}</strong>
      </p>
      <ol className={classes.path} aria-label="Contexts on the way">
        {steps.map((step) => (
          <Step key={step.context} step={step} all={all} />
        ))}
      </ol>
      <p className={classes.end}>
        <StatusLabel tone={endTone(end)} words="Then" /> <strong>{sentence(summary)}</strong>
      </p>
      {end.kind === "out" && <Trunks trunks={end.trunks} />}
      {others > 0 && (
        <Button size="compact-sm" variant="default" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? "Hide" : "Show"} {others === 1 ? "the rule that does" : `the ${others} rules that do`} not
          fit
        </Button>
      )}
    </>
  );
}

/** The next one only if one cannot take the call. */
function Trunks({ trunks }: { trunks: readonly SimulatedTrunk[] }) {
  if (trunks.length === 0) return null;
  return (
    <ol className={classes.trunks} aria-label="Trunks in the order in which they are tried">
      {trunks.map(({ trunk, number }) => (
        <li key={trunk}>
          <strong>{trunk}</strong> dials <span className="number">{number}</span>
        </li>
      ))}
    </ol>
  );
}

function Step({ step, all }: { step: SimulatedStep; all: boolean }) {
  const shown = step.rules.filter(({ fits }) => all || fits);
  return (
    <li>
      In {step.context}:{shown.length === 0 && <span className="faint"> no rule fits</span>}
      <ul className={classes.tried}>
        {shown.map((rule, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two rules may be the same, and none moves.
          <Tried key={place} rule={rule} />
        ))}
      </ul>
    </li>
  );
}

function Tried({ rule }: { rule: SimulatedRule }) {
  const queueName = useQueueName();
  return (
    <li data-holds={rule.holds}>
      <span className={classes.mark} aria-hidden="true">
        {rule.holds ? "→" : ""}
      </span>
      <code className={classes.pattern}>{rule.pattern}</code>
      <span>
        <strong>{rule.holds ? "Holds" : rule.fits ? "Does not hold" : "Does not fit"}:</strong> {rule.reason}
        <br />
        <span className="faint">{actionWords(rule.action, queueName)}</span>
      </span>
    </li>
  );
}
