import { fuzzy } from "@web/state/fuzzy";
import { parametersOf, queryOf, sortOf } from "@web/state/list";
import { formatTerms, parseTerms, quote, suggest } from "@web/state/query";
import { everything } from "@web/state/route";
import { fill, matching, unfilled } from "@web/text/canned";
import { ticket } from "./support";

describe("the words of a search", () => {
  test("are cut at spaces, except in quotes", () => {
    const terms = parseTerms('is:late -tag:"VIP customer",refund  4711 field.cause:size "open quote');
    expect(terms.map((term) => [term.not, term.key, term.value])).toEqual([
      [false, "is", "late"], [true, "tag", "VIP customer,refund"], [false, "", "4711"], [false, "field.cause", "size"], [false, "", "open quote"],
    ]);
    expect(formatTerms(terms)).toBe('is:late -tag:"VIP customer",refund 4711 field.cause:size "open quote');
  });
  test("survive anything that is typed", () => {
    for (const text of ["", "   ", ":", "-", '"', "a:", "::", "-:x", '"""', "ключ:значение", "\u0000"]) expect(formatTerms(parseTerms(text)).trim()).toBe(text.trim().replace(/\s+/g, " "));
  });
  test("get quotes where a value has spaces", () => {
    expect(quote("VIP customer")).toBe('"VIP customer"');
    expect(quote("refund")).toBe("refund");
  });
  test("are completed: keys first, then what the workspace has", () => {
    expect(suggest("pri", {}, {}).map((one) => one.text)).toEqual(["priority:"]);
    expect(suggest("-ta", {}, {}).map((one) => one.text)).toEqual(["-tag:"]);
    expect(suggest("tag:re", { tag: ["refund", "Returns desk", "vip"] }, {}).map((one) => one.text)).toEqual(["tag:refund", 'tag:"Returns desk"']);
    expect(suggest("channel:email,ch", {}, {}).map((one) => one.text)).toEqual(["channel:email,chat"]);
  });
});

describe("a filter", () => {
  test("is one query, in which a state that was typed stands in place of the chosen one", () => {
    expect(queryOf({ ...everything, assignee: "me", q: "is:late" })).toBe("state:new,open,waiting_customer,waiting_third_party,snoozed assignee:me is:late");
    expect(queryOf({ ...everything, q: "state:closed" })).toBe("state:closed");
    expect(queryOf({ ...everything, scope: "all" })).toBe("");
  });
  test("comes in working order where there is work to do", () => {
    expect(sortOf(everything)).toBe("working_order");
    expect(sortOf({ ...everything, scope: "resolved" })).toBe("updated");
    expect(sortOf({ ...everything, sort: "newest" })).toBe("newest");
    expect(parametersOf({ ...everything, sort: "newest" })).toMatchObject({ state: "new,open,waiting_customer,waiting_third_party,snoozed", sort: "newest" });
  });
});

describe("letters in their order", () => {
  const best = (typed: string, ...texts: string[]) => texts.map((text) => [text, fuzzy(typed, text)] as const).filter((one) => one[1] !== null).sort((a, b) => b[1]! - a[1]!)[0]?.[0];
  test("are found, best at the beginnings of words", () => {
    expect(best("asme", "Assign to me", "Assign…", "Last message")).toBe("Assign to me");
    expect(best("res", "Figures", "Resolve", "Colours: As the system")).toBe("Resolve");
    expect(best("xyz", "Resolve")).toBeUndefined();
    expect(best("ÜB", "Übergeben")).toBe("Übergeben");
  });
});

describe("ready-made answers", () => {
  const reply = (id: string, language: string, shortcut: string, name = id) => ({ id, name, language, shortcut, text: "" });
  test("come in the conversation's language first", () => {
    const all = [reply("en", "en", "label"), reply("de", "de", "label"), reply("any", "und", "label"), reply("at", "de-AT", "label"), reply("other", "de", "sent")];
    expect(matching(all, "lab", "de").map((one) => one.id)).toEqual(["de", "at", "any", "en"]);
    expect(matching(all, "", "de").map((one) => one.id)[0]).toBe("de");
  });
  test("are filled, and what nothing is known for stays to be seen", () => {
    const text = fill("Hello {{customer.name}}, {{ ticket.number }}: {{order.number}}. {{agent.name}}", { ticket: ticket("c"), agent: "Ada" });
    expect(text).toBe("Hello Jürgen Weiß, 4711: {{order.number}}. Ada");
    expect(unfilled(text)).toEqual(["{{order.number}}"]);
    expect(fill("{{customer.name}}", { ticket: ticket("c", { personal: "erased", requester: { id: null, name: null } }), agent: "Ada" })).toBe("{{customer.name}}");
  });
});
