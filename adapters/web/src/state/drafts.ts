// What an agent has typed and not sent yet, per conversation and kind. It names people, so on this computer it lives
// in the tab's session storage only, where it survives a reload. The last one typed in each conversation is also
// kept on the server, sealed like all personal text, so that it is there on another computer and colleagues see
// that somebody is writing.

import { signal, type Signal } from "@preact/signals";
import { Problem, type Client } from "../api/client";

export type Mode = "reply" | "note";

const prefix = "parlance.draft.";
/** A pause in typing of this length brings what is there to the server. */
const settled_ms = 1200;

export interface Drafts {
  of(conversation: string, mode: Mode): Signal<string>;
  write(conversation: string, mode: Mode, text: string): void;
  /** Whether the list should say "draft" in place of the preview. */
  has(conversation: string): boolean;
  /** Takes what the server keeps for a conversation; what has been typed here is newer. Answers its kind. */
  fetch(conversation: string): Promise<Mode | null>;
  /** Brings to the server what has not got there yet. */
  flush(): Promise<void>;
  /** Forgets everything kept on this computer. */
  clear(): void;
}

export interface DraftsNeeds {
  storage: Storage;
  client: Pick<Client, "read" | "command">;
  setTimeout(run: () => void, ms: number): number;
  clearTimeout(timer: number | undefined): void;
}

interface Kept {
  text: string;
  kind: Mode;
}

export function createDrafts(needs: DraftsNeeds): Drafts {
  const { storage } = needs;
  const open = new Map<string, Signal<string>>();
  const timers = new Map<string, { timer: number; mode: Mode }>();
  // What the server keeps, as far as it is known here.
  const there = new Map<string, string>();
  // A server that keeps no drafts is asked once.
  let absent = false;

  function of(conversation: string, mode: Mode): Signal<string> {
    const key = `${prefix}${conversation}.${mode}`;
    let draft = open.get(key);
    if (draft === undefined) {
      draft = signal(storage.getItem(key) ?? "");
      open.set(key, draft);
    }
    return draft;
  }

  function put(conversation: string, mode: Mode, text: string) {
    of(conversation, mode).value = text;
    const key = `${prefix}${conversation}.${mode}`;
    if (text === "") storage.removeItem(key);
    else store(storage, key, text);
  }

  const address = (conversation: string) => `/v1/conversations/${encodeURIComponent(conversation)}/draft`;

  async function bring(conversation: string, mode: Mode) {
    timers.delete(conversation);
    const text = of(conversation, mode).peek();
    const kept = text.trim() === "" ? "" : `${mode}:${text}`;
    if (absent || (there.get(conversation) ?? "") === kept) return;
    there.set(conversation, kept);
    try {
      await needs.client.command(address(conversation), { text: kept === "" ? "" : text, kind: mode });
    } catch (cause) {
      // The text is safe here, so an agent is not told; the next pause in typing tries again.
      there.delete(conversation);
      if (cause instanceof Problem && (cause.status === 404 || cause.status === 405)) absent = true;
    }
  }

  return {
    of,
    write(conversation, mode, text) {
      put(conversation, mode, text);
      needs.clearTimeout(timers.get(conversation)?.timer);
      timers.set(conversation, { mode, timer: needs.setTimeout(() => void bring(conversation, mode), settled_ms) });
    },
    has: (conversation) => of(conversation, "reply").value.trim() !== "" || of(conversation, "note").value.trim() !== "",
    async fetch(conversation) {
      if (absent) return null;
      try {
        const kept = await needs.client.read<Kept>(address(conversation));
        if (typeof kept?.text !== "string" || kept.text === "") return null;
        const mode: Mode = kept.kind === "note" ? "note" : "reply";
        if (timers.has(conversation) || of(conversation, mode).peek() !== "") return null;
        there.set(conversation, `${mode}:${kept.text}`);
        put(conversation, mode, kept.text);
        return mode;
      } catch {
        return null;
      }
    },
    async flush() {
      const waiting = [...timers];
      for (const [, { timer }] of waiting) needs.clearTimeout(timer);
      await Promise.all(waiting.map(([conversation, { mode }]) => bring(conversation, mode)));
    },
    clear() {
      for (const { timer } of timers.values()) needs.clearTimeout(timer);
      timers.clear();
      there.clear();
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
