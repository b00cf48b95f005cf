// The double's WebSocket: as much of RFC 6455 as a browser on the same machine needs (text frames, close, ping), and
// the subscriptions of the page over it.

import { createHash } from "node:crypto";

const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** `source`: snapshot(what) and change(what, before) of a subscription, and the agent a request comes from. */
export function createLive(source) {
  const clients = new Set();

  function frame(text) {
    const body = Buffer.from(text);
    const head = body.length < 126 ? Buffer.from([0x81, body.length]) : body.length < 65536 ? Buffer.from([0x81, 126, body.length >> 8, body.length & 255]) : Buffer.alloc(10);
    if (head.length === 10) {
      head[0] = 0x81;
      head[1] = 127;
      head.writeBigUInt64BE(BigInt(body.length), 2);
    }
    return Buffer.concat([head, body]);
  }

  function accept(request, socket) {
    const key = request.headers["sec-websocket-key"];
    const agent = source.agentOf(request);
    if (agent === null || key === undefined) {
      socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    socket.write([
      "HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Protocol: parlance.v1",
      `Sec-WebSocket-Accept: ${createHash("sha1").update(key + guid).digest("base64")}`, "", "",
    ].join("\r\n"));
    const client = { socket, agent, subscriptions: new Map(), viewing: new Map(), send: (message) => socket.write(frame(JSON.stringify(message))) };
    clients.add(client);
    let kept = Buffer.alloc(0);
    socket.on("data", (part) => {
      kept = Buffer.concat([kept, part]);
      for (;;) {
        if (kept.length < 6) return;
        let length = kept[1] & 127;
        let at = 2;
        if (length === 126) {
          length = kept.readUInt16BE(2);
          at = 4;
        } else if (length === 127) {
          length = Number(kept.readBigUInt64BE(2));
          at = 10;
        }
        if (kept.length < at + 4 + length) return;
        const mask = kept.subarray(at, at + 4);
        const body = Buffer.from(kept.subarray(at + 4, at + 4 + length).map((byte, index) => byte ^ mask[index % 4]));
        const op = kept[0] & 15;
        kept = kept.subarray(at + 4 + length);
        if (op === 8) return socket.end(Buffer.from([0x88, 0]));
        if (op === 1) hear(client, JSON.parse(body.toString()));
      }
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clients.delete(client);
      for (const conversation of client.viewing.keys()) tellViewers(conversation);
    });
  }

  function hear(client, message) {
    if (message.op === "ping") return client.send({ op: "pong" });
    if (message.op === "subscribe") {
      const { op: _, id, ...what } = message;
      try {
        client.subscriptions.set(id, { what, memory: source.remember(what) });
        client.send({ op: "snapshot", id, cursor: "1", data: source.snapshot(what) });
      } catch (cause) {
        client.subscriptions.delete(id);
        client.send({ op: "error", id, code: "invalid", detail: cause.message });
      }
      for (const conversation of new Set([...clients].flatMap((one) => [...one.viewing.keys()]))) tell(client, conversation);
    } else if (message.op === "unsubscribe") {
      client.subscriptions.delete(message.id);
    } else if (message.op === "viewing") {
      if (message.state === "left") client.viewing.delete(message.conversation);
      else client.viewing.set(message.conversation, message.state);
      tellViewers(message.conversation);
    }
  }

  const viewersOf = (conversation) => [...clients].filter((one) => one.viewing.has(conversation)).map((one) => ({ agent: one.agent, state: one.viewing.get(conversation) }));
  const tell = (client, conversation) => client.send({ op: "viewers", conversation, data: viewersOf(conversation) });
  const tellViewers = (conversation) => clients.forEach((client) => tell(client, conversation));

  let waiting = false;
  return {
    accept,
    /** Something has changed: each subscription gets what concerns it, once for all that changed in this turn. */
    changed() {
      if (waiting) return;
      waiting = true;
      setImmediate(() => {
        waiting = false;
        for (const client of clients) {
          for (const [id, subscription] of client.subscriptions) {
            const data = source.change(subscription.what, subscription.memory);
            subscription.memory = source.remember(subscription.what);
            if (data !== null) client.send({ op: "change", id, cursor: "1", data });
          }
        }
      });
    },
  };
}
