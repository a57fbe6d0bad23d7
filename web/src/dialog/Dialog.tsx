import { Modal } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./Dialog.module.css";

interface Props {
  title: string;
  onClose: () => void;
  /** What is in it is lost when it closes: only a button of its own closes it. */
  held?: boolean;
  wide?: boolean;
  children: ReactNode;
}

/** A box over the page, for one thing at a time. It is there as long as it is drawn. */
export function Dialog({ title, onClose, held = false, wide = false, children }: Props) {
  return (
    <Modal
      opened
      title={<span className={classes.title}>{title}</span>}
      onClose={onClose}
      size={wide ? 720 : 460}
      transitionProps={{ duration: 0 }}
      closeOnClickOutside={false}
      closeOnEscape={!held}
      withCloseButton={!held}
      // It is no landmark of the page.
      attributes={{ header: { role: "presentation" } }}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {children}
    </Modal>
  );
}
