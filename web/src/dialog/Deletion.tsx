import type { ReactNode } from "react";
import { Confirm } from "./Confirm";

interface Props {
  /** What is deleted: "trunk provider". */
  what: string;
  /** The mutation that does it. */
  remove: {
    mutate: (nothing: undefined, then: { onSuccess: () => void }) => void;
    isPending: boolean;
    error: unknown;
  };
  onClose: () => void;
  /** What it means. */
  children: ReactNode;
}

/** Deletes something, after a question. */
export function Deletion({ what, remove, onClose, children }: Props) {
  return (
    <Confirm
      title={`Delete ${what}?`}
      action="Delete"
      pending={remove.isPending}
      error={remove.error}
      onClose={onClose}
      onConfirm={() => remove.mutate(undefined, { onSuccess: onClose })}
    >
      {children}
    </Confirm>
  );
}
