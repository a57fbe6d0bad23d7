import type { ReactNode } from "react";
import classes from "./Page.module.css";

interface Props {
  /** Also on the browser's tab. */
  title: string;
  children: ReactNode;
}

/** A page of panels below each other; one of them takes the room that is left (`tall`). */
export function Page({ title, children }: Props) {
  return (
    <main className={classes.page}>
      <title>{`${title} · Cordboard`}</title>
      <h1 className="hidden">{title}</h1>
      {children}
    </main>
  );
}
