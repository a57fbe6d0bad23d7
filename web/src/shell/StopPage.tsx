import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import classes from "./StopPage.module.css";

export function NotFoundPage() {
  return (
    <main className={classes.page}>
      <h1>There is no such page.</h1>
      <Link to="/">Go to the live page</Link>
    </main>
  );
}

/** The page could not be shown; `words` say why. */
export function FailurePage({ words }: { words: string }) {
  return (
    <main className={classes.page}>
      <h1>{words}</h1>
      <Button onClick={() => globalThis.location.reload()}>Try again</Button>
    </main>
  );
}
