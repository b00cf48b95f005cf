import { createLive, type Socket } from "@web/state/live";

function given() {
  const sockets: (Socket & { sent: { op: string; id?: string; [member: string]: unknown }[]; closed: boolean })[] = [];
  let time = 0;
  let timers: { at: number; run: () => void; id: number }[] = [];
  let ids = 0;
  const live = createLive({
    connect() {
      const socket = { sent: [] as never[], closed: false, send: (text: string) => void socket.sent.push(JSON.parse(text) as never), close: () => void (socket.closed = true), onopen: null, onmessage: null, onclose: null };
      sockets.push(socket);
      return socket;
    },
    setTimeout(run, ms) {
      timers.push({ at: time + ms, run, id: ++ids });
      return ids;
    },
    clearTimeout: (timer) => void (timers = timers.filter((one) => one.id !== timer)),
    now: () => time,
  });
  const last = () => sockets[sockets.length - 1]!;
  return {
    live, sockets, last,
    open: () => last().onopen?.(undefined as never),
    tell: (message: object | string) => last().onmessage?.({ data: typeof message === "string" ? message : JSON.stringify(message) }),
    lose: () => last().onclose?.(undefined as never),
    /** Lets the time go on, timers due on the way included. */
    wait(ms: number) {
      const until = time + ms;
      for (;;) {
        const next = timers.filter((one) => one.at <= until).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        time = next.at;
        timers = timers.filter((one) => one !== next);
        next.run();
      }
      time = until;
    },
  };
}

test("what is subscribed to before the connection stands is asked for when it does, and again after each loss", () => {
  const { live, open, last, lose, wait, tell } = given();
  const told: string[] = [];
  const subscription = live.subscribe({ what: "queues" }, (kind) => told.push(kind));
  live.start();
  open();
  expect(last().sent[0]).toMatchObject({ op: "subscribe", what: "queues" });
  expect(subscription.on.value).toBe(false);
  tell({ op: "snapshot", id: last().sent[0]!.id, data: {} });
  expect(subscription.on.value).toBe(true);
  lose();
  expect(subscription.on.value).toBe(false);
  expect(live.state.value).toBe("connecting");
  wait(1000);
  open();
  expect(last().sent[0]).toMatchObject({ op: "subscribe", what: "queues" });
  expect(told).toEqual(["snapshot"]);
});

test("a server without that door is asked less and less often", () => {
  const { live, sockets, lose, wait } = given();
  live.start();
  for (let at = 0; at < 9; ++at) {
    lose();
    wait(60_000);
  }
  expect(sockets.length).toBe(10);
  lose();
  wait(59_999);
  expect(sockets.length).toBe(10);
});

test("a connection that says nothing any more is given up", () => {
  const { live, open, sockets, wait, tell } = given();
  live.start();
  open();
  wait(30_000);
  tell({ op: "pong" });
  wait(30_000);
  expect(sockets.length).toBe(1);
  wait(30_000);
  expect(sockets[0]!.closed).toBe(true);
  expect(sockets.length).toBeGreaterThan(1);
});

test("a refused subscription is off, so that polling goes on for it", () => {
  const { live, open, last, tell } = given();
  const subscription = live.subscribe({ what: "list", q: "nonsense" }, () => undefined);
  live.start();
  open();
  const { id } = last().sent[0]!;
  tell({ op: "snapshot", id, data: {} });
  tell({ op: "error", id, code: "invalid", detail: "" });
  expect(subscription.on.value).toBe(false);
});

test("who is at a conversation is told, and what is no message of ours is ignored", () => {
  const { live, open, tell } = given();
  live.start();
  open();
  for (const noise of ["", "{", "null", "[]", '{"op":"viewers"}', '{"op":"change","id":"s99"}', '{"op":"new thing"}']) {
    tell(noise);
  }
  tell({ op: "viewers", conversation: "c", data: [{ agent: { id: "a", name: "Kim" }, state: "typing" }, { agent: { id: "b", name: "Li" }, state: "left" }, { state: "typing" }] });
  expect(live.viewers.value.get("c")).toEqual([{ agent: { id: "a", name: "Kim" }, state: "typing" }]);
  tell({ op: "viewers", conversation: "c", data: [] });
  expect(live.viewers.value.size).toBe(0);
});

test("a visit is told once, typing again and again, and leaving before the next", () => {
  const { live, open, last, wait } = given();
  live.start();
  open();
  live.watch("c", "viewing");
  live.watch("c", "viewing");
  live.watch("c", "typing");
  live.watch("c", "typing");
  wait(11_000);
  live.watch("c", "typing");
  live.watch("d", "viewing");
  live.watch(null, "viewing");
  expect(last().sent.filter((one) => one.op === "viewing").map((one) => `${one.conversation} ${one.state}`)).toEqual(["c viewing", "c typing", "c typing", "c left", "d viewing", "d left"]);
});
