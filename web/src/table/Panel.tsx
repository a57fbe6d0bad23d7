import type { CSSProperties, ReactNode } from "react";
import classes from "./Panel.module.css";

interface Props {
  title: string;
  /** How many are in it. */
  count?: ReactNode;
  tools?: ReactNode;
  /** It takes the room that is left. */
  tall?: boolean;
  className?: string;
  style?: CSSProperties;
  children: ReactNode;
}

export function Panel({ title, count, tools, tall, className, style, children }: Props) {
  return (
    <section
      className={className ? `${classes.panel} ${className}` : classes.panel}
      data-tall={tall}
      style={style}
    >
      <header className={classes.head}>
        <h2 className={classes.title}>{title}</h2>
        {count !== undefined && <span className={classes.count}>{count}</span>}
        <div className={classes.tools}>{tools}</div>
      </header>
      {children}
    </section>
  );
}
