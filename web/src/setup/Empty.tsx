import { Loader } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  query: { isPending: boolean; isError: boolean };
  /** What the rows are: "phones". */
  what: string;
  /** Why there are none, and how there come some. */
  children: ReactNode;
}

/** What stands where rows would; that there are none is said only once it is known. */
export function Empty({ query, what, children }: Props) {
  if (query.isPending) return <Loader aria-label="Loading" />;
  if (query.isError) return `The ${what} are not known.`;
  return children;
}
