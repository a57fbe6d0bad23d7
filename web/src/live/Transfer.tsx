import { Button, Popover, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { CallIcon } from "./CallIcon";
import type { useControl } from "./callControl";
import classes from "./Transfer.module.css";

interface Props {
  control: ReturnType<typeof useControl>;
  /** There is somebody already. */
  consulting: boolean;
}

/** Asks somebody else about the call, or gives it to them. */
export function Transfer({ control, consulting }: Props) {
  if (!consulting) return <Ask control={control} />;
  return (
    <Button
      size="sm"
      variant="default"
      disabled
      title="Not while somebody is consulted"
      leftSection={<CallIcon shape="transfer" />}
    >
      Transfer
    </Button>
  );
}

function Ask({ control }: Pick<Props, "control">) {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const to = text.trim();
  const doing = control.isPending ? control.variables.action : null;
  const others = doing !== null && doing !== "consult" && doing !== "transfer";

  function order(action: "consult" | "transfer") {
    if (to !== "" && doing === null) control.mutate({ action, to });
  }

  function ask(event: FormEvent) {
    event.preventDefault();
    order("consult");
  }

  return (
    <Popover opened={open} onChange={setOpen} position="bottom-start" trapFocus returnFocus withinPortal>
      <Popover.Target>
        <Button
          size="sm"
          variant="default"
          disabled={others}
          onClick={() => setOpen(!open)}
          leftSection={<CallIcon shape="transfer" />}
        >
          Transfer
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form className={classes.form} onSubmit={ask}>
          <TextInput
            size="sm"
            data-autofocus
            autoComplete="off"
            label="Phone or number"
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <div className={classes.buttons}>
            <Button
              type="submit"
              size="sm"
              title="You talk with them first"
              loading={doing === "consult"}
              disabled={to === "" || others || doing === "transfer"}
            >
              Ask first
            </Button>
            <Button
              size="sm"
              variant="default"
              title="They get the call as soon as they answer"
              loading={doing === "transfer"}
              disabled={to === "" || others || doing === "consult"}
              onClick={() => order("transfer")}
            >
              Transfer
            </Button>
          </div>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
