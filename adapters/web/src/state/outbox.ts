// Replies and notes on their way. Each keeps its text and its Idempotency-Key until the server has answered, over
// a reload too, so what an agent has sent is neither lost nor sent twice. Those of one conversation go in order.
//
// A reply is held for some seconds, in which it can be taken back. It says which version its author had seen; where
// somebody has written meanwhile the server does not send it, and the author decides.

import { computed, signal, type ReadonlySignal } from "@preact/signals";
import { Problem, type Client } from "../api/client";
import type { Attachment, Done, Entry } from "../api/types";
import { store, type Mode } from "./drafts";

export interface Letter {
  text: string;
  attachments: (Attachment & { id: string })[];
  mentions: string[];
  /** The version of the conversation on the screen when it was sent; null asks for no check. */
  seenVersion: string | null;
  /** It goes at this time and not before; null at once. */
  holdUntil: number | null;
}

export interface Outgoing extends Letter {
  key: string;
  conversation: string;
  mode: Mode;
  at: number;
  /** held: can be taken back; sending: on its way; waiting: the server cannot be reached, tried again by itself;
   *  changed: somebody has written meanwhile; failed: an agent must decide; sent: accepted, and shown from here until
   *  the timeline has it. */
  state: "held" | "sending" | "waiting" | "changed" | "failed" | "sent";
  problem: Problem | null;
  changes: Entry[];
  messageId: string | null;
  anyway: boolean;
}

const storage_key = "parlance.outbox";
export const changed_since = "conversation.changed_since";

export interface Outbox {
  readonly items: ReadonlySignal<Outgoing[]>;
  /** How many the server has not answered yet. */
  readonly pending: ReadonlySignal<number>;
  send(conversation: string, mode: Mode, letter: Letter): void;
  /** Tells the time: what has been held long enough goes. */
  tick(now: number): void;
  /** Sends a held one now. */
  release(key: string): void;
  retry(key: string): void;
  /** Sends one although somebody has written meanwhile. */
  anyway(key: string): void;
  /** Takes one that has not gone out, to be edited or forgotten. */
  take(key: string): Outgoing | undefined;
  /** The timeline shows these messages now. */
  seen(messageIds: ReadonlySet<string>): void;
  clear(): void;
}

export interface OutboxNeeds {
  client: Client;
  storage: Storage;
  newKey(): string;
  now(): number;
  onSent(item: Outgoing, done: Done): void;
  onFailed(item: Outgoing, cause: unknown): void;
  onChanged(item: Outgoing): void;
}

export function createOutbox(needs: OutboxNeeds): Outbox {
  const items = signal<Outgoing[]>(load(needs.storage));
  const busy = new Set<string>();

  function set(next: Outgoing[]) {
    items.value = next;
    const unsent = next.filter((item) => item.state !== "sent").map(({ problem: _, changes: __, messageId: ___, state: ____, ...kept }) => kept);
    if (unsent.length === 0) needs.storage.removeItem(storage_key);
    else store(needs.storage, storage_key, JSON.stringify(unsent));
  }
  const change = (key: string, members: Partial<Outgoing>) =>
    set(items.value.map((item) => (item.key === key ? { ...item, ...members } : item)));
  const find = (key: string) => items.value.find((item) => item.key === key);

  function payload(item: Outgoing) {
    return {
      text: item.text,
      ...(item.attachments.length === 0 ? {} : { attachments: item.attachments.map(({ id }) => ({ id })) }),
      ...(item.mode !== "note" || item.mentions.length === 0 ? {} : { mentions: item.mentions }),
      ...(item.mode !== "reply" || item.seenVersion === null ? {} : { seen_version: item.seenVersion }),
      ...(item.anyway ? { anyway: true } : {}),
    };
  }

  async function work(conversation: string) {
    if (busy.has(conversation)) return;
    busy.add(conversation);
    for (;;) {
      const item = items.value.find((one) => one.conversation === conversation && one.state !== "sent");
      // A failed one stops those behind it: they may make no sense without it.
      if (item === undefined || item.state === "failed" || item.state === "changed" || item.state === "held") break;
      try {
        const done = await needs.client.command<Done>(
          `/v1/conversations/${encodeURIComponent(conversation)}/${item.mode}`, payload(item),
          { key: item.key, onRetry: () => change(item.key, { state: "waiting" }) },
        );
        // The server has seen that nobody wrote before this one, so for those behind it this one is all that is new.
        const version = done?.version;
        if (version !== undefined && item.mode === "reply" && item.seenVersion !== null) {
          set(items.value.map((one) => (one.conversation === conversation && one.key !== item.key && one.seenVersion !== null ? { ...one, seenVersion: version } : one)));
        }
        change(item.key, { state: "sent", messageId: done?.id ?? null });
        needs.onSent(item, done);
      } catch (cause) {
        if (find(item.key) === undefined) continue;
        if (cause instanceof Problem && cause.code === changed_since) {
          change(item.key, { state: "changed", problem: cause, changes: Array.isArray(cause.said.changes) ? (cause.said.changes as Entry[]) : [] });
          needs.onChanged(item);
        } else {
          change(item.key, { state: "failed", problem: cause instanceof Problem ? cause : null });
          needs.onFailed(item, cause);
        }
      }
    }
    busy.delete(conversation);
  }

  function go(key: string, members: Partial<Outgoing> = {}) {
    const item = find(key);
    if (item === undefined) return;
    change(key, { state: "sending", problem: null, changes: [], holdUntil: null, ...members });
    void work(item.conversation);
  }

  for (const conversation of new Set(items.value.map((item) => item.conversation))) void work(conversation);

  return {
    items,
    pending: computed(() => items.value.filter((item) => item.state === "held" || item.state === "sending" || item.state === "waiting").length),
    send(conversation, mode, letter) {
      const item: Outgoing = {
        ...letter, key: needs.newKey(), conversation, mode, at: needs.now(), state: letter.holdUntil === null ? "sending" : "held",
        problem: null, changes: [], messageId: null, anyway: false,
      };
      set([...items.value, item]);
      void work(conversation);
    },
    tick(now) {
      for (const item of items.peek()) if (item.state === "held" && (item.holdUntil ?? 0) <= now) go(item.key);
    },
    release: (key) => go(key),
    retry: (key) => go(key),
    // Another request than the one that was refused, so under a key of its own.
    anyway: (key) => go(key, { key: needs.newKey(), anyway: true }),
    take(key) {
      const item = find(key);
      set(items.value.filter((one) => one.key !== key));
      if (item !== undefined) void work(item.conversation);
      return item;
    },
    seen(messageIds) {
      if (items.value.some((item) => item.state === "sent" && (item.messageId === null || messageIds.has(item.messageId))))
        set(items.value.filter((item) => !(item.state === "sent" && (item.messageId === null || messageIds.has(item.messageId)))));
    },
    clear() {
      set([]);
    },
  };
}

function load(storage: Storage): Outgoing[] {
  try {
    const kept = JSON.parse(storage.getItem(storage_key) ?? "[]") as Outgoing[];
    return kept.map((item) => ({
      ...item, attachments: item.attachments ?? [], mentions: item.mentions ?? [], state: item.holdUntil == null ? "sending" : "held",
      problem: null, changes: [], messageId: null,
    }));
  } catch {
    return [];
  }
}
