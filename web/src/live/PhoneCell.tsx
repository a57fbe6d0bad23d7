import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { phonesQuery } from "../phones/phoneRequests";
import { PRESENCE_WORDS, type Presence, presenceOf } from "../setup/provisioned";
import { useProvisioned } from "../setup/useProvisioned";
import classes from "./Desk.module.css";

/** Phones are added seldom, and may be many. */
const FRESH_MS = 60_000;

interface Props {
  extension: string;
  /** The phone that is set up here under this number; nothing: none is. */
  id: string | undefined;
}

/** An agent's phone, and whether it is there. Of one in Asterisk's own files nobody can say. */
export function PhoneCell({ extension, id }: Props) {
  return id ? <Seen extension={extension} id={id} /> : extension;
}

function Seen({ extension, id }: { extension: string; id: string }) {
  const seen = useProvisioned("extensions", id);
  const presence = seen.data ? presenceOf(seen.data) : null;
  if (!presence) return extension;
  return (
    <span className={classes.phone} title={`Phone ${extension}: ${PRESENCE_WORDS[presence].toLowerCase()}`}>
      {extension}
      <Mark presence={presence} />
      <span className="hidden">{PRESENCE_WORDS[presence]}</span>
    </span>
  );
}

/** Full where it is there, a cross where it is not. */
function Mark({ presence }: { presence: Presence }) {
  return (
    <svg viewBox="0 0 10 10" aria-hidden="true" data-phone={presence === "registered" ? "there" : "gone"}>
      {presence === "registered" ? (
        <circle cx="5" cy="5" r="4" fill="currentColor" />
      ) : (
        <path d="M1.5 1.5l7 7M8.5 1.5l-7 7" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
      )}
    </svg>
  );
}

/** The ids of the phones that are set up here, by number. Somebody who may not see them sees numbers alone. */
export function usePhoneIds(): ReadonlyMap<string, string> | undefined {
  const { data } = useQuery({ ...phonesQuery, staleTime: FRESH_MS });
  return useMemo(
    () => data && new Map(data.items.filter(({ active }) => active).map(({ number, id }) => [number, id])),
    [data],
  );
}
