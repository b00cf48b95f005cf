// The times the snooze menu offers, in the agent's own zone.

import { t } from "./catalogue";

export interface Preset {
  id: "later_today" | "tomorrow" | "next_week";
  label: string;
  until: number;
}

const morning_hour = 9;
const later_ms = 3 * 3_600_000;

export function snoozePresets(now: number): Preset[] {
  const presets: Preset[] = [];
  // "Later today" is three hours on, at a full quarter; in the evening there is no later today.
  const later = new Date(Math.ceil((now + later_ms) / 900_000) * 900_000);
  if (later.getDate() === new Date(now).getDate()) presets.push({ id: "later_today", label: t.snooze.laterToday, until: later.getTime() });
  presets.push({ id: "tomorrow", label: t.snooze.tomorrow, until: morning(now, 1) });
  const toMonday = (8 - new Date(now).getDay()) % 7 || 7;
  // On a Sunday, tomorrow is next week.
  if (toMonday > 1) presets.push({ id: "next_week", label: t.snooze.nextWeek, until: morning(now, toMonday) });
  return presets;
}

function morning(now: number, days: number): number {
  const at = new Date(now);
  at.setDate(at.getDate() + days);
  return at.setHours(morning_hour, 0, 0, 0);
}

/** What an input of type datetime-local holds, for a time in the agent's zone. */
export function localInput(at: number): string {
  const zone = new Date(at).getTimezoneOffset() * 60_000;
  return new Date(at - zone).toISOString().slice(0, 16);
}
