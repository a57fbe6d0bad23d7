import type { Provisioned, Provisioning } from "../api/types";
import { Failure } from "../dialog/Failure";
import { StatusLabel } from "../live/StateLabel";
import {
  CONTACT_WORDS,
  hostOf,
  PROVISIONING_MEANS,
  PROVISIONING_WORDS,
  roundTripWords,
  summary,
} from "./provisioned";
import classes from "./Setup.module.css";
import type { useProvisioned } from "./useProvisioned";

const TONES = { live: "available", pending: "waiting", drifted: "no_answer" } as const;

interface Props {
  seen: ReturnType<typeof useProvisioned>;
  /** It is not to be there at all. */
  off: boolean;
}

/** The state in a row: the worst of all servers. */
export function ProvisioningLabel({ seen, off }: Props) {
  if (off) return <span className="faint">Not active</span>;
  if (seen.error) {
    return (
      <span className="faint" title={seen.error.message}>
        Not known
      </span>
    );
  }
  if (!seen.data) return <span className="faint">…</span>;
  const all = summary(seen.data);
  if (!all) return <span className="faint">No server</span>;
  return (
    <span title={all.lines.join("\n")}>
      <Label state={all.state} />
      {all.where && <span className="faint"> on {all.where}</span>}
    </span>
  );
}

function Label({ state }: { state: Provisioning }) {
  return <StatusLabel tone={TONES[state]} words={PROVISIONING_WORDS[state]} />;
}

/** Where it is reached: the first place, and how many more there are. */
export function ContactCell({ seen }: { seen: readonly Provisioned[] | undefined }) {
  const contacts = seen?.flatMap((one) => one.contacts) ?? [];
  const [first] = contacts;
  if (!first) return <span className="faint">–</span>;
  const all = contacts.map(({ uri, user_agent: agent, state }) =>
    [CONTACT_WORDS[state], uri, agent].filter(Boolean).join(", "),
  );
  const more = contacts.length > 1 ? ` +${contacts.length - 1}` : "";
  return (
    <span title={all.join("\n")}>
      {first.state === "unreachable" ? (
        <span className={classes.danger}>{CONTACT_WORDS.unreachable}: </span>
      ) : null}
      {hostOf(first.uri)}
      {more}
    </span>
  );
}

/** Every server with all that it says, for who looks closer. */
export function ProvisionedList({ seen }: Pick<Props, "seen">) {
  if (seen.error) return <Failure error={seen.error} />;
  if (!seen.data || seen.data.length === 0) return null;
  return (
    <ul className={classes.states} aria-label="On each Asterisk">
      {seen.data.map((one) => (
        <li key={one.server}>
          <strong>{one.name}</strong>
          <Label state={one.state} />
          {one.registration && <span>Registration: {one.registration}</span>}
          <p>{one.reason ?? PROVISIONING_MEANS[one.state]}</p>
          {one.contacts.map((contact) => (
            <p key={contact.uri} className="number">
              {CONTACT_WORDS[contact.state]} at {hostOf(contact.uri)}, round trip {roundTripWords(contact)}
              {contact.user_agent && <> · {contact.user_agent}</>}
            </p>
          ))}
        </li>
      ))}
    </ul>
  );
}
