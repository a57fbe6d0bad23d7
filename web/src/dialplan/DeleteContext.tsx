import { Button, Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { DialplanContext } from "../api/types";
import { Deletion } from "../dialog/Deletion";
import { Dialog } from "../dialog/Dialog";
import dialog from "../dialog/Dialog.module.css";
import { didsQuery } from "../dids/didRequests";
import { useLive } from "../live/useLive";
import { phonesQuery } from "../phones/phoneRequests";
import { trunksQuery } from "../trunks/trunkRequests";
import { useDeleteContext } from "./dialplanRequests";
import { usesOf } from "./uses";

interface Props {
  context: DialplanContext;
  contexts: readonly DialplanContext[];
  onClose: () => void;
}

/** Deletes a context after a question; of one that is used it says by what. The server has the last word. */
export function DeleteContext({ context, contexts, onClose }: Props) {
  const remove = useDeleteContext(context);
  const [phones, trunks, dids] = [useQuery(phonesQuery), useQuery(trunksQuery), useQuery(didsQuery)];
  const queues = useLive((state) => state.live?.queues);
  const what = `context ${context.name}`;
  if (phones.isPending || trunks.isPending || dids.isPending) {
    return (
      <Dialog title={`Delete ${what}?`} onClose={onClose}>
        <p role="status" className={dialog.waiting}>
          <Loader size="sm" /> Looking at what uses it.
        </p>
      </Dialog>
    );
  }
  const uses = usesOf(context.name, {
    phones: phones.data?.items ?? [],
    trunks: trunks.data?.items ?? [],
    contexts,
    dids: dids.data?.items ?? [],
    queues: [...(queues?.values() ?? [])].map(({ queue }) => queue),
  });
  if (uses.length > 0) return <InUse name={context.name} uses={uses} onClose={onClose} />;
  return (
    <Deletion what={what} remove={remove} onClose={onClose}>
      <p>
        Nothing that is set up here begins or leads there. A dialplan of your own that goes to{" "}
        <code>{context.asterisk_context}</code> finds nothing there any more, and its calls end. This cannot
        be undone.
      </p>
    </Deletion>
  );
}

function InUse({ name, uses, onClose }: { name: string; uses: readonly string[]; onClose: () => void }) {
  return (
    <Dialog title={`Context ${name} is in use`} onClose={onClose}>
      <div className={dialog.form}>
        <div className={dialog.text}>
          {uses.map((use) => (
            <p key={use}>{use}</p>
          ))}
          <p>It can be deleted once they begin or lead elsewhere.</p>
        </div>
        <div className={dialog.buttons}>
          <Button data-autofocus onClick={onClose}>
            Close
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
