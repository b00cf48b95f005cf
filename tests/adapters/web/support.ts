// What the unit tests share: a ticket and an entry with every member, a client that answers from functions.

import type { Client } from "@web/api/client";
import type { Entry, Ticket } from "@web/api/types";

export const start = Date.parse("2026-11-22T12:00:00.000Z");
export const at = (minutes: number) => new Date(start + minutes * 60_000).toISOString();

export function ticket(id: string, members: Partial<Ticket> = {}): Ticket {
  return {
    id, number: "4711", version: "1", state: "open", queue: null, assignee: null, channel: "email", account: null, language: "de",
    priority: "normal", tags: [], requester: { id: "sub_1", name: "Jürgen Weiß" }, subject_line: null, preview: null, personal: "value",
    created_at: at(0), updated_at: at(0), last_message_at: at(0), last_message_by: "customer", unanswered_since: at(0),
    first_response: { state: "none", due_at: null, at: null, seconds: null }, resolved_at: null, snoozed_until: null, closes_at: null,
    episode: 1, reopened: 0, messages: { received: 1, replied: 0, notes: 0 }, ...members,
  };
}

export function entry(id: string, kind: string, members: Partial<Entry> = {}): Entry {
  return { id, kind, version: "1", at: at(0), recorded_at: at(0), actor: { kind: "agent", id: "agt_1", name: "Ada" }, ...members };
}

type Answer = (query: Record<string, string | undefined>, atLeast: string | undefined) => unknown;

export function answering(routes: Record<string, Answer>, commands: Client["command"] = () => Promise.reject(new Error("no commands"))): Client & { reads: string[] } {
  const reads: string[] = [];
  return {
    reads,
    async read<T>(path: string, query: Record<string, string | undefined> = {}, options: { atLeast?: string | undefined } = {}) {
      reads.push(path);
      const answer = routes[path];
      if (answer === undefined) throw new Error(`nothing at ${path}`);
      return (await answer(query, options.atLeast)) as T;
    },
    async ask<T>(path: string, question: unknown) {
      reads.push(path);
      const answer = routes[path];
      if (answer === undefined) throw new Error(`nothing at ${path}`);
      return (await answer(question as Record<string, string>, undefined)) as T;
    },
    command: commands,
  };
}

export function memoryStorage(): Storage {
  sessionStorage.clear();
  return sessionStorage;
}
