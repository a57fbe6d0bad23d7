import { ActionIcon, Menu } from "@mantine/core";
import type { ReactNode } from "react";
import { CallIcon } from "../live/CallIcon";
import classes from "./Setup.module.css";

interface Props {
  /** What the row is about: "trunk provider". */
  what: string;
  pending?: boolean;
  onEdit: () => void;
  onDelete: () => void;
  /** What else can be done to it. */
  children?: ReactNode;
}

/** What can be done to what stands in a row. */
export function RowMenu({ what, pending, onEdit, onDelete, children }: Props) {
  return (
    <Menu position="bottom-end" width={210} keepMounted={false} withinPortal>
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={24}
          loading={pending}
          aria-label={`Actions for ${what}`}
        >
          <CallIcon shape="more" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{what.charAt(0).toUpperCase() + what.slice(1)}</Menu.Label>
        <Menu.Item onClick={onEdit}>Show and edit</Menu.Item>
        {children}
        <Menu.Divider />
        <Menu.Item className={classes.danger} onClick={onDelete}>
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
