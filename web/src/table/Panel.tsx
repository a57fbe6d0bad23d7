import type { CSSProperties, ReactNode } from "react";
import classes from "./Panel.module.css";

interface Props {
  title: string;
  /** How many are in it. */
  count?: ReactNode;
  tools?: ReactNode;
  className?: string;
  style?: CSSProperties;
  children: ReactNode;
}

export function Panel({ title, count, tools, className, style, children }: Props) {
  return (
    <section className={className ? `${classes.panel} ${className}` : classes.panel} style={style}>
      <header className={classes.head}>
        <h2 className={classes.title}>{title}</h2>
        {count !== undefined && <span className={classes.count}>{count}</span>}
        <div className={classes.tools}>{tools}</div>
      </header>
      {children}
    </section>
  );
}
