import { type MantineColorScheme, Menu, useMantineColorScheme } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { wordsFor } from "../api/problem";
import { logOut } from "../api/session";
import type { User } from "../api/types";
import { ROLE_WORDS } from "../live/words";
import classes from "./Shell.module.css";

const SCHEMES: readonly { value: MantineColorScheme; words: string }[] = [
  { value: "light", words: "Light" },
  { value: "dark", words: "Dark" },
  { value: "auto", words: "As the system" },
];

export function UserMenu({ user }: { user: User }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const leave = useMutation({
    mutationFn: () => logOut(client),
    onSuccess: () => navigate({ to: "/login", search: {} }),
    onError: (error) =>
      notifications.show({ color: "red", title: "You are still logged in", message: wordsFor(error) }),
  });
  return (
    <Menu position="bottom-end" width={200}>
      <Menu.Target>
        <button type="button" className={classes.user}>
          {user.name}
          <span className={classes.role}>{ROLE_WORDS[user.role]}</span>
          <span aria-hidden="true" className={classes.role}>
            ▾
          </span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Colours</Menu.Label>
        {SCHEMES.map(({ value, words }) => (
          <Menu.Item
            key={value}
            onClick={() => setColorScheme(value)}
            rightSection={colorScheme === value ? <span aria-hidden="true">✓</span> : null}
            aria-current={colorScheme === value || undefined}
          >
            {words}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={() => leave.mutate()}>Log out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
