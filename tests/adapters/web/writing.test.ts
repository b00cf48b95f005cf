import { Problem, type CommandOptions } from "@web/api/client";
import { createDrafts } from "@web/state/drafts";
import { createOutbox } from "@web/state/outbox";
import { answering, memoryStorage } from "./support";

interface Call {
  path: string;
  body: unknown;
  key: string | undefined;
  options: CommandOptions;
  answer: (value: unknown) => void;
  refuse: (cause: unknown) => void;
}

function given(storage = memoryStorage()) {
  const calls: Call[] = [];
  let keys = 0;
  const client = answering({}, ((path: string, body: unknown, options: CommandOptions = {}) =>
    new Promise((answer, refuse) => calls.push({ path, body, key: options.key, options, answer, refuse }))) as never);
  const outbox = createOutbox({
    client, storage, newKey: () => `key-${++keys}`, now: () => 0, onSent: () => undefined, onFailed: () => undefined,
  });
  return { outbox, calls, storage };
}
/** Lets the promises that are due settle. */
const settle = () => new Promise((resolve) => setTimeout(resolve));

describe("drafts", () => {
  test("are kept per conversation and kind, over a reload", () => {
    const storage = memoryStorage();
    const drafts = createDrafts(storage);
    drafts.write("a", "reply", "Guten Tag");
    drafts.write("a", "note", "secret");
    const again = createDrafts(storage);
    expect(again.of("a", "reply").value).toBe("Guten Tag");
    expect(again.of("a", "note").value).toBe("secret");
    expect(again.of("b", "reply").value).toBe("");
    expect(again.has("a")).toBe(true);
    expect(again.has("b")).toBe(false);
  });

  test("leave nothing behind when emptied or cleared", () => {
    const storage = memoryStorage();
    const drafts = createDrafts(storage);
    drafts.write("a", "reply", "x");
    drafts.write("a", "reply", "");
    drafts.write("b", "note", "y");
    drafts.clear();
    expect(storage.length).toBe(0);
    expect(drafts.of("b", "note").value).toBe("");
  });
});

describe("the outbox", () => {
  test("sends in order within a conversation, at once across conversations", async () => {
    const { outbox, calls } = given();
    outbox.send("a", "reply", "one");
    outbox.send("a", "reply", "two");
    outbox.send("b", "note", "three");
    expect(calls.map((call) => call.body)).toEqual([{ text: "one" }, { text: "three" }]);
    calls[0]!.answer({ id: "msg_1", position: "1:0:1" });
    await settle();
    expect(calls.map((call) => call.body)).toEqual([{ text: "one" }, { text: "three" }, { text: "two" }]);
    expect(calls[0]!.path).toBe("/v1/conversations/a/reply");
  });

  test("shows a sent message until the timeline has it", async () => {
    const { outbox, calls } = given();
    outbox.send("a", "reply", "one");
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
    outbox.send("a", "reply", "one");
    calls[0]!.options.onRetry?.(new Error("reset"));
    expect(outbox.items.value[0]!.state).toBe("waiting");
    expect(outbox.pending.value).toBe(1);
  });

  test("keeps a refused message, and tries it again under its key", async () => {
    const { outbox, calls } = given();
    outbox.send("a", "reply", "one");
    calls[0]!.refuse(new Problem(409, "conversation.closed", "Closed.", "", "t", null));
    await settle();
    expect(outbox.items.value[0]).toMatchObject({ state: "failed", text: "one" });
    outbox.retry("key-1");
    expect(calls[1]!.key).toBe("key-1");
  });

  test("takes up after a reload what was not answered, under the same key", async () => {
    const storage = memoryStorage();
    const before = given(storage);
    before.outbox.send("a", "reply", "one");
    const after = given(storage);
    expect(after.calls[0]).toMatchObject({ key: "key-1", body: { text: "one" } });
    after.calls[0]!.answer({ id: "msg_1" });
    await settle();
    expect(storage.length).toBe(0);
  });
});
