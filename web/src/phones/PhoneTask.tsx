// The one thing that is being done to phones: a form, a question, or secrets that are shown once.

import type { Extension } from "../api/types";
import { Confirm } from "../dialog/Confirm";
import { Deletion } from "../dialog/Deletion";
import { PhoneFormDialog } from "./PhoneFormDialog";
import { useDeletePhone, useRenewSecret, useSetActive } from "./phoneRequests";
import { type PhoneSecret, Secrets } from "./Secrets";

export type Task =
  | { to: "add" | "add range" }
  | { to: "edit" | "renew secret" | "deactivate" | "delete"; phone: Extension }
  | { to: "show"; secrets: PhoneSecret[] };

interface Props {
  task: Task;
  /** Goes on with another task, or with none. */
  onTask: (task: Task | null) => void;
}

export function PhoneTask({ task, onTask }: Props) {
  const onClose = () => onTask(null);
  const onSecrets = (secrets: PhoneSecret[]) => onTask({ to: "show", secrets });
  switch (task.to) {
    case "add":
      return <PhoneFormDialog onClose={onClose} onSecrets={onSecrets} />;
    case "add range":
      return <PhoneFormDialog range onClose={onClose} onSecrets={onSecrets} />;
    case "edit":
      return <PhoneFormDialog phone={task.phone} onClose={onClose} onSecrets={onSecrets} />;
    case "renew secret":
      return <RenewSecret phone={task.phone} onClose={onClose} onSecrets={onSecrets} />;
    case "deactivate":
      return <Deactivate phone={task.phone} onClose={onClose} />;
    case "delete":
      return <Delete phone={task.phone} onClose={onClose} />;
    case "show":
      return <Secrets secrets={task.secrets} onClose={onClose} />;
  }
}

interface OneProps {
  phone: Extension;
  onClose: () => void;
}

function RenewSecret({
  phone,
  onClose,
  onSecrets,
}: OneProps & { onSecrets: (secrets: PhoneSecret[]) => void }) {
  const renew = useRenewSecret(phone);
  return (
    <Confirm
      title={`New secret for phone ${phone.number}?`}
      action="Make a new secret"
      pending={renew.isPending}
      error={renew.error}
      onClose={onClose}
      onConfirm={() =>
        renew.mutate(undefined, {
          onSuccess: ({ number, secret }) => onSecrets([{ number, secret: secret ?? "" }]),
        })
      }
    >
      <p>
        The one that it has now is worth nothing from that moment: the phone can neither register nor be
        called until the new one is typed into it.
      </p>
    </Confirm>
  );
}

function Deactivate({ phone, onClose }: OneProps) {
  const setActive = useSetActive(phone);
  return (
    <Confirm
      title={`Deactivate phone ${phone.number}?`}
      action="Deactivate"
      mild
      pending={setActive.isPending}
      error={setActive.error}
      onClose={onClose}
      onConfirm={() => setActive.mutate(false, { onSuccess: onClose })}
    >
      <p>
        It can neither register nor be called until it is activated again. It keeps its number and its secret.
      </p>
    </Confirm>
  );
}

function Delete({ phone, onClose }: OneProps) {
  return (
    <Deletion what={`phone ${phone.number}`} remove={useDeletePhone(phone)} onClose={onClose}>
      <p>
        Its number and its secret are gone at once, and it can neither register nor be called. This cannot be
        undone.
      </p>
      <p>An agent who has this extension keeps it, but gets no calls until there is such a phone again.</p>
    </Deletion>
  );
}
