// Repeats a read while somebody is looking: every `everyMs()` while the tab is visible, slower after failures,
// not at all while it is hidden, and at once when it is seen again or when poked. One run at a time.

export interface Visibility {
  visible(): boolean;
  onChange(listener: () => void): () => void;
}

export interface Poller {
  poke(): void;
  stop(): void;
}

const backoff_max_ms = 30_000;

export function createPoller(everyMs: () => number, run: () => Promise<void>, visibility: Visibility): Poller {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = false;
  let again = false;
  let stopped = false;
  let failures = 0;

  function schedule(ms: number) {
    clearTimeout(timer);
    if (!stopped && visibility.visible()) timer = setTimeout(go, ms);
  }

  async function go() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      await run();
      failures = 0;
    } catch {
      failures += 1;
    }
    running = false;
    const wait = Math.min(backoff_max_ms, everyMs() * 2 ** Math.min(failures, 5));
    schedule(again ? 0 : wait);
    again = false;
  }

  const forget = visibility.onChange(() => (visibility.visible() ? schedule(0) : clearTimeout(timer)));
  schedule(0);

  return {
    poke() {
      if (running) again = true;
      else schedule(0);
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      forget();
    },
  };
}

export const pageVisibility: Visibility = {
  visible: () => document.visibilityState === "visible",
  onChange(listener) {
    document.addEventListener("visibilitychange", listener);
    window.addEventListener("online", listener);
    return () => {
      document.removeEventListener("visibilitychange", listener);
      window.removeEventListener("online", listener);
    };
  },
};
