// Files on their way to the server, to go with a reply or a note. One is sent as soon as it is chosen, while the agent
// writes on; the message that is sent names those that have arrived.

import { signal, type ReadonlySignal } from "@preact/signals";
import type { Upload } from "../api/upload";
import type { Mode } from "./drafts";

export const file_bytes_max = 25 * 1024 * 1024;
export const files_max = 10;

export interface Uploading {
  key: string;
  conversation: string;
  mode: Mode;
  name: string;
  type: string;
  size: number;
  /** The share that has been sent, 0 to 1. */
  share: number;
  state: "sending" | "ready" | "failed" | "too_large";
  problem: unknown;
  id: string | null;
}

export interface Uploads {
  readonly items: ReadonlySignal<readonly Uploading[]>;
  add(conversation: string, mode: Mode, files: Iterable<File>): void;
  remove(key: string): void;
  retry(key: string): void;
  /** Those of a message that is being sent; they are the message's from here on. */
  take(conversation: string, mode: Mode): { id: string; name: string; type: string; size: number }[];
  /** Gives a message's files back to the composer. */
  put(conversation: string, mode: Mode, files: readonly { id: string; name: string; type: string; size: number }[]): void;
  clear(): void;
}

export function createUploads(upload: Upload, newKey: () => string): Uploads {
  const items = signal<readonly Uploading[]>([]);
  const files = new Map<string, { file: File; abort: AbortController }>();

  const change = (key: string, members: Partial<Uploading>) =>
    (items.value = items.peek().map((item) => (item.key === key ? { ...item, ...members } : item)));

  async function send(key: string) {
    const item = items.peek().find((one) => one.key === key);
    const kept = files.get(key);
    if (item === undefined || kept === undefined) return;
    change(key, { state: "sending", share: 0, problem: null });
    try {
      const done = await upload({
        conversation: item.conversation, file: kept.file, cancelled: kept.abort.signal,
        onProgress: (share) => change(key, { share }),
      });
      change(key, { state: "ready", share: 1, id: done.id });
      files.delete(key);
    } catch (problem) {
      change(key, { state: "failed", problem });
    }
  }

  function forget(gone: (item: Uploading) => boolean) {
    for (const item of items.peek().filter(gone)) {
      files.get(item.key)?.abort.abort();
      files.delete(item.key);
    }
    items.value = items.peek().filter((item) => !gone(item));
  }

  return {
    items,
    add(conversation, mode, chosen) {
      const there = items.peek().filter((item) => item.conversation === conversation && item.mode === mode).length;
      for (const file of [...chosen].slice(0, Math.max(0, files_max - there))) {
        const key = newKey();
        const large = file.size > file_bytes_max;
        items.value = [...items.peek(), {
          key, conversation, mode, name: file.name, type: file.type, size: file.size, share: 0, state: large ? "too_large" : "sending", problem: null, id: null,
        }];
        if (large) continue;
        files.set(key, { file, abort: new AbortController() });
        void send(key);
      }
    },
    remove: (key) => forget((item) => item.key === key),
    retry: (key) => void send(key),
    take(conversation, mode) {
      const mine = (item: Uploading) => item.conversation === conversation && item.mode === mode && item.state === "ready";
      const taken = items.peek().filter(mine);
      items.value = items.peek().filter((item) => !mine(item));
      return taken.map(({ id, name, type, size }) => ({ id: id ?? "", name, type, size }));
    },
    put(conversation, mode, given) {
      items.value = [...items.peek(), ...given.map((file): Uploading => ({ ...file, key: newKey(), conversation, mode, share: 1, state: "ready", problem: null }))];
    },
    clear: () => forget(() => true),
  };
}
