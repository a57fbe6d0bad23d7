import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { WayExplained, WaysExplained } from "../api/types";
import { Failure } from "../dialog/Failure";
import { StatusLabel } from "../live/StateLabel";
import setup from "../setup/Setup.module.css";
import { serversQuery } from "../setup/useServers";
import { Panel } from "../table/Panel";
import { wayLabel, wayWords } from "./checkWords";
import { costWords } from "./outboundForm";
import styles from "./Trunks.module.css";
import { useExplainWays } from "./trunkRequests";

/** By which trunk a number would go at this moment, and why not by the others. Nobody is called. */
export function WayFinder() {
  const [text, setText] = useState("");
  const ways = useExplainWays();

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!ways.isPending && text.trim() !== "") ways.mutate(text.trim());
  }

  const form = (
    <form className={styles.ask} onSubmit={submit} autoComplete="off">
      <input
        className={setup.search}
        type="text"
        inputMode="tel"
        placeholder="Number"
        aria-label="Number to find the way of"
        maxLength={64}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Button type="submit" size="compact-sm" variant="default" loading={ways.isPending}>
        Find
      </Button>
    </form>
  );
  return (
    <Panel title="Which way would a number go?" className={styles.finder} tools={form}>
      {(ways.error || ways.data) && (
        <section className={styles.told} aria-label="The way" aria-live="polite">
          <Failure error={ways.error} />
          {ways.data && <Ways ways={ways.data} />}
        </section>
      )}
    </Panel>
  );
}

function Ways({ ways }: { ways: WaysExplained }) {
  const { data: servers } = useQuery(serversQuery);
  const from = servers?.items.find(({ id }) => id === ways.server)?.name;
  return (
    <>
      <p>
        <strong className="number">{ways.to}</strong>
        {from && <span className="faint"> from {from}</span>}
        {ways.dial_out && (
          <> goes where the server's own way out leads, and no trunk is asked: {ways.dial_out}. Otherwise:</>
        )}
      </p>
      {ways.trunks.length === 0 && <p>There is no trunk that could take it.</p>}
      <ol className={styles.ways}>
        {ways.trunks.map((way) => (
          <Way key={way.id} way={way} />
        ))}
      </ol>
    </>
  );
}

function Way({ way }: { way: WayExplained }) {
  const facts = [
    way.priority == null ? null : `priority ${way.priority}`,
    way.cost_micros_per_minute == null ? null : `${costWords(way.cost_micros_per_minute)} a minute`,
  ];
  const why = wayWords(way);
  return (
    <li>
      <div>
        <strong>{way.name}</strong>
        <StatusLabel {...wayLabel(way)} />
        {why && <span>{why}</span>}
        {way.dials && <span className="number">dials {way.dials}</span>}
        <span className="faint">{facts.filter(Boolean).join(", ")}</span>
      </div>
    </li>
  );
}
