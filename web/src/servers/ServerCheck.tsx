import { Button, Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { answer, api } from "../api/client";
import type { Server } from "../api/types";
import { Dialog } from "../dialog/Dialog";
import dialog from "../dialog/Dialog.module.css";
import { Failure } from "../dialog/Failure";
import { Findings } from "../setup/Findings";

interface Props {
  server: Server;
  onClose: () => void;
}

/** Looks at a server, and says what mends what is wrong. Nothing is changed by it. */
export function ServerCheck({ server, onClose }: Props) {
  const check = useQuery({
    queryKey: ["check", "servers", server.id],
    queryFn: ({ signal }) =>
      answer(api.POST("/v1/servers/{id}/check", { params: { path: { id: server.id } }, signal })),
    retry: false,
    // What was seen before is no answer to what is asked now.
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Dialog title={`Test of server ${server.name}`} onClose={onClose} wide>
      <div className={dialog.form} aria-busy={check.isFetching}>
        {check.isFetching ? (
          <p role="status" className={dialog.waiting}>
            <Loader size="sm" /> Looking at it. This takes some seconds.
          </p>
        ) : (
          <>
            <Failure error={check.error} />
            {check.data && <Findings {...check.data} />}
          </>
        )}
        <div className={dialog.buttons}>
          <Button variant="default" disabled={check.isFetching} onClick={() => void check.refetch()}>
            Test again
          </Button>
          <Button data-autofocus onClick={onClose}>
            Close
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
