// Replies and notes on their way. Each keeps its text and its Idempotency-Key until the server has answered, over
// a reload too, so what an agent has sent is neither lost nor sent twice. Those of one conversation go in order.

import { computed, signal, type ReadonlySignal } from "@preact/signals";
import { Problem, type Client } from "../api/client";
import type { Done } from "../api/types";
import { store, type Mode } from "./drafts";

export interface Outgoing {
  key: string;
  conversation: string;
  mode: Mode;
  text: string;
  at: number;
  /** sending: on its way; waiting: the server cannot be reached, tried again by itself; failed: an agent must decide;
   *  sent: accepted, and shown from here until the timeline has it. */
  state: "sending" | "waiting" | "failed" | "sent";
  problem: Problem | null;
  messageId: string | null;
}

const storage_key = "parlance.outbox";

export interface Outbox {
  readonly items: ReadonlySignal<Outgoing[]>;
  /** How many the server has not answered yet. */
  readonly pending: ReadonlySignal<number>;
  send(conversation: string, mode: Mode, text: string): void;
  retry(key: string): void;
  /** Takes a failed one out, to be edited or forgotten. */
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
}

export function createOutbox(needs: OutboxNeeds): Outbox {
  const items = signal<Outgoing[]>(load(needs.storage));
  const busy = new Set<string>();

  function set(next: Outgoing[]) {
    items.value = next;
    const unsent = next.filter((item) => item.state !== "sent").map(({ key, conversation, mode, text, at }) => ({ key, conversation, mode, text, at }));
    if (unsent.length === 0) needs.storage.removeItem(storage_key);
    else store(needs.storage, storage_key, JSON.stringify(unsent));
  }
  const change = (key: string, members: Partial<Outgoing>) =>
    set(items.value.map((item) => (item.key === key ? { ...item, ...members } : item)));
  const find = (key: string) => items.value.find((item) => item.key === key);

  async function work(conversation: string) {
    if (busy.has(conversation)) return;
    busy.add(conversation);
    for (;;) {
      const item = items.value.find((one) => one.conversation === conversation && one.state !== "sent");
      // A failed one stops those behind it: they may make no sense without it.
      if (item === undefined || item.state === "failed") break;
      try {
        const done = await needs.client.command<Done>(
          `/v1/conversations/${encodeURIComponent(conversation)}/${item.mode}`,
          { text: item.text },
          { key: item.key, onRetry: () => change(item.key, { state: "waiting" }) },
        );
        change(item.key, { state: "sent", messageId: done.id ?? null });
        needs.onSent(item, done);
      } catch (cause) {
        if (find(item.key) === undefined) continue;
        change(item.key, { state: "failed", problem: cause instanceof Problem ? cause : null });
        needs.onFailed(item, cause);
      }
    }
    busy.delete(conversation);
  }

  for (const conversation of new Set(items.value.map((item) => item.conversation))) void work(conversation);

  return {
    items,
    pending: computed(() => items.value.filter((item) => item.state === "sending" || item.state === "waiting").length),
    send(conversation, mode, text) {
      const item: Outgoing = {
        key: needs.newKey(), conversation, mode, text, at: needs.now(), state: "sending", problem: null, messageId: null,
      };
      set([...items.value, item]);
      void work(conversation);
    },
    retry(key) {
      const item = find(key);
      if (item === undefined) return;
      change(key, { state: "sending", problem: null });
      void work(item.conversation);
    },
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
    return kept.map((item) => ({ ...item, state: "sending", problem: null, messageId: null }));
  } catch {
    return [];
  }
}
