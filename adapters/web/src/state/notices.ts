// What the page tells in passing: that something was done, waits, or failed. A failure stays until it is dismissed,
// because its trace id is there to be copied.

import { signal, type ReadonlySignal } from "@preact/signals";
import { Problem, Unreachable } from "../api/client";
import { t } from "../text/catalogue";

const shown_ms = 6000;
const shown_max = 4;

export interface Notice {
  id: number;
  tone: "done" | "waiting" | "failed";
  title: string;
  detail: string;
  traceId: string;
  action: { label: string; run: () => void } | null;
}

export interface Notices {
  readonly shown: ReadonlySignal<readonly Notice[]>;
  /** What the polite live region says. */
  readonly spoken: ReadonlySignal<string>;
  speak(text: string): void;
  tell(members: Partial<Notice> & Pick<Notice, "tone" | "title">): void;
  failed(cause: unknown): void;
  dismiss(id: number): void;
  clear(): void;
}

export function createNotices(pause: (ms: number) => Promise<void>): Notices {
  const shown = signal<readonly Notice[]>([]);
  const spoken = signal("");
  let ids = 0;

  const notices: Notices = {
    shown, spoken,
    speak(text) {
      spoken.value = text;
    },
    tell(members) {
      const one: Notice = { id: ++ids, detail: "", traceId: "", action: null, ...members };
      shown.value = [...shown.value.filter((other) => other.tone === "failed"), one].slice(-shown_max);
      if (one.tone !== "failed") void pause(shown_ms).then(() => notices.dismiss(one.id));
    },
    failed(cause) {
      if (cause instanceof Problem) {
        // The session's end has a page of its own.
        if (cause.status === 401) return;
        const faults = cause.faults.map((fault) => fault.detail).filter((detail) => detail !== "" && detail !== cause.detail).join(" ");
        notices.tell({ tone: "failed", title: cause.title, detail: [cause.detail, faults].filter(Boolean).join(" "), traceId: cause.traceId });
      } else {
        notices.tell({ tone: "failed", title: cause instanceof Unreachable ? t.app.unreachable : t.app.failed });
      }
    },
    dismiss(id) {
      shown.value = shown.value.filter((one) => one.id !== id);
    },
    clear() {
      shown.value = [];
    },
  };
  return notices;
}
