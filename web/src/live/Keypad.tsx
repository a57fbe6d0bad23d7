import { Button, Popover, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { CallIcon } from "./CallIcon";
import { MAX_KEYS, useKeys } from "./callControl";
import classes from "./Keypad.module.css";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const NAMES: Record<string, string> = { "*": "Star", "#": "Hash" };

interface Props {
  call: string;
  /** Nobody would hear the keys. */
  held: boolean;
}

/** Keys for the other side to hear, such as a machine that asks for some. */
export function Keypad({ call, held }: Props) {
  const [open, setOpen] = useState(false);
  const shown = open && !held;
  return (
    <Popover opened={shown} onChange={setOpen} position="bottom-start" trapFocus returnFocus withinPortal>
      <Popover.Target>
        <Button
          size="sm"
          variant="default"
          disabled={held}
          title={held ? "Not while the call is on hold" : undefined}
          onClick={() => setOpen(!shown)}
          leftSection={<CallIcon shape="keypad" />}
        >
          Keypad
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Keys call={call} />
      </Popover.Dropdown>
    </Popover>
  );
}

function Keys({ call }: { call: string }) {
  const [text, setText] = useState("");
  const { press, sent } = useKeys(call);

  function send(event: FormEvent) {
    event.preventDefault();
    if (text === "") return;
    press(text);
    setText("");
  }

  return (
    <div className={classes.keypad}>
      <form className={classes.line} onSubmit={send}>
        <TextInput
          size="sm"
          className={classes.text}
          data-autofocus
          autoComplete="off"
          inputMode="tel"
          aria-label="Keys to send"
          placeholder="Several keys"
          value={text}
          onChange={(event) => setText(keysIn(event.currentTarget.value))}
        />
        <Button type="submit" size="sm" disabled={text === ""}>
          Send
        </Button>
      </form>
      <div className={classes.keys}>
        {KEYS.map((key) => (
          <Button key={key} variant="default" size="md" aria-label={NAMES[key]} onClick={() => press(key)}>
            {key}
          </Button>
        ))}
      </div>
      {/* Which keys is not shown: they may be a card's. */}
      <p role="status" className={classes.sent}>
        {sent === 0 ? "A key is sent when it is pressed." : sentWords(sent)}
      </p>
    </div>
  );
}

function sentWords(sent: number): string {
  return sent === 1 ? "1 key sent." : `${sent} keys sent.`;
}

/** What can be sent of what was typed or pasted. */
function keysIn(text: string): string {
  return text
    .toUpperCase()
    .replace(/[^0-9*#A-D]/g, "")
    .slice(0, MAX_KEYS);
}
