import { Button } from "@mantine/core";
import { type FormEvent, type ReactNode, useEffect, useRef } from "react";
import { Dialog } from "./Dialog";
import classes from "./Dialog.module.css";
import { Failure } from "./Failure";

interface Props {
  title: string;
  /** On the button that sends it. */
  action: string;
  pending: boolean;
  /** What is wrong with no field in particular. */
  problem: string | null;
  /** Another with each refusal: the field that it is about gets the focus, for it may be out of sight. */
  refusal: unknown;
  onSubmit: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** A box with fields. What was typed stays in it until it is taken, or thrown away with Cancel. */
export function FormDialog(props: Props) {
  const { title, action, pending, problem, refusal, onSubmit, onClose, children } = props;
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    const refused = '[aria-invalid="true"], [data-refused]';
    if (refusal) form.current?.querySelector<HTMLElement>(refused)?.focus();
  }, [refusal]);
  function submit(event: FormEvent) {
    event.preventDefault();
    if (!pending) onSubmit();
  }
  return (
    <Dialog title={title} onClose={onClose} wide>
      <form ref={form} className={classes.form} onSubmit={submit} autoComplete="off">
        {children}
        <Failure words={problem} />
        <div className={classes.buttons}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={pending}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
