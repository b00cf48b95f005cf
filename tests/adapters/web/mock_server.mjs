// A double of the server for the page's tests: the routes the page uses, over one process's memory.
//
// It keeps the contract's shapes and its rules as far as the page can see them (one-time links, the page header,
// idempotency keys, refusals) and nothing else. `node mock_server.mjs` serves it with a few conversations.

import { createServer } from "node:http";
import { randomUUID } from "node:crypto";
import { createReadStream, existsSync, statSync } from "node:fs";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const policy = [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'",
  "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
].join("; ");
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const over = new Set(["resolved", "closed", "spam"]);
const active = ["new", "open", "waiting_customer", "waiting_third_party", "snoozed"];
const first_response_ms = 30 * 60_000;

class Refusal extends Error {
  constructor(status, code, title, detail = "") {
    super(title);
    Object.assign(this, { status, code, detail });
  }
}

const dist = process.env.PARLANCE_WEB_OUT ?? fileURLToPath(new URL("../../../adapters/web/dist", import.meta.url));
export const isBuilt = () => existsSync(join(dist, "index.html"));

export function createMock() {
  const agents = [
    { id: "agt_ada", name: "Ada Marks", role: "admin", active: true },
    { id: "agt_kim", name: "Kim Oduya", role: "agent", active: true },
  ];
  const queues = [{ id: "que_inbox", name: "Inbox" }, { id: "que_orders", name: "Orders" }];
  const workspace = { id: "wsp_default", name: "default" };
  const bearer = randomUUID();
  const links = new Set();
  const sessions = new Set();
  const answers = new Map();
  const conversations = new Map();
  const messageIds = new Map();
  const subjects = new Map();
  let offset = 0;
  let number = 4710;

  const iso = (ms = Date.now()) => new Date(ms).toISOString();
  const id = (prefix) => `${prefix}_${randomUUID().replaceAll("-", "").slice(0, 20)}`;
  const ada = { kind: "agent", id: agents[0].id, name: agents[0].name };

  function find(which) {
    const found = conversations.get(which);
    if (found === undefined) throw new Refusal(404, "not_found", "No such conversation.");
    return found;
  }

  function record(conversation, kind, at, actor, members) {
    const ticket = conversation.ticket;
    ticket.version = String(Number(ticket.version) + 1);
    ticket.updated_at = iso();
    offset += 1;
    const entry = { id: `env_${offset}:0`, kind, version: ticket.version, at, recorded_at: iso(), actor, ...members };
    conversation.timeline.push(entry);
    return entry;
  }

  const done = (conversation, entry) => ({ id: entry?.id, version: conversation.ticket.version, position: `1:0:${offset}` });

  function inbound(body) {
    const known = messageIds.get(`${body.channel} ${body.message_id}`);
    if (known !== undefined) return { ...known, created: false };
    const address = `${body.channel} ${body.account} ${body.from.address}`;
    let conversation = [...conversations.values()].find((one) =>
      one.address === address && one.ticket.state !== "closed" && (body.thread === undefined || one.thread === body.thread) && (body.thread !== undefined || body.in_reply_to !== undefined));
    const at = body.occurred_at ?? iso();
    const created = conversation === undefined;
    if (created) {
      const subject = subjects.get(address) ?? id("sub");
      subjects.set(address, subject);
      number += 1;
      conversation = {
        address, thread: body.thread,
        timeline: [],
        ticket: {
          id: id("cnv"), number: String(number), version: "0", state: "new", queue: queues[0], assignee: null,
          channel: body.channel, account: body.account ?? null, language: body.language ?? "und", priority: "normal", tags: [],
          requester: { id: subject, name: body.from.name ?? null }, subject_line: body.subject ?? null, preview: null, personal: "value",
          created_at: at, updated_at: at, last_message_at: null, last_message_by: null, unanswered_since: null,
          first_response: { state: "running", due_at: iso(Date.parse(at) + first_response_ms), at: null, seconds: null },
          resolved_at: null, snoozed_until: null, closes_at: null, episode: 1, reopened: 0, messages: { received: 0, replied: 0, notes: 0 },
        },
      };
      conversations.set(conversation.ticket.id, conversation);
      record(conversation, "opened", at, { kind: "customer", id: subject, name: body.from.name ?? null }, { details: {} });
    }
    const { ticket } = conversation;
    const from = { id: ticket.requester.id, name: body.from.name ?? null, address: body.from.address };
    const entry = record(conversation, "message", at, { kind: "customer", id: from.id, name: from.name }, {
      direction: "in", text: body.text ?? body.html, html: body.html !== undefined, subject: body.subject ?? null, from,
      attachments: (body.attachments ?? []).map((one) => ({ name: one.name, type: one.type, size: Math.floor(one.data.length * 0.75) })),
      delivery: "received", personal: "value", language: body.language ?? "und",
    });
    entry.id = id("msg");
    ticket.messages.received += 1;
    ticket.preview = (body.text ?? body.html.replace(/<script.*/s, "").replace(/<[^>]*>/g, " ").replaceAll("&amp;", "&").trim()).slice(0, 120);
    ticket.last_message_at = at;
    ticket.last_message_by = "customer";
    ticket.unanswered_since ??= at;
    if (over.has(ticket.state)) reopen(conversation, { kind: "system", id: null, name: null });
    const answer = { conversation: ticket.id, message: entry.id, subject: from.id, ticket_number: ticket.number, created, ...done(conversation, entry) };
    messageIds.set(`${body.channel} ${body.message_id}`, answer);
    return answer;
  }

  function reopen(conversation, actor) {
    const { ticket } = conversation;
    ticket.state = "open";
    ticket.reopened += 1;
    ticket.episode += 1;
    ticket.resolved_at = null;
    return record(conversation, "reopened", iso(), actor, { details: {} });
  }

  const commands = {
    reply(conversation, body) {
      const { ticket } = conversation;
      if (ticket.state === "closed") throw new Refusal(409, "conversation.closed", "The conversation is closed.");
      const at = iso();
      const entry = record(conversation, "message", at, ada, {
        direction: "out", text: body.text, html: false, subject: null, from: null, attachments: [], delivery: "sent", personal: "value", language: ticket.language,
      });
      entry.id = id("msg");
      ticket.messages.replied += 1;
      ticket.preview = body.text.slice(0, 120);
      ticket.last_message_at = at;
      ticket.last_message_by = "agent";
      ticket.unanswered_since = null;
      if (ticket.state === "new") ticket.state = "open";
      if (ticket.first_response.state === "running") {
        const late = Date.parse(ticket.first_response.due_at) < Date.now();
        ticket.first_response = { ...ticket.first_response, state: late ? "breached" : "met", at, seconds: Math.round((Date.parse(at) - Date.parse(ticket.created_at)) / 1000) };
      }
      return entry;
    },
    note(conversation, body) {
      conversation.ticket.messages.notes += 1;
      const entry = record(conversation, "note", iso(), ada, { text: body.text, html: false, attachments: [], personal: "value", language: "und" });
      entry.id = id("msg");
      return entry;
    },
    claim: (conversation) => commands.assign(conversation, { agent: agents[0].id }),
    assign(conversation, body) {
      const { ticket } = conversation;
      if (over.has(ticket.state)) throw new Refusal(409, "conversation.not_open", "The conversation is not open.");
      if (body.agent !== undefined) ticket.assignee = { id: body.agent, name: agents.find((agent) => agent.id === body.agent).name };
      if (body.queue !== undefined) ticket.queue = queues.find((queue) => queue.id === body.queue);
      if (ticket.state === "new") ticket.state = "open";
      return record(conversation, "assigned", iso(), ada, { details: { agent: ticket.assignee, queue: ticket.queue } });
    },
    unassign(conversation) {
      conversation.ticket.assignee = null;
      return record(conversation, "unassigned", iso(), ada, { details: {} });
    },
    snooze(conversation, body) {
      if (!(Date.parse(body.until) > Date.now())) throw new Refusal(409, "conversation.snooze_in_past", "A snooze ends in the future.");
      Object.assign(conversation.ticket, { state: "snoozed", snoozed_until: body.until });
      return record(conversation, "snoozed", iso(), ada, { details: { until: body.until } });
    },
    wait(conversation, body) {
      conversation.ticket.state = `waiting_${body.for}`;
      return record(conversation, "waiting", iso(), ada, { details: { for: body.for } });
    },
    resolve(conversation) {
      const { ticket } = conversation;
      if (ticket.state === "resolved") throw new Refusal(409, "conversation.already_resolved", "The conversation is resolved already.");
      Object.assign(ticket, { state: "resolved", resolved_at: iso(), snoozed_until: null });
      return record(conversation, "resolved", iso(), ada, { details: { reason: null } });
    },
    reopen: (conversation) => reopen(conversation, ada),
    close(conversation) {
      conversation.ticket.state = "closed";
      return record(conversation, "closed", iso(), ada, { details: {} });
    },
    priority(conversation, body) {
      const from = conversation.ticket.priority;
      conversation.ticket.priority = body.priority;
      return record(conversation, "priority_changed", iso(), ada, { details: { from, to: body.priority } });
    },
    spam(conversation) {
      conversation.ticket.state = "spam";
      return record(conversation, "marked_spam", iso(), ada, { details: {} });
    },
    "no-reply-needed"(conversation) {
      conversation.ticket.unanswered_since = null;
      return record(conversation, "no_reply_needed", iso(), ada, { details: {} });
    },
  };

  function list(query) {
    const states = query.get("state")?.split(",") ?? (query.get("sort") === null || query.get("sort") === "working_order" ? active : null);
    const assignee = query.get("assignee") === "me" ? agents[0].id : query.get("assignee");
    const found = [...conversations.values()].map((one) => one.ticket).filter((ticket) =>
      (states === null || states.includes(ticket.state)) &&
      (query.get("queue") === null || ticket.queue?.id === query.get("queue")) &&
      (query.get("subject") === null || ticket.requester.id === query.get("subject")) &&
      (assignee === null || (assignee === "none" ? ticket.assignee === null : ticket.assignee?.id === assignee)));
    const due = (ticket) => (ticket.first_response.state === "running" ? ticket.first_response.due_at : "9");
    const byTime = (a, b, member) => (a[member] < b[member] ? 1 : -1);
    if (query.get("sort") === "newest") found.sort((a, b) => byTime(a, b, "created_at"));
    else if (query.get("sort") === "updated") found.sort((a, b) => byTime(a, b, "updated_at"));
    else found.sort((a, b) => (due(a) === due(b) ? Number(a.number) - Number(b.number) : due(a) < due(b) ? -1 : 1));
    return page(found, query);
  }

  function page(all, query) {
    const limit = Number(query.get("limit") ?? 50);
    const start = Number(query.get("after") ?? 0);
    const more = start + limit < all.length;
    return { data: all.slice(start, start + limit), page: { has_more: more, next: more ? String(start + limit) : null } };
  }

  const queueOf = (queue) => {
    const tickets = [...conversations.values()].map((one) => one.ticket).filter((ticket) => ticket.queue?.id === queue.id);
    const waiting = tickets.filter((ticket) => ["new", "open"].includes(ticket.state) && ticket.assignee === null);
    return {
      ...queue, waiting: waiting.length, open: tickets.filter((ticket) => ["new", "open"].includes(ticket.state)).length,
      snoozed: tickets.filter((ticket) => ticket.state === "snoozed").length, oldest_waiting_at: waiting[0]?.created_at ?? null,
      late: tickets.filter((ticket) => ticket.first_response.state === "running" && ticket.first_response.due_at < iso()).length, by_channel: {}, by_language: {},
    };
  };
  const session = () => ({ principal: { id: agents[0].id, name: agents[0].name, role: agents[0].role }, workspace, expires_at: iso(Date.now() + 43_200_000) });

  /** The answer to a request that may be made: [status, body, headers]. */
  function route(method, path, query, body) {
    const parts = path.split("/").slice(2);
    if (method === "GET") {
      if (path === "/v1/session") return [200, session()];
      if (path === "/v1/queues") return [200, { data: queues.map(queueOf) }];
      if (path === "/v1/agents") return [200, { data: agents, page: { has_more: false, next: null } }];
      if (path === "/v1/conversations") return [200, list(query)];
      if (parts[0] === "conversations" && parts.length === 2) return [200, { ...find(parts[1]).ticket, participants: [find(parts[1]).ticket.requester] }];
      if (parts[0] === "conversations" && parts[2] === "timeline") return [200, page(find(parts[1]).timeline, query)];
    }
    if (method === "POST" && path === "/v1/inbound") return [201, inbound(body)];
    if (method === "POST" && parts[0] === "conversations" && commands[parts[2]] !== undefined) {
      const conversation = find(parts[1]);
      return [200, done(conversation, commands[parts[2]](conversation, body))];
    }
    throw new Refusal(404, "not_found", "There is nothing at this address.");
  }

  function api(request, url, body) {
    const cookie = /parlance_session=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];
    const byCookie = sessions.has(cookie);
    if (request.method === "POST" && url.pathname === "/v1/session") {
      if (!(links.delete(body.link) || body.token === bearer)) throw new Refusal(401, "unauthenticated", "This link or token is not valid.");
      const fresh = randomUUID();
      sessions.add(fresh);
      return [201, session(), { "Set-Cookie": `parlance_session=${fresh}; HttpOnly; SameSite=Strict; Path=/` }];
    }
    if (!byCookie && request.headers.authorization !== `Bearer ${bearer}`) throw new Refusal(401, "unauthenticated", "Sign in first.");
    if (byCookie && request.method !== "GET" && request.headers["parlance-request"] !== "page") throw new Refusal(403, "csrf", "This request did not come from the page.");
    if (request.method === "DELETE" && url.pathname === "/v1/session") {
      sessions.delete(cookie);
      return [204, undefined, { "Set-Cookie": "parlance_session=; Max-Age=0; Path=/" }];
    }
    const key = request.headers["idempotency-key"];
    if (key !== undefined && answers.has(key)) return [...answers.get(key), { "Idempotency-Replayed": "true" }];
    const answer = route(request.method, url.pathname, url.searchParams, body);
    if (key !== undefined) answers.set(key, answer);
    return answer;
  }

  function file(response, path) {
    const wanted = normalize(join(dist, path === "/" ? "index.html" : path));
    const there = wanted.startsWith(dist) && existsSync(wanted) && statSync(wanted).isFile() ? wanted : join(dist, "index.html");
    response.writeHead(200, { "Content-Type": types[extname(there)] ?? "application/octet-stream", "Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff" });
    createReadStream(there).pipe(response);
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://mock");
    if (!url.pathname.startsWith("/v1/")) return file(response, url.pathname);
    let text = "";
    request.on("data", (part) => (text += part));
    request.on("end", () => {
      let answer;
      try {
        answer = api(request, url, text === "" ? {} : JSON.parse(text));
      } catch (cause) {
        if (!(cause instanceof Refusal)) console.error(cause);
        const { status = 500, code = "internal", detail = "" } = cause;
        answer = [status, { type: "about:blank", title: cause.message, status, code, detail, trace_id: randomUUID().replaceAll("-", ""), errors: [] }];
      }
      const [status, body, headers = {}] = answer;
      const json = status === 204 ? "" : JSON.stringify(body);
      response.writeHead(status, {
        ...headers, "Content-Type": status < 400 ? "application/json" : "application/problem+json", "Cache-Control": "no-store", "Parlance-Position": `1:0:${offset}`,
      });
      response.end(json);
    });
  });

  return {
    inbound, commands, conversations, token: bearer,
    link() {
      const link = randomUUID();
      links.add(link);
      return link;
    },
    listen: (port = 0) => new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(`http://127.0.0.1:${server.address().port}`))),
    close: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(resolve);
    }),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { seed } = await import("./seed.mjs");
  const mock = createMock();
  const url = await mock.listen(Number(process.env.PORT ?? 8090));
  const token = mock.token;
  await seed(url, token);
  console.log(`listening on ${url}`);
  console.log(`sign in: ${url}/#/sign-in/${mock.link()}`);
}
