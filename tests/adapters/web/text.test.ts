import { arrange } from "@web/state/timeline";
import { everything, formatReports, formatRoute, parseRoute } from "@web/state/route";
import { actSentence } from "@web/text/acts";
import { firstResponseChip } from "@web/text/first_response";
import { age, hue, initials, isolate, langOf, plainDay, span } from "@web/text/format";
import { htmlToText, splitQuote } from "@web/text/plain";
import { localInput, snoozePresets } from "@web/text/snooze";
import type { Ticket } from "@web/api/types";
import { at, entry, start, ticket } from "./support";

const minute = 60_000;

describe("the first-response chip", () => {
  const chip = (members: Partial<Ticket["first_response"]>, minutes: number) =>
    firstResponseChip(ticket("c", { first_response: { state: "running", due_at: at(120), at: null, seconds: null, ...members } }), start + minutes * minute);

  test("is calm while there is time, urgent in the last quarter, late from the deadline on", () => {
    expect(chip({}, 0)?.level).toBe("ok");
    expect(chip({}, 89)?.level).toBe("ok");
    expect(chip({}, 90)?.level).toBe("soon");
    expect(chip({}, 119)?.level).toBe("soon");
    expect(chip({}, 120)?.level).toBe("late");
    expect(chip({}, 185)?.short).toBe("1h 5m late");
  });
  test("is urgent in the last ten minutes of a short one", () => {
    expect(chip({ due_at: at(30) }, 19)?.level).toBe("ok");
    expect(chip({ due_at: at(30) }, 20)?.level).toBe("soon");
  });
  test("tells an answer in time from a late one, and both from none", () => {
    expect(chip({ state: "met", at: at(5), seconds: 300 }, 500)).toMatchObject({ level: "met", long: "Answered in 5m" });
    expect(chip({ state: "breached", at: at(130), seconds: 7800 }, 500)).toMatchObject({ level: "late_met" });
    expect(chip({ state: "breached" }, 125)?.level).toBe("late");
    expect(chip({ state: "none", due_at: null }, 0)).toBe(null);
    expect(chip({ state: "withdrawn" }, 0)).toBe(null);
  });
});

describe("a message's markup", () => {
  test("becomes readable text", () => {
    expect(htmlToText("<p>Hi,</p><p>a <b>blue</b> one &amp; two<br>please</p>")).toBe("Hi,\n\na blue one & two\nplease");
    expect(htmlToText("<ul><li>one<li>two</ul>&#x1F600;&#228;")).toBe("• one\n• two\n😀ä");
  });
  test("loses scripts, styles, comments and handlers, closed or not", () => {
    expect(htmlToText("a<script>alert(1)</script>b<style>p{}</style>c<!-- x -->d")).toBe("abcd");
    expect(htmlToText("a<script>alert(1)")).toBe("a");
    expect(htmlToText('x<img src=x onerror="alert(1)>">y')).toBe("xy");
  });
  test("that was written as text stays text", () => {
    expect(htmlToText("1 &lt; 2 and &lt;script&gt;")).toBe("1 < 2 and <script>");
    expect(htmlToText("3 < 4")).toBe("3 < 4");
  });
});

describe("a quotation below a mail", () => {
  test("is folded with the line that introduces it", () => {
    expect(splitQuote("Danke!\n\nAm Freitag schrieb Ada:\n> Hallo\n> Jürgen")).toEqual({ own: "Danke!", quote: "Am Freitag schrieb Ada:\n> Hallo\n> Jürgen" });
    expect(splitQuote("谢谢\n周五 Ada 写道：\n> 您好")).toEqual({ own: "谢谢", quote: "周五 Ada 写道：\n> 您好" });
  });
  test("stays where there is nothing else, and where the text goes on below it", () => {
    expect(splitQuote("> only this")).toEqual({ own: "> only this", quote: "" });
    expect(splitQuote("> you asked\nmy answer")).toEqual({ own: "> you asked\nmy answer", quote: "" });
    expect(splitQuote("no quote")).toEqual({ own: "no quote", quote: "" });
  });
});

