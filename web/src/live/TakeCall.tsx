import { Button } from "@mantine/core";
import { useTake } from "./callControl";
import type { LiveCall } from "./state";

/** For an agent: the call is parked, or rings at a colleague. */
export function TakeCall({ call, own }: { call: LiveCall; own: string }) {
  const take = useTake(call.id);
  const isParked = call.state === "parked";
  const isOwn = call.ringing.includes(own) || call.direction === "outbound";
  if (isOwn || !(isParked || call.state === "ringing")) return null;
  return (
    <Button
      size="compact-xs"
      variant="default"
      loading={take.isPending}
      onClick={() => take.mutate(isParked)}
    >
      {isParked ? "Fetch" : "Pick up"}
    </Button>
  );
}
