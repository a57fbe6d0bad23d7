import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { WayExplained, WaysExplained } from "../api/types";
import { StatusLabel } from "../live/StateLabel";
import { Finder } from "../setup/Finder";
import setup from "../setup/Setup.module.css";
import { serversQuery } from "../setup/useServers";
import { wayLabel, wayWords } from "./checkWords";
import { costWords } from "./outboundForm";
import styles from "./Trunks.module.css";
import { useExplainWays } from "./trunkRequests";

/** By which trunk a number would go at this moment, and why not by the others. Nobody is called. */
export function WayFinder() {
  const [text, setText] = useState("");
  const ways = useExplainWays();

  const number = (
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
  );
  return (
    <Finder
      title="Which way would a number go?"
      fields={number}
      action="Find"
      pending={ways.isPending}
      onAsk={() => text.trim() !== "" && ways.mutate(text.trim())}
      told="The way"
      error={ways.error}
    >
      {ways.data && <Ways ways={ways.data} />}
    </Finder>
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
