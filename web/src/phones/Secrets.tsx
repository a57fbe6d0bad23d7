import { Button } from "@mantine/core";
import { useEffect, useMemo, useRef, useState } from "react";
import { Dialog } from "../dialog/Dialog";
import dialog from "../dialog/Dialog.module.css";
import classes from "../setup/Setup.module.css";

/** What a phone logs in with. */
export interface PhoneSecret {
  number: string;
  secret: string;
}

interface Props {
  secrets: readonly PhoneSecret[];
  onClose: () => void;
}

/** Secrets that were just made. They are nowhere else: the box closes by its button only. */
export function Secrets({ secrets, onClose }: Props) {
  const [only] = secrets;
  const text = useMemo(() => textOf(secrets), [secrets]);
  const title =
    secrets.length === 1 && only
      ? `Secret of phone ${only.number}`
      : `Secrets of ${secrets.length.toLocaleString()} phones`;
  return (
    <Dialog title={title} onClose={onClose} held>
      <div className={dialog.form}>
        <p className={classes.warning} role="status">
          {secrets.length === 1 ? "This secret is" : "These secrets are"} shown this once. Cordboard keeps
          only what proves {secrets.length === 1 ? "it" : "them"}: copy {secrets.length === 1 ? "it" : "them"}{" "}
          now.
        </p>
        <Copyable text={text} many={secrets.length > 1} onClose={onClose} />
      </div>
    </Dialog>
  );
}

/** The secret itself, or a line `number,secret` for each phone. */
function textOf(secrets: readonly PhoneSecret[]): string {
  const [only] = secrets;
  if (secrets.length === 1 && only) return only.secret;
  return secrets.map(({ number, secret }) => `${number},${secret}`).join("\n");
}

interface CopyableProps {
  text: string;
  many: boolean;
  onClose: () => void;
}

function Copyable({ text, many, onClose }: CopyableProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [copied, setCopied] = useState<boolean | null>(null);
  return (
    <>
      <textarea
        ref={field}
        className={classes.secret}
        readOnly
        rows={many ? 10 : 1}
        aria-label={many ? "Numbers and secrets" : "Secret"}
        spellCheck={false}
        value={text}
        onFocus={(event) => event.currentTarget.select()}
      />
      <div role="status">
        {copied === true && "Copied."}
        {copied === false && "This browser does not let us copy: select the text and copy it by hand."}
      </div>
      <div className={dialog.buttons}>
        {many && <Download text={text} />}
        <Button
          variant="default"
          data-autofocus
          onClick={() => void copy(field.current, text).then(setCopied)}
        >
          Copy
        </Button>
        <Button onClick={onClose}>I have {many ? "them" : "it"}</Button>
      </div>
    </>
  );
}

function Download({ text }: { text: string }) {
  const [address, setAddress] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([`number,secret\n${text}\n`], { type: "text/csv" }));
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [text]);
  return (
    <Button component="a" variant="default" href={address} download="phones.csv">
      Download CSV
    </Button>
  );
}

/** Whether it is in the clipboard; a page that came without TLS may only copy what is selected. */
async function copy(field: HTMLTextAreaElement | null, text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    field?.select();
    return document.execCommand?.("copy") ?? false;
  }
}
