import { createClient, Problem, retryAfter, Unreachable, withQuery, type Listener } from "@web/api/client";

interface Asked {
  path: string;
  init: RequestInit;
}

/** A client whose server answers from a list; `Error` in it is a network that fails. */
function given(...answers: (Response | Error)[]) {
  const asked: Asked[] = [];
  const pauses: number[] = [];
  const told: string[] = [];
  let keys = 0;
  const listener: Listener = {
    onReached: () => told.push("reached"),
    onUnreachable: () => told.push("unreachable"),
    onSignedOut: () => told.push("signed out"),
  };
  const client = createClient(
    {
      async fetch(path, init) {
        asked.push({ path, init });
        const answer = answers[Math.min(asked.length, answers.length) - 1]!;
        if (answer instanceof Error) throw answer;
        return answer.clone();
      },
      newKey: () => `key-${++keys}`,
      pause: async (ms) => void pauses.push(ms),
      now: () => 0,
    },
    listener,
  );
  const header = (at: number, name: string) => new Headers(asked[at]!.init.headers).get(name);
  return { client, asked, pauses, told, header };
}

const ok = (body: unknown) => new Response(JSON.stringify(body), { status: 200 });
const problem = (status: number, members: object = {}, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify({ title: "No.", status, code: "some.rule", trace_id: "abc", ...members }), { status, headers });

describe("a command", () => {
  test("carries a key and the header of the page", async () => {
    const { client, header } = given(ok({ position: "1:0:5" }));
    await client.command("/v1/conversations/c/note", { text: "x" });
    expect(header(0, "Idempotency-Key")).toBe("key-1");
    expect(header(0, "Parlance-Request")).toBe("page");
  });

  test("is tried again under the same key when the network fails", async () => {
    const { client, asked, header, told } = given(new Error("reset"), new Error("reset"), ok({ id: "msg_1" }));
    await expect(client.command("/v1/x", {})).resolves.toEqual({ id: "msg_1" });
    expect(asked).toHaveLength(3);
    expect([0, 1, 2].map((at) => header(at, "Idempotency-Key"))).toEqual(["key-1", "key-1", "key-1"]);
    expect(told).toEqual(["unreachable", "unreachable", "reached"]);
  });

  test("waits as long as a busy server says", async () => {
    const { client, pauses } = given(problem(503, {}, { "Retry-After": "3" }), ok({}));
    await client.command("/v1/x", {});
    expect(pauses).toEqual([3000]);
  });

  test("backs off further each time, and gives up in the end", async () => {
    const { client, pauses } = given(new Error("down"));
    await expect(client.command("/v1/x", {})).rejects.toBeInstanceOf(Unreachable);
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 15000, 15000]);
  });

  test("that the domain refuses is not tried again, and says what the server said", async () => {
    const { client, asked } = given(problem(409));
    const cause = await client.command("/v1/x", {}).catch((error: unknown) => error);
    expect(cause).toBeInstanceOf(Problem);
    expect(cause).toMatchObject({ status: 409, code: "some.rule", title: "No.", traceId: "abc" });
    expect(asked).toHaveLength(1);
  });
});

describe("a read", () => {
  test("that must see a position says so and outlasts a view that is behind", async () => {
    const { client, asked, header } = given(problem(503, { code: "view_behind" }, { "Retry-After": "0" }), ok({ id: "c" }));
    await client.read("/v1/conversations/c", {}, { atLeast: "1:3:42" });
    expect(header(0, "Parlance-At-Least")).toBe("1:3:42");
    expect(header(0, "Prefer")).toBe("wait=2");
    expect(asked).toHaveLength(2);
  });

  test("of a poll is tried once: the poller comes back by itself", async () => {
    const { client, asked } = given(new Error("down"));
    await expect(client.read("/v1/queues")).rejects.toBeInstanceOf(Unreachable);
    expect(asked).toHaveLength(1);
  });

  test("without a session tells so", async () => {
    const { client, told } = given(problem(401));
    await client.read("/v1/queues").catch(() => undefined);
    expect(told).toContain("signed out");
  });

  test("answered by something that is no problem document still has a title", async () => {
    const { client } = given(new Response("<html>Bad gateway</html>", { status: 502 }));
    await expect(client.read("/v1/queues")).rejects.toMatchObject({ title: "HTTP 502" });
  });
});

test("Retry-After is seconds or a date, and bounded", () => {
  expect(retryAfter("2", 0)).toBe(2000);
  expect(retryAfter("Thu, 01 Jan 1970 00:00:05 GMT", 1000)).toBe(4000);
  expect(retryAfter("86400", 0)).toBe(15000);
  expect(retryAfter("soon", 0)).toBe(null);
  expect(retryAfter(null, 0)).toBe(null);
});

test("a query leaves out what is not said", () => {
  expect(withQuery("/v1/conversations", { state: "new,open", queue: "", after: undefined })).toBe("/v1/conversations?state=new%2Copen");
  expect(withQuery("/v1/conversations", {})).toBe("/v1/conversations");
});
