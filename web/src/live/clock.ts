// One clock for all timers of the page: the server's time, ticking each second without React.

type Tick = (now: number) => void;

const SECOND = 1000;
const followers = new Set<Tick>();
let ahead = 0;
let stopped: number | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

/** The server's time in milliseconds since 1970, as far as it is known; stands still while the data are old. */
export function serverNow(): number {
  return stopped ?? Date.now() + ahead;
}

/** The server's clock showed `at` just now. */
export function setServerTime(at: string) {
  ahead = Date.parse(at) - Date.now();
  tickAll();
}

/** The server's clock has passed `at`: facts never come from the future. */
export function serverTimeIsPast(at: string) {
  ahead = Math.max(ahead, Date.parse(at) - Date.now());
}

/** Stops all timers: what they would count is not known while nothing is heard from the server. */
export function stopClock() {
  stopped ??= serverNow();
}

export function startClock() {
  stopped = null;
  tickAll();
}

/** Calls `tick` now and then each second until the returned function is called. */
export function onTick(tick: Tick): () => void {
  followers.add(tick);
  tick(serverNow());
  if (timer === undefined) schedule();
  return () => {
    followers.delete(tick);
    if (followers.size > 0) return;
    clearTimeout(timer);
    timer = undefined;
  };
}

function schedule() {
  timer = setTimeout(
    () => {
      tickAll();
      schedule();
    },
    SECOND - (serverNow() % SECOND),
  );
}

function tickAll() {
  const now = serverNow();
  for (const tick of followers) tick(now);
}
