import { ActionIcon, Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { wordsFor } from "../api/problem";
import type { Extension } from "../api/types";
import { CallIcon } from "../live/CallIcon";
import classes from "../setup/Setup.module.css";
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
    <Menu position="bottom-end" width={210} keepMounted={false} withinPortal>
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={24}
          loading={setActive.isPending}
          aria-label={`Actions for phone ${phone.number}`}
        >
          <CallIcon shape="more" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Phone {phone.number}</Menu.Label>
        <Menu.Item onClick={() => onTask({ to: "edit", phone })}>Show and edit</Menu.Item>
        <Menu.Item onClick={() => onTask({ to: "renew secret", phone })}>New secret</Menu.Item>
        {phone.active ? (
          <Menu.Item onClick={() => onTask({ to: "deactivate", phone })}>Deactivate</Menu.Item>
        ) : (
          <Menu.Item onClick={() => switched(true)}>Activate</Menu.Item>
        )}
        <Menu.Divider />
        <Menu.Item className={classes.danger} onClick={() => onTask({ to: "delete", phone })}>
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
