// The one clock of the page. Every countdown and every "5 min ago" reads this signal; no row has a timer of its own.
// It shows the server's time: deadlines are the server's, and an agent's computer may be minutes off.

import { signal, type ReadonlySignal } from "@preact/signals";

/** Under this, the whole seconds of a Date header and the way there explain the difference. */
const skew_ignored_ms = 3000;

export interface Clock {
  readonly now: ReadonlySignal<number>;
  /** Tells the clock what the server's time was just now. */
  learn(serverTime: number): void;
  /** Milliseconds now, for code that is not drawn. */
  read(): number;
}

export function createClock(local: () => number = Date.now): Clock & { tick(): void } {
  let skew = 0;
  const now = signal(local());
  return {
    now,
    learn(serverTime) {
      const difference = serverTime - local();
      skew = Math.abs(difference) < skew_ignored_ms ? 0 : difference;
    },
    read: () => local() + skew,
    tick() {
      now.value = local() + skew;
    },
  };
}