describe("a timeline", () => {
  test("has its days, its runs of one author and its acts together", () => {
    const blocks = arrange([
      entry("o", "opened"),
      entry("1", "message", { direction: "in", actor: { kind: "customer", id: "s", name: "J" }, at: at(0) }),
      entry("2", "message", { direction: "in", actor: { kind: "customer", id: "s", name: "J" }, at: at(1) }),
      entry("3", "message", { direction: "in", actor: { kind: "customer", id: "s", name: "J" }, at: at(9) }),
      entry("a", "assigned", { at: at(10) }),
      entry("b", "snoozed", { at: at(11) }),
      entry("4", "note", { at: at(12) }),
      entry("5", "message", { direction: "out", at: at(60 * 30) }),
    ]);
    expect(blocks.map((block) => (block.is === "message" ? `${block.key}${block.first ? "!" : ""}` : block.is === "acts" ? block.entries.map((one) => one.id).join("+") : "day"))).toEqual([
      "day", "o", "1!", "2", "3!", "a+b", "4!", "day", "5!",
    ]);
  });

  test("says what an act was", () => {
    const say = (kind: string, details: Record<string, unknown> = {}) => actSentence(entry("x", kind, { details }), "agt_me", start).replace(/[\u2068\u2069]/g, "");
    expect(say("assigned", { agent: { id: "agt_2", name: "Kim" } })).toBe("Ada assigned this to Kim");
    expect(say("assigned", { agent: { id: "agt_1", name: "Ada" } })).toBe("Ada took this on");
    expect(say("priority_changed", { from: "normal", to: "urgent" })).toBe("Ada changed the priority from Normal to Urgent");
    expect(say("waiting", { for: "third_party" })).toBe("Ada set this to waiting for a third party");
    expect(say("something_new")).toBe("Ada: something new");
    expect(actSentence(entry("x", "resolved", { actor: { kind: "agent", id: "agt_me", name: "Me" } }), "agt_me", start)).toBe(`${isolate("You")} resolved this`);
  });
});

describe("an address", () => {
  test("comes back from what was made of it", () => {
    const filter = { scope: "snoozed", queue: "que_1", assignee: "me", q: 'tag:"VIP customer" -lang:de', sort: "newest" } as const;
    const look = { at: "12", tab: "note" } as const;
    expect(parseRoute(formatRoute("cnv_1", filter, look))).toEqual({ page: "conversations", id: "cnv_1", filter, look });
    expect(formatRoute(null, everything)).toBe("#/conversations");
    expect(parseRoute(formatReports("agent", "Asia/Tokyo"))).toEqual({ page: "reports", by: "agent", zone: "Asia/Tokyo", list: "", key: "" });
    expect(parseRoute(formatReports("queue", "", "resolved", "que_1"))).toMatchObject({ list: "resolved", key: "que_1" });
    expect(parseRoute("#/settings/queues")).toEqual({ page: "settings", section: "queues" });
  });
  test("names nobody: a term that leads to a person is left out of it", () => {
    expect(formatRoute(null, { ...everything, q: "is:late from:ada@example.org order:40317" })).toBe("#/conversations?q=is%3Alate");
  });
  test("takes no version that is none", () => {
    expect(parseRoute("#/conversations/cnv_1?at=now")).toMatchObject({ look: { at: null, tab: "reply" } });
  });
  test("that is none, is the list", () => {
    expect(parseRoute("")).toMatchObject({ page: "conversations", id: null });
    expect(parseRoute("#/conversations?state=nonsense")).toMatchObject({ filter: { scope: "active" } });
    expect(parseRoute("#/conversations/%E0%A4%A")).toMatchObject({ id: "%E0%A4%A" });
  });
  test("of a sign-in link holds the token", () => {
    expect(parseRoute("#/sign-in/abc-DEF_123")).toEqual({ page: "sign-in", token: "abc-DEF_123" });
  });
});

describe("words and numbers", () => {
  test("ages and spans", () => {
    expect([10_000, 5 * minute, 90 * minute, 26 * 60 * minute].map((ms) => age(start - ms, start))).toEqual(["now", "5m", "2h", "1d"]);
    expect([45_000, 12 * minute, 200 * minute, 52 * 60 * minute].map(span)).toEqual(["45s", "12m", "3h 20m", "2d 4h"]);
  });
  test("initials in several scripts", () => {
    expect(["Jürgen Weiß", "王小明", "ليلى الحداد", "ana@example.org", "", "👋 Maya"].map(initials)).toEqual(["JW", "王", "ل", "AO", "", "M"]);
  });
  test("a person keeps a colour", () => {
    expect(hue("sub_1")).toBe(hue("sub_1"));
    expect(hue("sub_1")).toBeLessThan(8);
  });
  test("lang is a tag or nothing", () => {
    expect(["de", "zh-Hant", "und", "", 'x" onload="', null].map(langOf)).toEqual(["de", "zh-Hant", undefined, undefined, undefined, undefined]);
  });
  test("a day without a time does not slip", () => {
    expect(plainDay("2026-11-22")).toContain("22");
    expect(plainDay("someday")).toBe("someday");
  });
});

describe("snooze presets", () => {
  const local = (text: string) => new Date(text).getTime();
  const offered = (text: string) => snoozePresets(local(text)).map((preset) => [preset.id, localInput(preset.until)]);
  test("on a Wednesday morning", () => {
    expect(offered("2026-11-18T10:05")).toEqual([
      ["later_today", "2026-11-18T13:15"], ["tomorrow", "2026-11-19T09:00"], ["next_week", "2026-11-23T09:00"],
    ]);
  });
  test("late in the evening there is no later today", () => {
    expect(offered("2026-11-18T22:30").map(([id]) => id)).toEqual(["tomorrow", "next_week"]);
  });
  test("on a Sunday tomorrow is next week", () => {
    expect(offered("2026-11-22T10:00").map(([id]) => id)).toEqual(["later_today", "tomorrow"]);
  });
});
