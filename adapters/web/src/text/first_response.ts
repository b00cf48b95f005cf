// How urgent the first answer is, from the server's absolute deadline and the shared clock alone.

import type { Ticket } from "../api/types";
import { t } from "./catalogue";
import { moment, span } from "./format";

export interface Chip {
  level: "ok" | "soon" | "late" | "paused" | "met" | "late_met";
  /** For the list. */
  short: string;
  /** A whole sentence, for the sidebar and for screen readers. */
  long: string;
  tooltip: string;
}

const soon_ms = 10 * 60_000;
const soon_share = 0.25;

export function firstResponseChip(ticket: Ticket, now: number): Chip | null {
  const { state, due_at, at, seconds } = ticket.first_response;
  const due = due_at === null ? null : Date.parse(due_at);
  const words = t.firstResponse;
  const tooltip = at !== null ? words.by(moment(Date.parse(at), now)) : due !== null ? words.dueAt(moment(due, now)) : words.label;
  const took = seconds === null ? null : span(seconds * 1000);

  if (state === "met") {
    return { level: "met", short: took ? words.short.met(took) : words.metShort, long: took ? words.met(took) : words.metShort, tooltip };
  }
  if (state === "breached" && at !== null) {
    return { level: "late_met", short: words.short.late_met, long: took ? words.answeredLate(took) : words.metLateShort, tooltip };
  }
  if (state === "paused") return { level: "paused", short: words.short.paused, long: words.paused, tooltip };
  if ((state !== "running" && state !== "breached") || due === null) return null;
  const left = due - now;
  const whole = due - Date.parse(ticket.unanswered_since ?? ticket.created_at);
  const judged = `${tooltip}. ${words.rule(span(whole))}`;
  if (state === "breached" || left <= 0) {
    const by = span(-left);
    return { level: "late", short: words.short.late(by), long: words.late(by), tooltip: judged };
  }
  const level = left <= soon_ms || left <= whole * soon_share ? "soon" : "ok";
  return { level, short: words.short[level](span(left)), long: words.dueIn(span(left)), tooltip: judged };
}
