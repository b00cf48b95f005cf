import { Problem, type CommandOptions } from "@web/api/client";
import { createDrafts } from "@web/state/drafts";
import { createOutbox, type Letter } from "@web/state/outbox";
import { answering, memoryStorage } from "./support";

interface Call {
  path: string;
  body: unknown;
  key: string | undefined;
  options: CommandOptions;
  answer: (value: unknown) => void;
  refuse: (cause: unknown) => void;
}

const letter = (text: string, members: Partial<Letter> = {}): Letter => ({ text, attachments: [], mentions: [], seenVersion: null, holdUntil: null, ...members });

function given(storage = memoryStorage()) {
  const calls: Call[] = [];
  let keys = 0;
  const client = answering({}, ((path: string, body: unknown, options: CommandOptions = {}) =>
    new Promise((answer, refuse) => calls.push({ path, body, key: options.key, options, answer, refuse }))) as never);
  const outbox = createOutbox({
    client, storage, newKey: () => `key-${++keys}`, now: () => 0, onSent: () => undefined, onFailed: () => undefined,
    onChanged: () => undefined,
  });
  return { outbox, calls, storage };
}
/** Lets the promises that are due settle. */
const settle = () => new Promise((resolve) => setTimeout(resolve));

function drafting(kept: unknown = null) {
  const storage = memoryStorage();
  const sent: unknown[] = [];
  const due: (() => void)[] = [];
  const needs = {
    storage,
    client: {
      read: async () => {
        if (kept === null) throw new Problem(404, "not_found", "None.", "", "", null);
        return kept as never;
      },
      command: async (_: string, body: unknown) => {
        sent.push(body);
        return undefined as never;
      },
    },
    setTimeout: (run: () => void) => due.push(run) - 1,
    clearTimeout: (timer: number | undefined) => {
      if (timer !== undefined) due[timer] = () => undefined;
    },
  };
  return { drafts: createDrafts(needs), again: () => createDrafts(needs), storage, sent, pause: () => due.splice(0).forEach((run) => run()) };
}

describe("drafts", () => {
  test("are kept per conversation and kind, over a reload", () => {
    const { drafts, again } = drafting();
    drafts.write("a", "reply", "Guten Tag");
    drafts.write("a", "note", "secret");
    expect(again().of("a", "reply").value).toBe("Guten Tag");
    expect(again().of("a", "note").value).toBe("secret");
    expect(again().of("b", "reply").value).toBe("");
    expect(again().has("a")).toBe(true);
    expect(again().has("b")).toBe(false);
  });

  test("leave nothing behind when emptied or cleared", () => {
    const { drafts, storage } = drafting();
    drafts.write("a", "reply", "x");
    drafts.write("a", "reply", "");
    drafts.write("b", "note", "y");
    drafts.clear();
    expect(storage.length).toBe(0);
    expect(drafts.of("b", "note").value).toBe("");
  });

  test("go to the server when the typing pauses, once, and are dropped there when emptied", async () => {
    const { drafts, sent, pause } = drafting();
    for (const text of ["G", "Gu", "Guten Tag"]) drafts.write("a", "reply", text);
    pause();
    await settle();
    expect(sent).toEqual([{ text: "Guten Tag", kind: "reply" }]);
    drafts.write("a", "reply", "Guten Tag");
    pause();
    await settle();
    expect(sent).toHaveLength(1);
    drafts.write("a", "reply", "");
    pause();
    await settle();
    expect(sent[1]).toEqual({ text: "", kind: "reply" });
  });

  test("come from the server, unless something newer is typed here", async () => {
    const { drafts, again } = drafting({ text: "from elsewhere", kind: "note", updated_at: "" });
    expect(await drafts.fetch("a")).toBe("note");
    expect(drafts.of("a", "note").value).toBe("from elsewhere");
    const other = again();
    other.write("b", "note", "typed here");
    expect(await other.fetch("b")).toBe(null);
    expect(other.of("b", "note").value).toBe("typed here");
  });
});

