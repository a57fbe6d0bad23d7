import { Button } from "@mantine/core";
import { wordsFor } from "../api/problem";
import classes from "./Dialog.module.css";

interface Props {
  error?: unknown;
  /** Instead of the error's own words. */
  words?: string | null;
  /** Tries it again. */
  onRetry?: () => void;
}

/** Why something was not done; nothing where nothing went wrong. */
export function Failure({ error, words = error ? wordsFor(error) : null, onRetry }: Props) {
  if (!words) return null;
  return (
    <div role="alert" className={classes.failure}>
      <span>{words}</span>
      {onRetry && (
        <Button size="compact-sm" variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}
