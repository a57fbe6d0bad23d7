import { Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { wordsFor } from "../api/problem";
import type { Extension } from "../api/types";
import { RowMenu } from "../setup/RowMenu";
import type { Task } from "./PhoneTask";
import { useSetActive } from "./phoneRequests";

interface Props {
  phone: Extension;
  onTask: (task: Task) => void;
}

/** What can be done to one phone. */
export function PhoneMenu({ phone, onTask }: Props) {
  const setActive = useSetActive(phone);
  const switched = (active: boolean) =>
    setActive.mutate(active, {
      onError: (error) =>
        notifications.show({
          color: "red",
          title: `Phone ${phone.number} was not ${active ? "activated" : "deactivated"}`,
          message: wordsFor(error),
          autoClose: 10_000,
        }),
    });
  return (
    <RowMenu
      what={`phone ${phone.number}`}
      pending={setActive.isPending}
      onEdit={() => onTask({ to: "edit", phone })}
      onDelete={() => onTask({ to: "delete", phone })}
    >
      <Menu.Item onClick={() => onTask({ to: "renew secret", phone })}>New secret</Menu.Item>
      {phone.active ? (
        <Menu.Item onClick={() => onTask({ to: "deactivate", phone })}>Deactivate</Menu.Item>
      ) : (
        <Menu.Item onClick={() => switched(true)}>Activate</Menu.Item>
      )}
    </RowMenu>
  );
}
