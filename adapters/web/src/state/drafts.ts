// What an agent has typed and not sent yet, per conversation and kind. It names people, so it lives in the tab's
// session storage only: it survives a reload and ends with the tab, with sending and with signing out.

import { signal, type Signal } from "@preact/signals";

export type Mode = "reply" | "note";

const prefix = "parlance.draft.";

export interface Drafts {
  of(conversation: string, mode: Mode): Signal<string>;
  write(conversation: string, mode: Mode, text: string): void;
  /** Whether the list should say "draft" in place of the preview. */
  has(conversation: string): boolean;
  clear(): void;
}

export function createDrafts(storage: Storage): Drafts {
  const open = new Map<string, Signal<string>>();

  function of(conversation: string, mode: Mode): Signal<string> {
    const key = `${prefix}${conversation}.${mode}`;
    let draft = open.get(key);
    if (draft === undefined) {
      draft = signal(storage.getItem(key) ?? "");
      open.set(key, draft);
    }
    return draft;
  }

  return {
    of,
    write(conversation, mode, text) {
      of(conversation, mode).value = text;
      const key = `${prefix}${conversation}.${mode}`;
      if (text === "") storage.removeItem(key);
      else store(storage, key, text);
    },
    has: (conversation) => of(conversation, "reply").value.trim() !== "" || of(conversation, "note").value.trim() !== "",
    clear() {
      for (const draft of open.values()) draft.value = "";
      for (const key of Object.keys(storage)) if (key.startsWith(prefix)) storage.removeItem(key);
    },
  };
}

/** A full or forbidden storage costs the draft's survival over a reload, not the typing. */
export function store(storage: Storage, key: string, text: string) {
  try {
    storage.setItem(key, text);
  } catch {
    // Kept in memory.
  }
}
