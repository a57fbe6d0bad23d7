import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { Dialog } from "./Dialog";
import classes from "./Dialog.module.css";
import { Failure } from "./Failure";

interface Props {
  title: string;
  /** What it means. */
  children: ReactNode;
  /** On the button that does it. */
  action: string;
  /** Nothing is destroyed by it. */
  mild?: boolean;
  pending: boolean;
  error?: unknown;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before something is done that cannot be undone. */
export function Confirm({ title, children, action, mild, pending, error, onConfirm, onClose }: Props) {
  return (
    <Dialog title={title} onClose={onClose}>
      <div className={classes.form}>
        <div className={classes.text}>{children}</div>
        <Failure error={error} />
        <div className={classes.buttons}>
          {/* The harmless one has the focus: a key pressed by mistake destroys nothing. */}
          <Button variant="default" data-autofocus onClick={onClose}>
            Cancel
          </Button>
          <Button color={mild ? undefined : "red"} loading={pending} onClick={onConfirm}>
            {action}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
