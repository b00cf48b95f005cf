import { createTicketList, parametersOf } from "@web/state/list";
import { everything } from "@web/state/route";
import { answering, ticket } from "./support";

function given(...ids: string[]) {
  let now = ids;
  let held = false;
  const client = answering({
    "/v1/conversations": (query) => {
      const from = Number(query.after ?? 0);
      const limit = Number(query.limit);
      const more = from + limit < now.length;
      return {
        data: now.slice(from, from + limit).map((id) => ticket(id, { preview: `${id} of ${now.length}` })),
        page: { has_more: more, next: more ? String(from + limit) : null },
      };
    },
  });
  const list = createTicketList(client, () => held);
  list.show(everything);
  return {
    list, client,
    serve: (...next: string[]) => (now = next),
    hold: (value: boolean) => (held = value),
  };
}
const many = (count: number) => Array.from({ length: count }, (_, at) => `c${at}`);

test("a list shows what the server has, in its order", async () => {
  const { list } = given("a", "b");
  expect(list.status.value).toBe("loading");
  await list.refresh();
  expect(list.order.value).toEqual(["a", "b"]);
  expect(list.status.value).toBe("ready");
});

test("rows stay where they are while somebody is at the list, and news are counted", async () => {
  const { list, serve, hold } = given("a", "b");
  await list.refresh();
  hold(true);
  serve("new", "b", "a");
  await list.refresh();
  expect(list.order.value).toEqual(["a", "b"]);
  expect(list.news.value).toBe(1);
  // What a row says is never held back.
  expect(list.ticket("a")!.value.preview).toBe("a of 3");
  list.apply();
  expect(list.order.value).toEqual(["new", "b", "a"]);
  expect(list.news.value).toBe(0);
});

test("a held row that left the view is marked, and goes when the list is let go", async () => {
  const { list, serve, hold } = given("a", "b");
  await list.refresh();
  hold(true);
  serve("b");
  await list.refresh();
  expect([...list.gone.value]).toEqual(["a"]);
  hold(false);
  await list.refresh();
  expect(list.order.value).toEqual(["b"]);
  expect(list.ticket("a")).toBeUndefined();
});

test("a row whose ticket has not changed is not drawn again", async () => {
  const { list } = given("a");
  await list.refresh();
  const before = list.ticket("a")!.value;
  await list.refresh();
  expect(list.ticket("a")!.value).toBe(before);
});

test("scrolling reads on, and a refresh covers what was read", async () => {
  const { list, serve } = given(...many(120));
  await list.refresh();
  expect(list.order.value).toHaveLength(50);
  await list.more();
  await list.more();
  expect(list.order.value).toHaveLength(120);
  expect(list.hasMore.value).toBe(false);
  serve("first", ...many(119));
  await list.refresh();
  expect(list.order.value).toHaveLength(120);
  expect(list.order.value[0]).toBe("first");
});

test("beyond one page of refresh the rest of a long list stays as it was read", async () => {
  const { list, serve } = given(...many(300));
  await list.refresh();
  for (let page = 0; page < 5; ++page) await list.more();
  expect(list.order.value).toHaveLength(300);
  serve("first", ...many(300));
  await list.refresh();
  expect(list.order.value[0]).toBe("first");
  expect(list.order.value).toContain("c299");
  expect(new Set(list.order.value).size).toBe(list.order.value.length);
});

test("another filter starts anew, and a late answer to the old one is ignored", async () => {
  const { list, serve } = given("a");
  const late = list.refresh();
  list.show({ ...everything, scope: "resolved" });
  serve("z");
  await late;
  expect(list.order.value).toEqual([]);
  await list.refresh();
  expect(list.order.value).toEqual(["z"]);
});

test("a first read that fails is a failure; a later one leaves what was shown", async () => {
  let down = true;
  const client = answering({
    "/v1/conversations": () => {
      if (down) throw new Error("down");
      return { data: [ticket("a")], page: { has_more: false, next: null } };
    },
  });
  const list = createTicketList(client, () => false);
  list.show(everything);
  await list.refresh().catch(() => undefined);
  expect(list.status.value).toBe("failed");
  down = false;
  await list.refresh();
  expect(list.status.value).toBe("ready");
  down = true;
  await list.refresh().catch(() => undefined);
  expect(list.status.value).toBe("ready");
  expect(list.order.value).toEqual(["a"]);
});

test("what is over comes latest change first, what is active in working order", () => {
  expect(parametersOf(everything)).toEqual({});
  expect(parametersOf({ ...everything, scope: "resolved" })).toEqual({ state: "resolved", sort: "updated" });
  expect(parametersOf({ ...everything, scope: "all" })).toEqual({ sort: "updated" });
});

test("what the server tells changes rows at once and counts what is new, like a read", async () => {
  const { list, hold } = given("a", "b");
  await list.refresh();
  hold(true);
  list.push({ upserts: [ticket("new"), ticket("a", { preview: "told" })], removes: ["b"], order: ["new", "a"] });
  expect(list.ticket("a")!.value.preview).toBe("told");
  expect(list.order.value).toEqual(["a", "b"]);
  expect(list.news.value).toBe(1);
  expect([...list.gone.value]).toEqual(["b"]);
  hold(false);
  list.push({ order: ["new", "a"] });
  expect(list.order.value).toEqual(["new", "a"]);
});

test("rows further down than any that is shown are not news", async () => {
  const ids = many(120);
  const { list } = given(...ids);
  await list.refresh();
  expect(list.order.value).toHaveLength(50);
  list.push({ upserts: ids.map((id) => ticket(id)), order: ids });
  expect(list.news.value).toBe(0);
  expect(list.order.value).toHaveLength(50);
  list.push({ upserts: [ticket("top")], order: ["top", ...ids] });
  expect(list.order.value[0]).toBe("top");
  expect(list.order.value).toHaveLength(51);
});

test("a read that was under way when the server told something newer does not undo it", async () => {
  let answer: (value: unknown) => void = () => undefined;
  const client = answering({ "/v1/conversations": () => new Promise((resolve) => (answer = resolve)) });
  const list = createTicketList(client, () => false);
  list.show(everything);
  const first = list.refresh();
  answer({ data: [ticket("a")], page: { has_more: false, next: null } });
  await first;
  const late = list.refresh();
  list.push({ upserts: [ticket("b")], order: ["b", "a"] });
  answer({ data: [ticket("a")], page: { has_more: false, next: null } });
  await late;
  expect(list.order.value).toEqual(["b", "a"]);
});

test("a row that neither a read nor what was told has brought is asked for", async () => {
  const { list } = given("a");
  expect(list.push({ upserts: [ticket("a")], order: ["a"] })).toBe(false);
  await list.refresh();
  expect(list.push({ upserts: [ticket("b")], order: ["b", "a"] })).toBe(true);
  // The snapshot told of "missed", and the read that it asked for was overtaken by this change.
  expect(list.push({ upserts: [], order: ["b", "missed", "a"] })).toBe(false);
  expect(list.order.value).toEqual(["b", "a"]);
});
