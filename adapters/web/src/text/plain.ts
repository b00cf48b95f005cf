// Message text as plain text. Whatever comes out is only ever put into text nodes, so a mistake here can make a
// message ugly, never active: no markup of a customer reaches the page as markup.

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " ", hellip: "…", ndash: "–", mdash: "—", euro: "€", copy: "©" };
const block = /^\/?(address|article|blockquote|div|dl|dt|dd|footer|form|h[1-6]|header|hr|li|ol|p|pre|section|table|tr|ul)$/;

/** The readable text of an HTML message, with the breaks between its blocks kept. */
export function htmlToText(html: string): string {
  let text = "";
  let at = 0;
  const source = html.replace(/<!--[\s\S]*?(-->|$)/g, "").replace(/<(script|style|head|title|template)\b[\s\S]*?(<\/\1\s*>|$)/gi, "");
  const tag = /<(\/?[a-zA-Z][a-zA-Z0-9]*)(?:"[^"]*"|'[^']*'|[^'">])*>/g;
  for (let found = tag.exec(source); found !== null; found = tag.exec(source)) {
    text += words(source.slice(at, found.index));
    at = tag.lastIndex;
    const name = found[1]!.toLowerCase();
    if (name === "br") text += "\n";
    else if (name === "li") text += "\n• ";
    else if (name === "td" || name === "th") text += " ";
    else if (name === "p" || name === "/p") text += "\n\n";
    else if (block.test(name)) text += "\n";
  }
  text += words(source.slice(at));
  return text.replace(/[ \t]*\n[ \t]*/g, "\n").replace(/\n{3,}/g, "\n\n").trim();
}

function words(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/&(#x[0-9a-f]{1,6}|#[0-9]{1,7}|[a-z]+);/gi, (whole, name: string) => {
      if (name[0] !== "#") return entities[name.toLowerCase()] ?? whole;
      const code = name[1] === "x" || name[1] === "X" ? parseInt(name.slice(2), 16) : parseInt(name.slice(1), 10);
      return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000) ? String.fromCodePoint(code) : "";
    });
}

/** A message and the mail it quotes below it, so that the page can fold the second away. */
export function splitQuote(text: string): { own: string; quote: string } {
  const lines = text.split("\n");
  let start = lines.length;
  while (start > 0 && (/^\s*>/.test(lines[start - 1]!) || lines[start - 1]!.trim() === "")) start -= 1;
  if (!lines.slice(start).some((line) => /^\s*>/.test(line))) return { own: text, quote: "" };
  // The line that introduces the quotation ends in a colon in every language that mail programs speak.
  const before = lines[start - 1] ?? "";
  if (start > 1 && /[:：]\s*$/.test(before) && before.length < 200) start -= 1;
  const own = lines.slice(0, start).join("\n").trimEnd();
  // A message that is nothing but a quotation is shown whole.
  return own === "" ? { own: text, quote: "" } : { own, quote: lines.slice(start).join("\n").trim() };
}
