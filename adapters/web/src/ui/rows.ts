// The rows of the list as somebody without a mouse meets them: one is at hand, the focused or else the open one, and
// the others are some steps from it. Only the rows near the window exist in the page, so a step may have to scroll
// first.

import type { App } from "../app";

/** What the list pane can do for whoever moves in it. */
export interface RowWindow {
  reveal(index: number): void;
}
export const rowWindow: { current: RowWindow | null } = { current: null };

const linkOf = (id: string) => document.querySelector<HTMLElement>(`.row[data-id="${CSS.escape(id)}"] a`);
const focused = () => (document.activeElement as HTMLElement | null)?.closest<HTMLElement>(".row")?.dataset.id ?? null;

function atHand(app: App): string | null {
  return focused() ?? app.conversation.id.peek();
}

export function move(app: App, by: number) {
  const order = app.list.order.peek();
  const hand = atHand(app);
  const from = hand === null ? -1 : order.indexOf(hand);
  const to = Math.min(Math.max(from + by, 0), order.length - 1);
  const id = order[to];
  if (id === undefined) return;
  rowWindow.current?.reveal(to);
  focusRow(id);
}

export function focusRow(id: string) {
  const link = linkOf(id);
  if (link !== null) link.focus();
  // The row comes with the next drawing.
  else requestAnimationFrame(() => linkOf(id)?.focus());
}

export function openRow(app: App) {
  const id = focused();
  if (id !== null) app.open(id);
}

export function toggleRow(app: App) {
  const id = atHand(app);
  if (id === null) return;
  const next = new Set(app.selection.peek());
  if (!next.delete(id)) next.add(id);
  app.selection.value = next;
}
