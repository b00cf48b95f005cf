// Shortcuts. Single letters work while no field has the focus and can be switched off; Alt with the physical key of
// the same letter works everywhere and on every layout. Escape always leaves one thing.

import type { App } from "../app";
import { formatRoute } from "../state/route";
import { isOver } from "./actions";

/** An input method is putting a character together: its Enter picks a word and must not send. */
export const composing = (event: KeyboardEvent) => event.isComposing || event.keyCode === 229;

type Act = (app: App) => void;

const letters: Record<string, Act> = {
  j: () => move(1),
  k: () => move(-1),
  r: (app) => write(app, "reply"),
  n: (app) => write(app, "note"),
  e: (app) => {
    const ticket = app.conversation.ticket.peek();
    if (ticket !== null && !isOver(ticket)) app.resolve();
  },
  o: (app) => {
    const ticket = app.conversation.ticket.peek();
    if (ticket !== null && isOver(ticket)) app.reopen();
  },
  s: () => document.getElementById("snooze")?.click(),
  m: (app) => {
    if (app.conversation.ticket.peek() !== null) app.claim();
  },
  d: (app) => {
    app.settings.details.value = !app.settings.details.peek();
    app.settings.save();
  },
};

export function installKeys(app: App): () => void {
  const onKeyDown = (event: KeyboardEvent) => handle(app, event);
  document.addEventListener("keydown", onKeyDown);
  return () => document.removeEventListener("keydown", onKeyDown);
}

function handle(app: App, event: KeyboardEvent) {
  if (event.defaultPrevented || composing(event) || event.ctrlKey || event.metaKey) return;
  if (app.session.peek().is !== "in" || app.dialog.peek() !== "none") return;
  const target = event.target as HTMLElement;

  if (event.key === "Escape") {
    leave(app, target);
    return;
  }
  if (event.altKey) {
    if (event.getModifierState("AltGraph")) return;
    run(app, event, event.code.replace(/^Key/, "").toLowerCase());
    return;
  }
  if (target.matches("input, textarea, select, [contenteditable]") || target.closest("[role=menu]") !== null) return;
  if (!app.settings.singleKeys.peek()) return;
  if (event.key === "?") {
    event.preventDefault();
    app.dialog.value = "shortcuts";
    return;
  }
  if (event.shiftKey) return;
  // On a layout without Latin letters the physical key stands for the letter.
  const latin = /^[a-z]$/i.test(event.key);
  run(app, event, latin ? event.key.toLowerCase() : event.code.replace(/^Key/, "").toLowerCase());
}

function run(app: App, event: KeyboardEvent, letter: string) {
  const act = letters[letter];
  if (act === undefined || event.repeat && letter !== "j" && letter !== "k") return;
  event.preventDefault();
  act(app);
}

function leave(app: App, target: HTMLElement) {
  if (target.matches("input, textarea, select")) {
    target.blur();
    return;
  }
  const id = app.conversation.id.peek();
  if (id === null) return;
  app.router.go(formatRoute(null, app.filter.peek()));
  requestAnimationFrame(() => document.querySelector<HTMLElement>(`.row[data-id="${CSS.escape(id)}"] a`)?.focus());
}

function write(app: App, mode: "reply" | "note") {
  if (app.conversation.ticket.peek() === null) return;
  app.mode.value = mode;
  requestAnimationFrame(() => document.getElementById("composer-text")?.focus());
}

function move(by: number) {
  const rows = [...document.querySelectorAll<HTMLElement>(".row a")];
  const focused = rows.indexOf(document.activeElement as HTMLElement);
  const from = focused >= 0 ? focused : rows.findIndex((row) => row.getAttribute("aria-current") === "true");
  const row = rows[Math.min(Math.max(from + by, 0), rows.length - 1)];
  row?.focus();
  row?.scrollIntoView({ block: "nearest" });
}
