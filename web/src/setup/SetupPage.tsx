import type { ReactNode } from "react";
import { useUser } from "../api/session";
import { ROLE_WORDS } from "../live/words";
import { Page } from "../shell/Page";
import classes from "./Setup.module.css";

interface Props {
  /** What is set up on the page: "Phones". */
  what: string;
  /** Said to others, where there is only one of it. */
  closed?: string;
  children: ReactNode;
}

/** A page of set-up, for administrators; others are told whose it is. The server refuses them as well. */
export function SetupPage({ what, closed = `${what} are set up by administrators`, children }: Props) {
  const { name, role } = useUser();
  if (role === "administrator") return <Page title={what}>{children}</Page>;
  return (
    <main className={classes.closed}>
      <title>{`${what} · Cordboard`}</title>
      <h1>{closed}</h1>
      <p>
        You are logged in as {name} ({ROLE_WORDS[role].toLowerCase()}). Ask an administrator to change
        something here, or to give you that role.
      </p>
    </main>
  );
}
