// What is wrong with the server just now, by its own account, and which of it the person at the page is told: everybody
// what keeps them from working, an administrator the rest too.

import { signal, type ReadonlySignal } from "@preact/signals";
import type { Client } from "../api/client";
import type { Condition } from "../api/types";
import { t } from "../text/catalogue";

export interface Conditions {
  readonly all: ReadonlySignal<readonly Condition[]>;
  refresh(): Promise<void>;
  clear(): void;
}

export function createConditions(client: Client): Conditions {
  const all = signal<readonly Condition[]>([]);
  return {
    all,
    async refresh() {
      const found = await client.read<{ data: Condition[] }>("/v1/conditions");
      // The same ones are no news, so nothing is drawn or spoken again.
      if (JSON.stringify(found.data) !== JSON.stringify(all.peek())) all.value = found.data;
    },
    clear() {
      all.value = [];
    },
  };
}

/** The gravest that this role is told, in its words; null where there is none. */
export function toldOf(all: readonly Condition[], role: string): { name: string; happened: string; safe: string; advice: string } | null {
  const admin = role === "admin";
  const one = all.find((condition) => t.conditions[condition.name] !== undefined) ?? (admin ? all[0] : undefined);
  if (one === undefined) return null;
  // Who runs the server reads its own words, with figures and what to do; the others what it means for them.
  if (admin) return { name: one.name, happened: one.happened, safe: one.safe, advice: one.advice };
  const words = t.conditions[one.name];
  return words === undefined ? null : { name: one.name, ...words };
}