describe("the outbox", () => {
  test("sends in order within a conversation, at once across conversations", async () => {
    const { outbox, calls } = given();
    outbox.send("a", "reply", letter("one"));
    outbox.send("a", "reply", letter("two"));
    outbox.send("b", "note", letter("three"));
    expect(calls.map((call) => call.body)).toEqual([{ text: "one" }, { text: "three" }]);
    calls[0]!.answer({ id: "msg_1", position: "1:0:1" });
    await settle();
    expect(calls.map((call) => call.body)).toEqual([{ text: "one" }, { text: "three" }, { text: "two" }]);
    expect(calls[0]!.path).toBe("/v1/conversations/a/reply");
  });

  test("shows a sent message until the timeline has it", async () => {
    const { outbox, calls } = given();
    outbox.send("a", "reply", letter("one"));
    calls[0]!.answer({ id: "msg_1" });
    await settle();
    expect(outbox.items.value[0]).toMatchObject({ state: "sent", messageId: "msg_1" });
    expect(outbox.pending.value).toBe(0);
    outbox.seen(new Set(["msg_0"]));
    expect(outbox.items.value).toHaveLength(1);
    outbox.seen(new Set(["msg_1"]));
    expect(outbox.items.value).toHaveLength(0);
  });

  test("says that a message waits while it is tried again", () => {
    const { outbox, calls } = given();
    outbox.send("a", "reply", letter("one"));
    calls[0]!.options.onRetry?.(new Error("reset"));
    expect(outbox.items.value[0]!.state).toBe("waiting");
    expect(outbox.pending.value).toBe(1);
  });

  test("keeps a refused message, and tries it again under its key", async () => {
    const { outbox, calls } = given();
    outbox.send("a", "reply", letter("one"));
    calls[0]!.refuse(new Problem(409, "conversation.closed", "Closed.", "", "t", null));
    await settle();
    expect(outbox.items.value[0]).toMatchObject({ state: "failed", text: "one" });
    outbox.retry("key-1");
    expect(calls[1]!.key).toBe("key-1");
  });

  test("takes up after a reload what was not answered, under the same key", async () => {
    const storage = memoryStorage();
    const before = given(storage);
    before.outbox.send("a", "reply", letter("one"));
    const after = given(storage);
    expect(after.calls[0]).toMatchObject({ key: "key-1", body: { text: "one" } });
    after.calls[0]!.answer({ id: "msg_1" });
    await settle();
    expect(storage.length).toBe(0);
  });

  test("holds a reply until its time, and gives it back when asked", () => {
    const { outbox, calls } = given();
    outbox.send("a", "reply", letter("one", { holdUntil: 5000 }));
    outbox.tick(4999);
    expect(outbox.items.value[0]!.state).toBe("held");
    expect(outbox.pending.value).toBe(1);
    outbox.take("key-1");
    outbox.tick(6000);
    expect(calls).toHaveLength(0);
    outbox.send("a", "reply", letter("two", { holdUntil: 5000 }));
    outbox.tick(5000);
    expect(calls.map((call) => call.body)).toEqual([{ text: "two" }]);
  });

  test("holds on to what was held over a reload", () => {
    const storage = memoryStorage();
    given(storage).outbox.send("a", "reply", letter("one", { holdUntil: 5000 }));
    const after = given(storage);
    expect(after.outbox.items.value[0]!.state).toBe("held");
    expect(after.calls).toHaveLength(0);
    after.outbox.tick(5000);
    expect(after.calls[0]).toMatchObject({ key: "key-1" });
  });

  test("says which version was seen, and leaves it to the author when somebody wrote meanwhile", async () => {
    const { outbox, calls } = given();
    outbox.send("a", "reply", letter("one", { seenVersion: "7" }));
    outbox.send("a", "reply", letter("two", { seenVersion: "7" }));
    expect(calls[0]!.body).toEqual({ text: "one", seen_version: "7" });
    calls[0]!.refuse(new Problem(409, "conversation.changed_since", "Changed.", "", "t", null, [], { changes: [{ id: "msg_9" }] }));
    await settle();
    expect(outbox.items.value[0]).toMatchObject({ state: "changed", changes: [{ id: "msg_9" }] });
    expect(calls).toHaveLength(1);
    outbox.anyway("key-1");
    expect(calls[1]).toMatchObject({ key: "key-3", body: { text: "one", seen_version: "7", anyway: true } });
    // What the first one has brought is seen by whoever wrote the second.
    calls[1]!.answer({ id: "msg_10", version: "9" });
    await settle();
    expect(calls[2]!.body).toEqual({ text: "two", seen_version: "9" });
  });

  test("names files and colleagues", () => {
    const { outbox, calls } = given();
    outbox.send("a", "note", letter("look", { attachments: [{ id: "att_1", name: "a.png", type: "image/png", size: 3 }], mentions: ["agt_2"], seenVersion: "3" }));
    expect(calls[0]!.body).toEqual({ text: "look", attachments: [{ id: "att_1" }], mentions: ["agt_2"] });
  });
});
