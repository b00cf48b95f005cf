// Ready-made answers: which fit what was typed after the slash, in the conversation's language first, and their
// placeholders filled. One that cannot be filled stays as it is, so that whoever sends it sees it.

import type { CannedReply, Ticket } from "../api/types";

export interface Values {
  ticket: Ticket;
  agent: string;
}

const placeholder = /\{\{\s*([a-z_.]+)\s*\}\}/g;

export function fill(text: string, { ticket, agent }: Values): string {
  const values: Record<string, string | null> = {
    "customer.name": ticket.personal === "value" ? ticket.requester.name : null,
    "ticket.number": ticket.number,
    "ticket.subject_line": ticket.personal === "value" ? ticket.subject_line : null,
    "agent.name": agent,
  };
  return text.replace(placeholder, (whole, name: string) => values[name] ?? whole);
}

/** The placeholders that nothing has filled. */
export const unfilled = (text: string): string[] => [...new Set([...text.matchAll(placeholder)].map(([whole]) => whole))];

const primary = (tag: string) => tag.toLowerCase().split("-")[0] ?? "";

/** 0: exactly the language; 1: a variety of it; 2: one without a language; 3: another. */
function distance(reply: CannedReply, language: string): number {
  if (reply.language.toLowerCase() === language.toLowerCase()) return 0;
  if (primary(reply.language) === primary(language)) return 1;
  return reply.language === "" || reply.language === "und" ? 2 : 3;
}

export function matching(replies: readonly CannedReply[], typed: string, language: string): CannedReply[] {
  const wanted = typed.toLocaleLowerCase();
  const rank = (reply: CannedReply) => {
    if (reply.shortcut.toLocaleLowerCase().startsWith(wanted)) return 0;
    return reply.name.toLocaleLowerCase().includes(wanted) ? 1 : -1;
  };
  return replies
    .map((reply) => ({ reply, rank: rank(reply), far: distance(reply, language) }))
    .filter((one) => one.rank >= 0)
    .sort((a, b) => a.rank - b.rank || a.far - b.far || a.reply.name.localeCompare(b.reply.name))
    .map((one) => one.reply);
}
