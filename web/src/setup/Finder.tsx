import { Button } from "@mantine/core";
import type { FormEvent, ReactNode } from "react";
import { Failure } from "../dialog/Failure";
import { Panel } from "../table/Panel";
import classes from "./Finder.module.css";

interface Props {
  /** The question. */
  title: string;
  /** What has to be typed for it. */
  fields: ReactNode;
  /** On the button that asks. */
  action: string;
  pending: boolean;
  onAsk: () => void;
  /** What the answer is called. */
  told: string;
  error: unknown;
  /** The answer, where there is one. */
  children: ReactNode;
}

/** A line in which something is asked, and what is told below it. */
export function Finder({ title, fields, action, pending, onAsk, told, error, children }: Props) {
  function submit(event: FormEvent) {
    event.preventDefault();
    if (!pending) onAsk();
  }
  const form = (
    <form className={classes.ask} onSubmit={submit} autoComplete="off">
      {fields}
      <Button type="submit" size="compact-sm" variant="default" loading={pending}>
        {action}
      </Button>
    </form>
  );
  return (
    <Panel title={title} className={classes.finder} tools={form}>
      {Boolean(error || children) && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
        <section className={classes.told} aria-label={told} aria-live="polite" tabIndex={0}>
          <Failure error={error} />
          {children}
        </section>
      )}
    </Panel>
  );
}
