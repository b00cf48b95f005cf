// What an agent has chosen about the page itself. None of it is about a person, so it may outlive the tab.

import { signal, type Signal } from "@preact/signals";
import { store } from "./drafts";

const storage_key = "parlance.settings";

export interface Settings {
  /** Single letters act as shortcuts. Off for people whose voice or hands type letters by accident. */
  readonly singleKeys: Signal<boolean>;
  readonly details: Signal<boolean>;
  save(): void;
}

/** `roomy`: there is room for the details beside the thread. Where there is none, they start closed. */
export function createSettings(storage: Storage, roomy: boolean): Settings {
  let kept: { singleKeys?: boolean; details?: boolean } = {};
  try {
    kept = JSON.parse(storage.getItem(storage_key) ?? "{}");
  } catch {
    // Unreadable settings are no settings.
  }
  const singleKeys = signal(kept.singleKeys ?? true);
  const details = signal(roomy && (kept.details ?? true));
  return {
    singleKeys,
    details,
    save() {
      store(storage, storage_key, JSON.stringify({ singleKeys: singleKeys.peek(), details: roomy ? details.peek() : kept.details }));
    },
  };
}
