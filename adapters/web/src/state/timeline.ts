// Arranges a timeline for the eye: a heading where a day begins, messages of one author together, and runs of acts
// as one block that can be folded. Times are those of the events (`at`); the order is the server's.

import { sameDay } from "../text/format";
import type { Entry } from "../api/types";

export type Block =
  | { is: "day"; key: string; at: number }
  | { is: "message"; key: string; entry: Entry; first: boolean }
  | { is: "acts"; key: string; entries: Entry[] };

/** Messages closer than this, by the same author, share one heading. */
const together_ms = 5 * 60_000;

export const isWritten = (entry: Entry) => entry.kind === "message" || entry.kind === "note";

export function arrange(entries: Entry[]): Block[] {
  const blocks: Block[] = [];
  let day: number | null = null;
  let last: Entry | null = null;
  for (const entry of entries) {
    const at = Date.parse(entry.at);
    if (day === null || !sameDay(day, at)) {
      blocks.push({ is: "day", key: `day:${entry.id}`, at });
      day = at;
      last = null;
    }
    if (isWritten(entry)) {
      const first =
        last === null || last.kind !== entry.kind || last.direction !== entry.direction ||
        last.actor.id !== entry.actor.id || at - Date.parse(last.at) > together_ms;
      blocks.push({ is: "message", key: entry.id, entry, first });
      last = entry;
    } else {
      const open = blocks[blocks.length - 1];
      if (open?.is === "acts") open.entries.push(entry);
      else blocks.push({ is: "acts", key: `acts:${entry.id}`, entries: [entry] });
      last = null;
    }
  }
  return blocks;
}
