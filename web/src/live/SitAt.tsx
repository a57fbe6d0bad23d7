import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { fieldProblems } from "../api/fields";
import type { LiveAgent } from "../api/types";
import { Failure } from "../dialog/Failure";
import classes from "./Desk.module.css";
import { useSitAt } from "./sitAt";

interface Props {
  agent: LiveAgent["agent"];
  onDone: () => void;
}

/** Asks at which phone the agent sits from now on. */
export function SitAt({ agent, onDone }: Props) {
  const [text, setText] = useState("");
  const sit = useSitAt(agent);
  const refused = fieldProblems(sit.error, ["extension"]);

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!sit.isPending) sit.mutate(text.trim(), { onSuccess: onDone });
  }

  return (
    <form className={classes.form} onSubmit={submit} autoComplete="off">
      <TextInput
        size="sm"
        label="Extension of the phone"
        description="Whoever has it and is offline gets the one that is left."
        data-autofocus
        required
        withAsterisk={false}
        inputMode="numeric"
        maxLength={64}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        error={refused.at("extension")}
      />
      <Failure words={refused.other} />
      <Button type="submit" size="sm" loading={sit.isPending}>
        Sit there
      </Button>
    </form>
  );
}
