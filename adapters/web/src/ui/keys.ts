// Shortcuts. Single keys work while no field has the focus, and can be switched off or put elsewhere; Alt with the
// physical key of the same letter works everywhere and on every layout. Escape always leaves one thing.

import type { App } from "../app";
import { commands, letterOf, show, type Command } from "./commands";
import { focusRow } from "./rows";

/** An input method is putting a character together: its Enter picks a word and must not send. */
export const composing = (event: KeyboardEvent) => event.isComposing || event.keyCode === 229;

/** How long the first of two keys in a row waits for the second. */
const second_key_ms = 1500;
let first: { key: string; at: number } | null = null;

export function installKeys(app: App): () => void {
  const onKeyDown = (event: KeyboardEvent) => handle(app, event);
  document.addEventListener("keydown", onKeyDown);
  return () => document.removeEventListener("keydown", onKeyDown);
}

function handle(app: App, event: KeyboardEvent) {
  if (event.defaultPrevented || composing(event)) return;
  if (app.session.peek().is !== "in" || app.dialog.peek().is !== "none") return;
  const target = event.target as HTMLElement;

  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.code === "KeyK") {
    event.preventDefault();
    show(app, "palette");
    return;
  }
  if (event.ctrlKey || event.metaKey) return;
  if (event.key === "Escape") {
    leave(app, target);
    return;
  }
  if (event.altKey) {
    if (event.getModifierState("AltGraph")) return;
    run(app, event, find(app, letterOfCode(event.code)));
    return;
  }
  if (target.matches("input, textarea, select, [contenteditable]") || target.closest("[role=menu], [role=separator]") !== null) return;
  if (!app.settings.singleKeys.peek()) return;
  // On a layout without Latin letters the physical key stands for the letter.
  const key = /^[\x21-\x7e]$/.test(event.key) || event.key.length > 1 ? event.key : letterOfCode(event.code);
  if (event.shiftKey && /^[A-Z]$/i.test(key)) return;
  const now = Date.now();
  const before = first !== null && now - first.at < second_key_ms ? first.key : null;
  first = null;
  if (before !== null) {
    const both = find(app, `${before} ${key.toLowerCase()}`);
    if (both !== undefined) {
      run(app, event, both);
      return;
    }
  }
  if (commands.some((one) => letterOf(app, one).startsWith(`${key} `))) {
    event.preventDefault();
    first = { key, at: now };
    return;
  }
  // A button or link in focus takes its own Enter.
  if (key === "Enter") return;
  run(app, event, find(app, key));
}

const letterOfCode = (code: string) => code.replace(/^Key/, "").toLowerCase();

function find(app: App, keys: string): Command | undefined {
  if (keys === "") return undefined;
  return commands.find((one) => letterOf(app, one) === keys);
}

function run(app: App, event: KeyboardEvent, command: Command | undefined) {
  if (command === undefined || (event.repeat && command.id !== "next" && command.id !== "previous")) return;
  event.preventDefault();
  if (command.available(app)) command.run(app);
}

function leave(app: App, target: HTMLElement) {
  if (target.matches("input, textarea, select")) {
    target.blur();
    return;
  }
  if (app.selection.peek().size > 0) {
    app.selection.value = new Set();
    return;
  }
  const route = app.router.route.peek();
  if (route.page !== "conversations") {
    app.open(app.conversation.id.peek());
    return;
  }
  if (route.look.at !== null) {
    app.look({ at: null });
    return;
  }
  if (route.id === null) return;
  const id = route.id;
  app.open(null);
  requestAnimationFrame(() => focusRow(id));
}
