// The words of a search: terms with spaces between them, as the server's grammar has them (key:value, -key:value,
// a:b,c, field.NAME:value; a value with spaces stands in quotes). The page only cuts them apart for its chips and
// puts them together again; what they mean, and whether they are right, is the server's to say.

export interface Term {
  text: string;
  not: boolean;
  /** Empty for a bare word. */
  key: string;
  value: string;
}

export function parseTerms(q: string): Term[] {
  const terms: Term[] = [];
  // A quote holds spaces together wherever it begins, so that subject:"a b" is one term; an open one ends with the line.
  for (const [text] of q.matchAll(/(?:"[^"]*(?:"|$)|[^\s"])+/g)) {
    const not = text.length > 1 && text.startsWith("-");
    const rest = not ? text.slice(1) : text;
    const colon = /^[a-z_]+(?:\.(?:"[^"]*"|[^:"\s])+)?:/i.exec(rest);
    terms.push({ text, not, key: colon === null ? "" : colon[0].slice(0, -1), value: unquote(colon === null ? rest : rest.slice(colon[0].length)) });
  }
  return terms;
}

export const formatTerms = (terms: readonly Term[]) => terms.map((term) => term.text).join(" ");

export const quote = (value: string) => (/[\s",]/.test(value) ? `"${value.replaceAll('"', "")}"` : value);
const unquote = (value: string) => value.replaceAll('"', "");

/** A term that leads to a person: it goes in a body, never into an address of the page or of a request. */
export const isPrivate = (term: Term) => term.key === "from" || term.key === "order";

export const joinTerms = (...parts: (string | undefined)[]) => parts.filter((part) => part !== undefined && part !== "").join(" ");

/** Keys with what can follow them. The lists of the workspace (queues, agents, tags) are put in by whoever asks. */
export interface Suggestion {
  text: string;
  hint: string;
}

const fixed: Record<string, readonly string[]> = {
  is: ["unassigned", "mine", "late", "soon", "reopened", "spam", "waiting", "unanswered"],
  state: ["new", "open", "waiting_customer", "waiting_third_party", "snoozed", "resolved", "closed", "spam"],
  assignee: ["me", "none"],
  channel: ["email", "chat", "whatsapp", "messenger", "instagram", "sms", "voice", "marketplace", "social", "api"],
  priority: ["low", "normal", "high", "urgent"],
  sla: ["late", "soon", "ok", "<30m", "<2h"],
  created: [">2026-01-01"], updated: [">2026-01-01"], messages: [">3"], rating: ["<3"], mentions: ["me"],
  queue: [], team: [], tag: [], type: [], sub_state: [], lang: [], account: [], number: [], order: [], from: [],
};
const given_at_most = 12;

/** What may complete the term being typed; `known` adds names the workspace has, by key. */
export function suggest(typed: string, known: Readonly<Record<string, readonly string[]>>, hints: Readonly<Record<string, string>>): Suggestion[] {
  const not = typed.startsWith("-") ? "-" : "";
  const word = typed.slice(not.length);
  const colon = word.indexOf(":");
  if (colon < 0) {
    return Object.keys(fixed).filter((key) => key.startsWith(word.toLowerCase()))
      .map((key) => ({ text: `${not}${key}:`, hint: hints[key] ?? "" })).slice(0, given_at_most);
  }
  const key = word.slice(0, colon);
  const before = word.slice(colon + 1).split(",");
  const last = unquote(before.pop() ?? "").toLowerCase();
  const head = `${not}${key}:${before.map((value) => `${value},`).join("")}`;
  const values = key === "created" || key === "updated" ? [`>${new Date(Date.now() - 7 * 86_400_000).toISOString().slice(0, 10)}`] : [...(fixed[key] ?? []), ...(known[key] ?? [])];
  return values.filter((value) => value.toLowerCase().startsWith(last) && !before.includes(value))
    .map((value) => ({ text: head + quote(value), hint: "" })).slice(0, given_at_most);
}
