// Times, spans, names and sizes as people read them, by the rules of the catalogue's language.

import { t } from "./catalogue";

/** The words are the catalogue's; how days and hours are written is the agent's own region, where it speaks that language. */
const region = navigator.languages.find((tag) => tag.split("-")[0] === t.locale) ?? t.locale;

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const clockTime = new Intl.DateTimeFormat(region, { hour: "numeric", minute: "2-digit" });
const weekdayTime = new Intl.DateTimeFormat(region, { weekday: "short", hour: "numeric", minute: "2-digit" });
const dayMonth = new Intl.DateTimeFormat(region, { day: "numeric", month: "short" });
const dayMonthTime = new Intl.DateTimeFormat(region, { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" });
const dayMonthYear = new Intl.DateTimeFormat(region, { day: "numeric", month: "short", year: "numeric" });
const whole = new Intl.DateTimeFormat(region, { dateStyle: "full", timeStyle: "medium" });
const longDay = new Intl.DateTimeFormat(region, { weekday: "long", day: "numeric", month: "long" });
const longDayYear = new Intl.DateTimeFormat(region, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const relativeDay = new Intl.RelativeTimeFormat(region, { numeric: "auto" });

const midnight = (ms: number) => new Date(ms).setHours(0, 0, 0, 0);
/** Calendar days from b to a in the agent's zone; rounding takes care of days of 23 and 25 hours. */
const daysBetween = (a: number, b: number) => Math.round((midnight(a) - midnight(b)) / day);

const capital = (text: string) => text.charAt(0).toLocaleUpperCase(t.locale) + text.slice(1);

const unit = (name: string) => {
  const format = new Intl.NumberFormat(region, { style: "unit", unit: name, unitDisplay: "narrow" });
  return (value: number) => format.format(value);
};
const seconds = unit("second");
const minutes = unit("minute");
const hours = unit("hour");
const days = unit("day");

/** A short age for lists: "now", "5m", "3h", "2d", then a date. */
export function age(then: number, now: number): string {
  const span = now - then;
  if (span < 45 * second) return t.now;
  if (span < hour) return minutes(Math.max(1, Math.round(span / minute)));
  if (span < day) return hours(Math.round(span / hour));
  if (span < 7 * day) return days(Math.round(span / day));
  return new Date(then).getFullYear() === new Date(now).getFullYear() ? dayMonth.format(then) : dayMonthYear.format(then);
}

/** A length of time in its two largest units: "45s", "12m", "3h 20m", "2d 4h". */
export function span(ms: number): string {
  const left = Math.max(0, ms);
  if (left < minute) return seconds(Math.floor(left / second));
  if (left < hour) return minutes(Math.floor(left / minute));
  const [large, small] = left < day ? [hour, minute] : [day, hour];
  const [ofLarge, ofSmall] = left < day ? [hours, minutes] : [days, hours];
  const rest = Math.floor((left % large!) / small!);
  return ofLarge!(Math.floor(left / large!)) + (rest === 0 ? "" : ` ${ofSmall!(rest)}`);
}

/** A point in time near now: the clock alone today, with the day around it, with the date otherwise. */
export function moment(at: number, now: number): string {
  const days = daysBetween(at, now);
  if (days === 0) return clockTime.format(at);
  if (Math.abs(days) === 1) return `${relativeDay.format(days, "day")} ${clockTime.format(at)}`;
  if (days > 0 && days < 7) return weekdayTime.format(at);
  if (new Date(at).getFullYear() === new Date(now).getFullYear()) return dayMonthTime.format(at);
  return dayMonthYear.format(at);
}

export const clock = (at: number) => clockTime.format(at);
export const full = (at: number) => whole.format(at);
export const weekday = (at: number) => weekdayTime.format(at);

/** A heading between the days of a thread. */
export function dayName(at: number, now: number): string {
  const days = daysBetween(at, now);
  if (days === 0 || days === -1) return capital(relativeDay.format(days, "day"));
  return new Date(at).getFullYear() === new Date(now).getFullYear() ? longDay.format(at) : longDayYear.format(at);
}

/** "2026-11-22" is a day, not an instant: it must not slip into its neighbour in another zone. */
export function plainDay(day_: string): string {
  const [year, month, date] = day_.split("-").map(Number);
  return year && month && date ? dayMonthYear.format(new Date(year, month - 1, date)) : day_;
}

export const sameDay = (a: number, b: number) => midnight(a) === midnight(b);

export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

const languages = new Intl.DisplayNames(t.locale, { type: "language", fallback: "code" });
export function languageName(tag: string): string {
  try {
    return languages.of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** The lang attribute for text in a language; none where it is not known or not a tag. */
export function langOf(tag: string | undefined | null): string | undefined {
  return tag && tag !== "und" && /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(tag) ? tag : undefined;
}

const joined = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Devanagari}]/u;
const graphemes = new Intl.Segmenter(t.locale, { granularity: "grapheme" });

/** One or two letters for an avatar. Scripts whose letters join or fill a square get one. */
export function initials(name: string): string {
  const words = name.trim().split(/[\s.@_-]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const letter = (word: string) => {
    for (const { segment } of graphemes.segment(word)) if (/[\p{L}\p{N}]/u.test(segment)) return segment.toLocaleUpperCase();
    return "";
  };
  if (words.length === 0) return "";
  const first = letter(words[0]!);
  return words.length === 1 || joined.test(first) ? first : first + letter(words[words.length - 1]!);
}

/** A name inside a sentence of another direction: the marks keep each from turning the other round. */
export const isolate = (name: string) => `\u2068${name}\u2069`;

/** One of eight avatar colours, always the same for the same person. */
export function hue(id: string): number {
  let sum = 7;
  for (let at = 0; at < id.length; ++at) sum = (sum * 31 + id.charCodeAt(at)) >>> 0;
  return sum % 8;
}
