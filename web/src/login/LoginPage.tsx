import { Alert, Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { ProblemError, wordsFor } from "../api/problem";
import { logIn } from "../api/session";
import classes from "./LoginPage.module.css";

interface Props {
  /** The session ended while the page was open. */
  ended: boolean;
  onLoggedIn: () => void;
}

export function LoginPage({ ended, onLoggedIn }: Props) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const passwordInput = useRef<HTMLInputElement>(null);
  const enter = useMutation({
    mutationFn: () => logIn(client, name.trim(), password),
    onSuccess: onLoggedIn,
    onError: () => {
      setPassword("");
      passwordInput.current?.focus();
    },
  });
  const field = enter.error instanceof ProblemError ? enter.error.problem.field : null;
  const words = enter.error ? wordsFor(enter.error) : null;

  function submit(event: FormEvent) {
    event.preventDefault();
    enter.mutate();
  }

  return (
    <main className={classes.page}>
      <title>Log in · Cordboard</title>
      <form className={classes.form} onSubmit={submit} aria-label="Log in">
        <h1 className={classes.brand}>
          <img src="/favicon.svg" alt="" width="34" height="34" />
          Cordboard
        </h1>
        {ended && !enter.error && (
          <Alert color="yellow" role="status">
            Your session has ended. Log in again.
          </Alert>
        )}
        {words && field !== "name" && field !== "password" && (
          <Alert color="red" role="alert">
            {words}
          </Alert>
        )}
        <TextInput
          label="Name"
          name="name"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          required
          withAsterisk={false}
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={field === "name" && words}
        />
        <PasswordInput
          ref={passwordInput}
          label="Password"
          name="password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          maxLength={200}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={field === "password" && words}
        />
        <Button type="submit" size="md" fullWidth loading={enter.isPending}>
          Log in
        </Button>
      </form>
    </main>
  );
}
