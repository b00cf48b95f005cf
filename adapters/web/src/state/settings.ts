// What an agent has chosen about the page itself. None of it is about a person, so it may outlive the tab.

import { effect, signal, type Signal } from "@preact/signals";
import { store } from "./drafts";

const storage_key = "parlance.settings";

export type Theme = "system" | "light" | "dark";
export type Density = "comfortable" | "compact";
export type SendKey = "mod_enter" | "enter";

/** How long a reply can be taken back after it was sent; 0 sends at once. */
export const undo_choices_s = [0, 5, 7, 10] as const;

export const list_width = { least: 280, usual: 372, most: 560 };
export const details_width = { least: 260, usual: 312, most: 480 };

export interface Settings {
  /** Single letters act as shortcuts. Off for people whose voice or hands type letters by accident. */
  readonly singleKeys: Signal<boolean>;
  /** Letters an agent has put in place of the usual ones, by action; an empty one switches the action's letter off. */
  readonly letters: Signal<Readonly<Record<string, string>>>;
  readonly sendKey: Signal<SendKey>;
  readonly undoSeconds: Signal<number>;
  readonly theme: Signal<Theme>;
  readonly density: Signal<Density>;
  /** Which panes are there beside the thread, and how wide they are, in CSS pixels. */
  readonly rail: Signal<boolean>;
  readonly list: Signal<boolean>;
  readonly details: Signal<boolean>;
  readonly listWidth: Signal<number>;
  readonly detailsWidth: Signal<number>;
  /** Actions used from the palette, latest first. */
  readonly recent: Signal<readonly string[]>;
}

const recent_max = 8;
export const withRecent = (recent: readonly string[], id: string) => [id, ...recent.filter((one) => one !== id)].slice(0, recent_max);

/** `roomy`: there is room for the details beside the thread. Where there is none, they start closed. */
export function createSettings(storage: Storage, roomy: boolean): Settings {
  let kept: Record<string, unknown> = {};
  try {
    const read: unknown = JSON.parse(storage.getItem(storage_key) ?? "{}");
    if (typeof read === "object" && read !== null) kept = read as Record<string, unknown>;
  } catch {
    // Unreadable settings are no settings.
  }
  const flag = (name: string, otherwise: boolean) => signal(typeof kept[name] === "boolean" ? kept[name] : otherwise);
  const one = <T extends string | number>(name: string, choices: readonly T[], otherwise: T) =>
    signal<T>(choices.includes(kept[name] as T) ? (kept[name] as T) : otherwise);
  const width = (name: string, range: typeof list_width) => {
    const value = kept[name];
    return signal(typeof value === "number" ? Math.min(range.most, Math.max(range.least, value)) : range.usual);
  };
  const words = (value: unknown) => Object.fromEntries(
    Object.entries(typeof value === "object" && value !== null ? value : {}).filter((pair): pair is [string, string] => typeof pair[1] === "string"));

  const settings: Settings = {
    singleKeys: flag("singleKeys", true),
    letters: signal(words(kept.letters)),
    sendKey: one<SendKey>("sendKey", ["mod_enter", "enter"], "mod_enter"),
    undoSeconds: one<number>("undoSeconds", undo_choices_s, 5),
    theme: one<Theme>("theme", ["system", "light", "dark"], "system"),
    density: one<Density>("density", ["comfortable", "compact"], "comfortable"),
    rail: flag("rail", true),
    list: flag("list", true),
    details: signal(roomy && kept.details !== false),
    listWidth: width("listWidth", list_width),
    detailsWidth: width("detailsWidth", details_width),
    recent: signal(Array.isArray(kept.recent) ? kept.recent.filter((id) => typeof id === "string").slice(0, recent_max) : []),
  };

  let first = true;
  effect(() => {
    const now: Record<string, unknown> = Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, (value as Signal<unknown>).value]));
    // A window without room for the details says nothing about the wish to see them.
    if (!roomy) now.details = kept.details;
    if (!first) store(storage, storage_key, JSON.stringify(now));
    first = false;
  });
  return settings;
}
