// Where a DID leads, in words. Pure.

import type { DidTarget } from "../api/types";

export const TARGET_WORDS: Record<DidTarget["type"], { choice: string; means: string }> = {
  queue: { choice: "A queue", means: "Its callers wait there." },
  agent: { choice: "An agent", means: "Who is waited for, and then everybody of the queue." },
  phone: { choice: "A phone", means: "It rings." },
  announce: { choice: "A sound", means: "It is played, and the call is over." },
  context: { choice: "A context of the dialplan", means: "Its rules say what follows, such as a menu." },
};

/** What agents and queues are called now; nothing: there is none, or it is not known. */
export interface TargetNames {
  agent: (id: string) => string | undefined;
  queue: (id: string) => string | undefined;
}

/** "Support", "Jana Nováková, then Support", "Phone 101". */
export function targetWords(to: DidTarget, names: TargetNames): string {
  switch (to.type) {
    case "queue":
      return names.queue(to.queue) ?? "A queue that is not known";
    case "agent": {
      const agent = names.agent(to.agent) ?? "An agent who is not known";
      return `${agent}, then ${names.queue(to.queue) ?? "a queue that is not known"}`;
    }
    case "phone":
      return `Phone ${to.number}`;
    case "announce":
      return `Sound ${to.sound}`;
    case "context":
      return to.number ? `Context ${to.context}, as ${to.number}` : `Context ${to.context}`;
  }
}
