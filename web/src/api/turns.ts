// Work that waits for its turn, so that a page with many rows does not ask for all of them at once.

/** Does work, when it is its turn; an aborted one gives its turn up. */
export type Turns = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/** Lets at most `most` go on at a time, in the order in which they came. */
export function turns(most: number): Turns {
  let free = most;
  const waiting = new Set<() => void>();

  function turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (free > 0) {
      free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const begin = () => {
        waiting.delete(begin);
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        waiting.delete(begin);
        reject(signal.reason);
      };
      waiting.add(begin);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  function done() {
    const [next] = waiting;
    if (next) next();
    else free += 1;
  }

  return async (work, signal) => {
    await turn(signal);
    try {
      return await work();
    } finally {
      done();
    }
  };
}
