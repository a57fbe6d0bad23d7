import { wordsFor } from "../api/problem";
import classes from "./Dialog.module.css";

interface Props {
  error?: unknown;
  /** Instead of the error's own words. */
  words?: string | null;
}

/** Why something was not done; nothing where nothing went wrong. */
export function Failure({ error, words = error ? wordsFor(error) : null }: Props) {
  if (!words) return null;
  return (
    <p role="alert" className={classes.failure}>
      {words}
    </p>
  );
}
