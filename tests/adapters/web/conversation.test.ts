import { Problem } from "@web/api/client";
import type { Entry, Ticket } from "@web/api/types";
import { createConversation } from "@web/state/conversation";
import { answering, entry, ticket } from "./support";

function given(count: number) {
  const server = { ticket: ticket("c", { version: String(count) }), entries: Array.from({ length: count }, (_, at) => entry(`e${at}`, "message", { text: `${at}` })) };
  const arrived: string[] = [];
  const client = answering({
    "/v1/conversations/c": () => ({ ...server.ticket }),
    "/v1/conversations/c/timeline": (query) => {
      const from = Number(query.after ?? 0);
      const limit = Number(query.limit);
      const more = from + limit < server.entries.length;
      return { data: server.entries.slice(from, from + limit), page: { has_more: more, next: more ? String(from + limit) : null } };
    },
    "/v1/conversations/gone": () => {
      throw new Problem(404, "not_found", "No such conversation.", "", "t", null);
    },
  });
  const conversation = createConversation({ client, onTicket: () => undefined, onArrived: (entries) => arrived.push(...entries.map((one) => one.id)) });
  const append = (one: Entry, members: Partial<Ticket> = {}) => {
    server.entries.push(one);
    Object.assign(server.ticket, { version: String(server.entries.length), ...members });
  };
  return { conversation, client, server, append, arrived };
}
const timelineReads = (reads: string[]) => reads.filter((path) => path.endsWith("timeline")).length;

test("the whole timeline is read, page after page", async () => {
  const { conversation } = given(450);
  conversation.open("c");
  await conversation.refresh();
  expect(conversation.entries.value).toHaveLength(450);
  expect(conversation.hasMore.value).toBe(false);
  expect(conversation.status.value).toBe("ready");
});

test("a very long one is read as far as asked", async () => {
  const { conversation } = given(5300);
  conversation.open("c");
  await conversation.refresh();
  expect(conversation.entries.value).toHaveLength(5000);
  expect(conversation.hasMore.value).toBe(true);
  await conversation.refresh("1:0:1");
  expect(conversation.entries.value).toHaveLength(5000);
  await conversation.more();
  expect(conversation.entries.value).toHaveLength(5300);
  expect(conversation.entries.value[5299]!.id).toBe("e5299");
});

test("a refresh without a change reads the ticket alone", async () => {
  const { conversation, client } = given(3);
  conversation.open("c");
  await conversation.refresh();
  const before = timelineReads(client.reads);
  await conversation.refresh();
  expect(timelineReads(client.reads)).toBe(before);
});

test("what arrives is appended and told; what was there keeps its object", async () => {
  const { conversation, append, arrived } = given(3);
  conversation.open("c");
  await conversation.refresh();
  const first = conversation.entries.value[0];
  append(entry("new", "message", { direction: "in" }));
  await conversation.refresh();
  expect(conversation.entries.value.map((one) => one.id)).toEqual(["e0", "e1", "e2", "new"]);
  expect(conversation.entries.value[0]).toBe(first);
  expect(arrived).toEqual(["new"]);
});

test("erased text changes entries of any age", async () => {
  const { conversation, server } = given(250);
  conversation.open("c");
  await conversation.refresh();
  server.entries[0] = { ...server.entries[0]!, text: null, personal: "erased", erased_on: "2026-11-22" };
  server.ticket.personal = "erased";
  await conversation.refresh();
  expect(conversation.entries.value[0]!.personal).toBe("erased");
  expect(conversation.entries.value).toHaveLength(250);
});

test("a conversation that is not there says so", async () => {
  const { conversation } = given(0);
  conversation.open("gone");
  await conversation.refresh().catch(() => undefined);
  expect(conversation.status.value).toBe("missing");
});

test("the answer for a conversation left meanwhile is ignored", async () => {
  const { conversation } = given(3);
  conversation.open("c");
  const late = conversation.refresh();
  conversation.open(null);
  await late;
  expect(conversation.ticket.value).toBe(null);
  expect(conversation.entries.value).toEqual([]);
});

/** A conversation of one entry, whose timeline is answered as it was when it was asked for, but only when `answer` is called. */
function slow() {
  const server = { ticket: ticket("c", { version: "1" }), entries: [entry("e0", "message", { text: "0" })], slow: false };
  let held: (() => void) | null = null;
  const client = answering({
    "/v1/conversations/c": () => ({ ...server.ticket }),
    "/v1/conversations/c/timeline": () => {
      const answer = { data: [...server.entries], page: { has_more: false, next: null } };
      return server.slow ? new Promise((resolve) => (held = () => resolve(answer))) : answer;
    },
  });
  const conversation = createConversation({ client, onTicket: () => undefined, onArrived: () => undefined });
  conversation.open("c");
  const happen = (name: string) => {
    server.entries.push(entry(name, "message", { text: name }));
    server.ticket = ticket("c", { version: String(server.entries.length) });
    return { ticket: { ...server.ticket }, items: [server.entries.at(-1)!] };
  };
  const settle = async (until: () => boolean) => {
    for (let i = 0; i < 50 && !until(); ++i) await Promise.resolve();
  };
  const asked = () => settle(() => held !== null);
  return { conversation, server, happen, settle, asked, answer: () => held!() };
}

test("what is told while the timeline is read neither loses what the read brings nor is lost by it", async () => {
  const { conversation, server, happen, asked, answer } = slow();
  await conversation.refresh();
  happen("e1");
  server.slow = true;
  const late = conversation.refresh();
  await asked();
  server.slow = false;
  conversation.push(happen("e2"));
  answer();
  await late;
  expect(conversation.entries.value.map((one) => one.id)).toEqual(["e0", "e1", "e2"]);
});

test("what is told before the first read is answered is read after it", async () => {
  const { conversation, server, happen, settle, asked, answer } = slow();
  server.slow = true;
  const first = conversation.refresh();
  await asked();
  server.slow = false;
  conversation.push(happen("e1"));
  answer();
  await first;
  await settle(() => conversation.entries.value.length === 2);
  expect(conversation.entries.value.map((one) => one.id)).toEqual(["e0", "e1"]);
});
