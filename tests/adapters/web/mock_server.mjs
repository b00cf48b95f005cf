// A double of the server for the page's tests: the routes the page uses, over one process's memory.
//
// It keeps the contract's shapes and its rules as far as the page can see them (one-time links, the page header,
// idempotency keys, refusals) and nothing else. `node mock_server.mjs` serves it with a few conversations.

import { createServer } from "node:http";
import { randomUUID } from "node:crypto";
import { createReadStream, existsSync, statSync } from "node:fs";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { FilterFault, parseFilter } from "./mock_find.mjs";
import { createLive } from "./mock_live.mjs";

const policy = [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:", "frame-src 'self'", "connect-src 'self'",
  "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
].join("; ");
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const over = new Set(["resolved", "closed", "spam"]);
const active = ["new", "open", "waiting_customer", "waiting_third_party", "snoozed"];
const first_response_ms = 30 * 60_000;

const agent = (id, name, role, members) => ({
  id, name, role, active: true, email: null, languages: [], skills: [], teams: [], capacity: { default: 8 }, presence: "offline", presence_since: new Date().toISOString(),
  load: { total: 0 }, version: "1", ...members,
});

class Refusal extends Error {
  constructor(status, code, title, detail = "", more = {}) {
    super(title);
    Object.assign(this, { status, code, detail, more });
  }
}

const dist = process.env.PARLANCE_WEB_OUT ?? fileURLToPath(new URL("../../../adapters/web/dist", import.meta.url));
export const isBuilt = () => existsSync(join(dist, "index.html"));

export function createMock() {
  const agents = [
    agent("agt_ada", "Ada Marks", "admin", { presence: "online", languages: ["de", "en"] }),
    agent("agt_kim", "Kim Oduya", "agent", { presence: "away", languages: ["en", "pt"] }),
    agent("agt_li", "李 静", "agent", { presence: "offline", languages: ["zh-Hans"] }),
  ];
  const teams = [{ id: "tem_returns", name: "Returns", agents: [], version: "1" }];
  const skills = [{ id: "skl_refunds", name: "refunds" }];
  const manual = { kind: "manual", languages: false, skills: [], team: null, offer_seconds: null };
  const queues = [{ id: "que_inbox", name: "Inbox", rule: manual, version: "1" }, { id: "que_orders", name: "Orders", rule: { ...manual, kind: "least_loaded", languages: true }, version: "1" }];
  const settings = {
    version: "1", first_response_seconds: 1800, auto_close_seconds: null, reopen_window_seconds: 604_800,
    tags: [{ id: "tag_refund", name: "refund" }, { id: "tag_vip", name: "VIP customer" }],
    types: [{ id: "typ_return", name: "Return" }, { id: "typ_question", name: "Question" }],
    fields: [
      { id: "fld_order", name: "order number", kind: "text", choices: [], required_to_resolve: false },
      { id: "fld_cause", name: "cause", kind: "choice", choices: ["size", "damage"], required_to_resolve: false },
    ],
    sub_states: [{ id: "sst_carrier", name: "asked the carrier", state: "open" }],
  };
  const canned = [
    { id: "can_1", name: "Return label", language: "en", shortcut: "label", text: "Hello {{customer.name}}, the return label for ticket {{ticket.number}} is on its way. {{agent.name}}" },
    { id: "can_2", name: "Return label", language: "de", shortcut: "label", text: "Guten Tag {{customer.name}}, das Rücksendeetikett zu Anfrage {{ticket.number}} ist unterwegs. {{agent.name}}" },
    { id: "can_3", name: "Order sent", language: "de", shortcut: "sent", text: "Ihre Bestellung {{order.number}} ist unterwegs." },
  ];
  const views = [];
  const offers = [];
  const attachments = new Map();
  const drafts = new Map();
  const workspace = { id: "wsp_default", name: "default" };
  const bearer = randomUUID();
  const tokens = new Map([[bearer, "agt_ada"]]);
  const links = new Set();
  const sessions = new Map();
  const answers = new Map();
  const conversations = new Map();
  const messageIds = new Map();
  const byAddress = new Map();
  const subjects = new Map();
  let offset = 0;
  let number = 4710;

  const iso = (ms = Date.now()) => new Date(ms).toISOString();
  const id = (prefix) => `${prefix}_${randomUUID().replaceAll("-", "").slice(0, 20)}`;
  const ada = { kind: "agent", id: agents[0].id, name: agents[0].name };
  const named = (one) => (one === undefined ? null : { id: one.id, name: one.name });
  const pick = (list, wanted) => list.find((one) => one.id === wanted || one.name === wanted) ?? refuse(422, "invalid", `There is no ${wanted}.`);
  function refuse(status, code, title, detail, more) {
    throw new Refusal(status, code, title, detail, more);
  }

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

  /** The conversation that a message joins, by the door's rule: that of the message it answers, however it is named;
   *  else the sender's newest active one on that channel and account, else the newest that was resolved. */
  function joined(channel, address, body) {
    const answered = conversations.get(body.thread) ?? conversations.get(messageIds.get(`${channel} ${body.thread ?? body.in_reply_to}`)?.conversation);
    if (answered !== undefined && answered.ticket.state !== "closed") return answered;
    const theirs = [...(byAddress.get(address) ?? [])].reverse();
    return theirs.find((one) => active.includes(one.ticket.state)) ?? theirs.find((one) => one.ticket.state === "resolved");
  }

  function inbound(body) {
    const channel = `${body.channel} ${body.account}`;
    const known = messageIds.get(`${channel} ${body.message_id}`);
    if (known !== undefined) return { ...known, created: false };
    const address = `${channel} ${body.from.address}`;
    let conversation = joined(channel, address, body);
    const at = body.occurred_at ?? iso();
    const created = conversation === undefined;
    if (created) {
      const subject = subjects.get(address) ?? id("sub");
      subjects.set(address, subject);
      number += 1;
      conversation = {
        address, timeline: [],
        ticket: {
          id: id("cnv"), number: String(number), version: "0", state: "new", queue: queues[0], assignee: null,
          channel: body.channel, account: body.account ?? null, language: body.language ?? "und", priority: "normal", tags: [],
          requester: { id: subject, name: body.from.name ?? null }, subject_line: body.subject ?? null, preview: null, personal: "value",
          created_at: at, updated_at: at, last_message_at: null, last_message_by: null, unanswered_since: null,
          first_response: { state: "running", due_at: iso(Date.parse(at) + first_response_ms), at: null, seconds: null },
          resolved_at: null, snoozed_until: null, closes_at: null, episode: 1, reopened: 0, messages: { received: 0, replied: 0, notes: 0 },
          type: null, sub_state: null, fields: {}, team: null, mentions: [], drafts: [], ratings: [], undo: null, escalated: false,
        },
        snapshots: new Map(), before: null, assignments: [], htmls: new Map(),
      };
      conversations.set(conversation.ticket.id, conversation);
      byAddress.set(address, [...(byAddress.get(address) ?? []), conversation]);
      record(conversation, "opened", at, { kind: "customer", id: subject, name: body.from.name ?? null }, { details: {} });
    }
    const { ticket } = conversation;
    const from = { id: ticket.requester.id, name: body.from.name ?? null, address: body.from.address };
    const entry = record(conversation, "message", at, { kind: "customer", id: from.id, name: from.name }, {
      direction: "in", text: body.text ?? textOf(body.html), html: body.html !== undefined, subject: body.subject ?? null, from,
      attachments: filesOf(body.attachments),
      delivery: "received", personal: "value", language: body.language ?? "und",
    });
    entry.id = id("msg");
    if (body.html !== undefined) conversation.htmls.set(entry.id, body.html.replace(/<script.*?<\/script>/gs, "").replace(/ on\w+="[^"]*"/g, "").replace(/<img[^>]*>/g, ""));
    ticket.messages.received += 1;
    ticket.preview = (body.text ?? textOf(body.html)).slice(0, 120);
    ticket.last_message_at = at;
    ticket.last_message_by = "customer";
    ticket.unanswered_since ??= at;
    // Who writes again ends a snooze and a wait; a new conversation stays new, and spam is spam.
    if (ticket.state === "resolved") reopen(conversation, { kind: "system", id: null, name: null });
    else if (!["new", "spam"].includes(ticket.state)) ticket.state = "open";
    ticket.snoozed_until = null;
    const answer = { conversation: ticket.id, message: entry.id, subject: from.id, ticket_number: ticket.number, created, ...done(conversation, entry) };
    messageIds.set(`${channel} ${body.message_id}`, answer);
    return answer;
  }

  const textOf = (html) => html.replace(/<(script|style).*?<\/\1>/gs, "").replace(/<\/p>/g, "\n\n").replace(/<[^>]*>/g, "").replaceAll("&amp;", "&").trim();

  function filesOf(given = []) {
    return given.map((one) => {
      if (one.id !== undefined) {
        const { bytes: _, ...known } = attachments.get(one.id) ?? refuse(422, "invalid", "There is no such attachment.");
        return known;
      }
      const known = { id: id("att"), name: one.name, type: one.type, size: Math.floor(one.data.length * 0.75) };
      attachments.set(known.id, { ...known, bytes: Buffer.from(one.data, "base64") });
      return known;
    });
  }

  /** An act that can be taken back: what the ticket was before, and until when. */
  function undoable(conversation, act) {
    const { ticket } = conversation;
    const { version: _, undo: __, messages: ___, ...was } = structuredClone(ticket);
    conversation.before = was;
    ticket.undo = { act, until: iso(Date.now() + 600_000) };
  }

  function decided(conversation, kind, who, reason) {
    conversation.assignments.push({
      at: iso(), kind, agent: who, queue: conversation.ticket.queue, rule: { kind: "least_loaded", version: "7" }, reason,
      candidates: agents.map((one) => ({ agent: named(one), load: one.load.total, capacity: one.capacity.default, score: 1, excluded: one.presence === "offline" ? "offline" : null })),
    });
  }

  /** Where the queue gives work out by offers, the conversation is offered to whoever may take it. */
  function offer(conversation) {
    const { ticket } = conversation;
    const seconds = queues.find((queue) => queue.id === ticket.queue?.id)?.rule.offer_seconds ?? null;
    if (seconds === null || ticket.assignee !== null || agents[0].presence !== "online") return;
    offers.push({ id: id("off"), conversation: ticket, expires_at: iso(Date.now() + seconds * 1000) });
    decided(conversation, "offered", named(agents[0]), "least_loaded");
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
      if (ticket.state === "spam") throw new Refusal(409, "conversation.spam", "It is marked as spam; take the mark away first.");
      if (body.seen_version !== undefined && body.anyway !== true) {
        const changes = conversation.timeline.filter((entry) => ["message", "note"].includes(entry.kind) && Number(entry.version) > Number(body.seen_version));
        if (changes.length > 0) refuse(409, "conversation.changed_since", "Somebody has written meanwhile.", "", { changes });
      }
      drafts.delete(ticket.id);
      ticket.drafts = [];
      const at = iso();
      const entry = record(conversation, "message", at, ada, {
        direction: "out", text: body.text, html: false, subject: null, from: null, attachments: filesOf(body.attachments), delivery: "sent", personal: "value", language: ticket.language,
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
      conversation.ticket.mentions.push(...(body.mentions ?? []));
      const entry = record(conversation, "note", iso(), ada, { text: body.text, html: false, attachments: filesOf(body.attachments), personal: "value", language: "und" });
      entry.id = id("msg");
      return entry;
    },
    claim: (conversation) => commands.assign(conversation, { agent: agents[0].id }),
    assign(conversation, body) {
      const { ticket } = conversation;
      if (over.has(ticket.state)) throw new Refusal(409, "conversation.not_open", "The conversation is not open.");
      undoable(conversation, "assigned");
      if (body.agent !== undefined) {
        ticket.assignee = named(pick(agents, body.agent));
        decided(conversation, body.agent === agents[0].id ? "claimed" : "assigned", ticket.assignee, body.reason ?? "least_loaded");
      }
      if (body.queue !== undefined) ticket.queue = named(pick(queues, body.queue));
      if (ticket.state === "new") ticket.state = "open";
      return record(conversation, "assigned", iso(), ada, { details: { agent: ticket.assignee, queue: ticket.queue } });
    },
    unassign(conversation) {
      undoable(conversation, "unassigned");
      conversation.ticket.assignee = null;
      return record(conversation, "unassigned", iso(), ada, { details: {} });
    },
    snooze(conversation, body) {
      if (!(Date.parse(body.until) > Date.now())) throw new Refusal(409, "conversation.snooze_in_past", "A snooze ends in the future.");
      undoable(conversation, "snoozed");
      Object.assign(conversation.ticket, { state: "snoozed", snoozed_until: body.until });
      return record(conversation, "snoozed", iso(), ada, { details: { until: body.until } });
    },
    wait(conversation, body) {
      undoable(conversation, "waiting");
      conversation.ticket.state = `waiting_${body.for}`;
      return record(conversation, "waiting", iso(), ada, { details: { for: body.for } });
    },
    resolve(conversation) {
      const { ticket } = conversation;
      if (ticket.state === "resolved") throw new Refusal(409, "conversation.already_resolved", "The conversation is resolved already.");
      undoable(conversation, "resolved");
      Object.assign(ticket, { state: "resolved", resolved_at: iso(), snoozed_until: null });
      return record(conversation, "resolved", iso(), ada, { details: { reason: null } });
    },
    reopen: (conversation) => reopen(conversation, ada),
    close(conversation) {
      undoable(conversation, "closed");
      conversation.ticket.state = "closed";
      return record(conversation, "closed", iso(), ada, { details: {} });
    },
    priority(conversation, body) {
      undoable(conversation, "priority_changed");
      const from = conversation.ticket.priority;
      conversation.ticket.priority = body.priority;
      return record(conversation, "priority_changed", iso(), ada, { details: { from, to: body.priority } });
    },
    spam(conversation) {
      undoable(conversation, "spam_marked");
      conversation.ticket.state = "spam";
      return record(conversation, "spam_marked", iso(), ada, { details: {} });
    },
    "not-spam"(conversation) {
      conversation.ticket.state = "open";
      return record(conversation, "spam_unmarked", iso(), ada, { details: {} });
    },
    transfer(conversation, body) {
      const { ticket } = conversation;
      undoable(conversation, "transferred");
      ticket.assignee = body.agent === undefined ? null : named(pick(agents, body.agent));
      if (body.queue !== undefined) ticket.queue = named(pick(queues, body.queue));
      if (body.team !== undefined) ticket.team = named(pick(teams, body.team));
      offer(conversation);
      return record(conversation, "transferred", iso(), ada, { details: { agent: ticket.assignee, queue: ticket.queue, team: ticket.team, reason: body.reason ?? null } });
    },
    escalate(conversation, body) {
      const { ticket } = conversation;
      ticket.escalated = true;
      if (body.queue !== undefined) ticket.queue = named(pick(queues, body.queue));
      if (body.agent !== undefined) ticket.assignee = named(pick(agents, body.agent));
      return record(conversation, "escalated", iso(), ada, { details: { agent: body.agent === undefined ? null : ticket.assignee, queue: body.queue === undefined ? null : ticket.queue, reason: body.reason ?? null } });
    },
    type(conversation, body) {
      undoable(conversation, "type_changed");
      conversation.ticket.type = body.type === null ? null : named(pick(settings.types, body.type));
      return record(conversation, "type_changed", iso(), ada, { details: { type: conversation.ticket.type } });
    },
    "sub-state"(conversation, body) {
      conversation.ticket.sub_state = body.sub_state === null ? null : named(pick(settings.sub_states, body.sub_state));
      return record(conversation, "sub_state_changed", iso(), ada, { details: { sub_state: conversation.ticket.sub_state } });
    },
    "subject-line"(conversation, body) {
      conversation.ticket.subject_line = body.subject_line;
      return record(conversation, "subject_line_changed", iso(), ada, { details: {} });
    },
    fields(conversation, body) {
      undoable(conversation, "fields_changed");
      for (const [which, value] of Object.entries(body.fields)) conversation.ticket.fields[pick(settings.fields, which).id] = value;
      return record(conversation, "fields_changed", iso(), ada, { details: { fields: Object.keys(body.fields).map((which) => named(pick(settings.fields, which))) } });
    },
    tags(conversation, body) {
      const { ticket } = conversation;
      undoable(conversation, "tags_changed");
      const known = (name) => settings.tags.find((tag) => tag.id === name || tag.name === name) ?? settings.tags[settings.tags.push({ id: id("tag"), name }) - 1];
      ticket.tags = [...ticket.tags, ...(body.add ?? []).map(known)].filter((tag) => !(body.remove ?? []).includes(tag.name));
      return record(conversation, "tags_changed", iso(), ada, { details: { added: body.add ?? [], removed: body.remove ?? [] } });
    },
    rating(conversation, body) {
      const { ticket } = conversation;
      const rating = { kind: body.kind, score: body.score, at: iso(), episode: ticket.episode, comment: body.comment ?? null };
      ticket.ratings = [...ticket.ratings.filter((one) => one.kind !== body.kind || one.episode !== ticket.episode), rating];
      return record(conversation, "rated", iso(), { kind: "customer", id: ticket.requester.id, name: null }, { details: { kind: body.kind, score: body.score } });
    },
    undo(conversation) {
      const { ticket } = conversation;
      if (ticket.undo === null) refuse(409, "conversation.nothing_to_undo", "There is nothing to take back.");
      const { act } = ticket.undo;
      Object.assign(ticket, conversation.before, { undo: null });
      return record(conversation, "undone", iso(), ada, { details: { act } });
    },
    draft(conversation, body) {
      const { ticket } = conversation;
      if (body.text === "") drafts.delete(ticket.id);
      else drafts.set(ticket.id, { text: body.text, kind: body.kind, updated_at: iso() });
      ticket.drafts = body.text === "" ? [] : [{ agent: named(agents[0]), updated_at: iso() }];
      return null;
    },
    accept(conversation) {
      offers.splice(0, offers.length, ...offers.filter((offer) => offer.conversation !== conversation.ticket));
      return commands.assign(conversation, { agent: agents[0].id });
    },
    decline(conversation) {
      offers.splice(0, offers.length, ...offers.filter((offer) => offer.conversation !== conversation.ticket));
      decided(conversation, "declined", named(agents[0]), "declined");
      return record(conversation, "offer_declined", iso(), ada, { details: { agent: named(agents[0]) } });
    },
    "no-reply-needed"(conversation) {
      conversation.ticket.unanswered_since = null;
      return record(conversation, "no_reply_needed", iso(), ada, { details: {} });
    },
  };

  const namesOf = { me: agents[0].id, addressOf: (ticket) => conversations.get(ticket.id).address };
  function filterOf(q, inUrl) {
    try {
      return parseFilter(q, namesOf, inUrl);
    } catch (cause) {
      if (!(cause instanceof FilterFault)) throw cause;
      return refuse(422, "invalid", "The filter is not right.", "", { errors: [{ pointer: "/q", code: "filter", detail: `At character ${cause.offset + 1}: ${cause.message}` }] });
    }
  }

  function sorted(found, sort) {
    const due = (ticket) => (ticket.first_response.state === "running" ? ticket.first_response.due_at : "9");
    const byTime = (a, b, member) => (a[member] < b[member] ? 1 : -1);
    if (sort === "newest") return found.sort((a, b) => byTime(a, b, "created_at"));
    if (sort === "oldest") return found.sort((a, b) => byTime(b, a, "created_at"));
    if (sort === "updated") return found.sort((a, b) => byTime(a, b, "updated_at"));
    return found.sort((a, b) => (due(a) === due(b) ? Number(a.number) - Number(b.number) : due(a) < due(b) ? -1 : 1));
  }

  const tickets = () => [...conversations.values()].map((one) => one.ticket);
  const find_ = (q, sort, inUrl) => sorted(tickets().filter(filterOf(q, inUrl)), sort);

  function list(query) {
    const sort = query.get("sort") ?? "working_order";
    if (query.get("q") !== null) return page(find_(query.get("q"), sort, true), query);
    const states = query.get("state")?.split(",") ?? (sort === "working_order" ? active : null);
    const assignee = query.get("assignee") === "me" ? agents[0].id : query.get("assignee");
    const found = tickets().filter((ticket) =>
      (states === null || states.includes(ticket.state)) &&
      (query.get("queue") === null || ticket.queue?.id === query.get("queue")) &&
      (query.get("subject") === null || ticket.requester.id === query.get("subject")) &&
      (assignee === null || (assignee === "none" ? ticket.assignee === null : ticket.assignee?.id === assignee)));
    return page(sorted(found, sort), query);
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
      snoozed: tickets.filter((ticket) => ticket.state === "snoozed").length, oldest_waiting_at: waiting.map((ticket) => ticket.created_at).sort()[0] ?? null,
      late: tickets.filter((ticket) => ticket.first_response.state === "running" && ticket.first_response.due_at < iso()).length, by_channel: {}, by_language: {},
    };
  };
  const session = (who) => ({ principal: { id: who.id, name: who.name, role: who.role }, workspace, expires_at: iso(Date.now() + 43_200_000) });

  const groupsOf = { queue: (ticket) => ticket.queue, agent: (ticket) => ticket.assignee, channel: (ticket) => ({ id: ticket.channel, name: null }), language: (ticket) => ({ id: ticket.language, name: null }) };
  const today = () => `${iso().slice(0, 10)}T00:00:00.000Z`;
  function figuresOf(of) {
    const waiting = of.filter((ticket) => ["new", "open"].includes(ticket.state) && ticket.assignee === null);
    return {
      created: of.length, replied: of.reduce((sum, ticket) => sum + ticket.messages.replied, 0), resolved: of.filter((ticket) => ticket.resolved_at !== null).length,
      breached: of.filter((ticket) => ticket.first_response.state === "breached").length, waiting: waiting.length,
      late: of.filter((ticket) => ticket.first_response.state === "running" && ticket.first_response.due_at < iso()).length,
      oldest: waiting.map((ticket) => ticket.created_at).sort()[0] ?? null,
    };
  }
  function overview(by) {
    const groups = new Map();
    for (const ticket of tickets()) {
      const group = groupsOf[by](ticket);
      const { of } = groups.get(group?.id) ?? groups.set(group?.id, { group, of: [] }).get(group?.id);
      of.push(ticket);
    }
    return {
      definition: { name: "overview", version: 1, text: "Since the beginning of the local day." }, by, tz: "UTC", since: today(), as_of: iso(), position: `1:0:${offset}`,
      total: figuresOf(tickets()), data: [...groups.values()].map(({ group, of }) => ({ ...figuresOf(of), key: group?.id ?? null, name: group?.name ?? null })),
    };
  }
  function explain(query) {
    const found = tickets().filter((ticket) => query.get("by") === null || (groupsOf[query.get("by")](ticket)?.id ?? "none") === query.get("key"));
    return page(found.map((ticket) => ({ conversation: ticket.id, number: ticket.number, at: ticket.created_at, key: null, counted: true, reason: null, events: [], value: 1 })), query);
  }
  function hours() {
    const rows = new Map();
    for (const ticket of tickets()) {
      const bucket = `${ticket.created_at.slice(0, 13)}:00+00:00`;
      rows.set(bucket, { key: bucket, name: null, value: (rows.get(bucket)?.value ?? 0) + 1 });
    }
    return { metric: "created", as_of: iso(), data: [...rows.values()] };
  }
  const csvOf = (report) => [Object.keys(report.data[0] ?? {}).join(","), ...report.data.map((row) => Object.values(row).map((value) => value ?? "").join(","))].join("\r\n");

  function subject(which) {
    const theirs = [...conversations.values()].filter((one) => one.ticket.requester.id === which);
    if (theirs.length === 0) refuse(404, "not_found", "No such customer.");
    const identities = [...new Set(theirs.map((one) => one.address))].map((address) => ({ channel: address.split(" ")[0], address: address.split(" ")[2] }));
    return { id: which, name: theirs[0].ticket.requester.name, identities, conversations: theirs.map((one) => one.ticket.id), personal: "value" };
  }

  /** The ticket as of a version: the first state kept at it or after it. */
  function asOf(conversation, version) {
    if (version === null) return conversation.ticket;
    const kept = [...conversation.snapshots.keys()].filter((one) => one >= Number(version)).sort((a, b) => a - b)[0];
    return kept === undefined ? conversation.ticket : { ...conversation.snapshots.get(kept), version };
  }

  /** Settings are changed from the version that was seen. */
  function checked(request, version) {
    const sent = request.headers["if-match"];
    if (sent === undefined) refuse(428, "precondition_required", "Say which version this changes.");
    if (sent !== `"${version}"`) refuse(412, "version_conflict", "Somebody else has changed this meanwhile.");
  }
  const grown = (thing) => (thing.version = String(Number(thing.version) + 1));

  /** What concerns the desk and its settings; undefined: something else. */
  function deskRoute(request, path, query, body) {
    const [kind, which, verb] = path.split("/").slice(2);
    const add = (to, prefix, members) => {
      const thing = { id: id(prefix), ...members };
      to.push(thing);
      return [201, { id: thing.id, position: `1:0:${offset}` }];
    };
    if (request.method === "POST" && kind === "settings") {
      checked(request, settings.version);
      grown(settings);
      if (which === "types") return add(settings.types, "typ", body);
      if (which === "fields") return add(settings.fields, "fld", { choices: [], ...body });
      if (which === "sub-states") return add(settings.sub_states, "sst", body);
      if (which === "canned-replies") return add(canned, "can", body);
      Object.assign(settings, body);
      return [200, { version: settings.version, position: `1:0:${offset}` }];
    }
    if (request.method === "POST" && kind === "agents" && which !== undefined) {
      const one = pick(agents, which);
      if (verb === "tokens") {
        const token = randomUUID();
        tokens.set(token, one.id);
        return [201, { id: id("tok"), token }];
      }
      if (verb === "presence") Object.assign(one, { presence: body.presence, presence_since: iso() });
      else if (verb === "deactivate") one.active = false;
      else Object.assign(one, body, body.skills && { skills: body.skills.map((name) => ({ id: name, name })) }, body.teams && { teams: body.teams.map((team) => named(pick(teams, team))) });
      return [200, { version: grown(one), position: `1:0:${offset}` }];
    }
    if (request.method === "POST" && kind === "queues" && which !== undefined) {
      const queue = pick(queues, which);
      checked(request, queue.version);
      Object.assign(queue, body);
      return [200, { version: grown(queue), position: `1:0:${offset}` }];
    }
    if (request.method === "POST" && kind === "views") {
      if (which === undefined) return add(views, "viw", body);
      Object.assign(pick(views, which), body);
      return [200, { position: `1:0:${offset}` }];
    }
    if (request.method === "DELETE" && kind === "views") {
      views.splice(views.indexOf(pick(views, which)), 1);
      return [200, { position: `1:0:${offset}` }];
    }
    if (request.method === "POST" && which === undefined) {
      if (kind === "agents") {
        agents.push({ ...agent(id("agt"), body.name, "agent", {}), ...body, skills: [], teams: [] });
        return [201, { id: agents[agents.length - 1].id, position: `1:0:${offset}` }];
      }
      if (kind === "queues") return add(queues, "que", { rule: manual, version: "1", ...body });
      if (kind === "teams") return add(teams, "tem", { agents: [], version: "1", ...body });
      if (kind === "tags") return add(settings.tags, "tag", body);
    }
    return undefined;
  }

  /** The answer to a request that may be made: [status, body, headers]. */
  function route(method, path, query, body, request) {
    const parts = path.split("/").slice(2);
    const ofDesk = deskRoute(request, path, query, body);
    if (ofDesk !== undefined) return ofDesk;
    if (method === "GET") {
      const all = (data) => [200, { data, page: { has_more: false, next: null } }];
      if (path === "/v1/conditions") return [200, { data: [] }];
      if (path === "/v1/teams") return all(teams);
      if (path === "/v1/skills") return all(skills);
      if (path === "/v1/settings") return [200, settings];
      if (path === "/v1/canned-replies") return all(canned);
      if (path === "/v1/views") return all(views);
      if (path === "/v1/offers") return all(offers.filter((offer) => offer.expires_at > iso()));
      if (path === "/v1/conversations/counts") return [200, { data: query.getAll("q").map((q) => ({ q, count: find_(q, "", true).length, as_of: `1:0:${offset}` })) }];
      if (parts[0] === "reports" && parts[2] === "explain") return [200, explain(query)];
      if (path === "/v1/reports/overview" || path === "/v1/reports/created") {
        const report = path.endsWith("created") ? hours() : overview(query.get("by"));
        return request.headers.accept === "text/csv" ? [200, csvOf(report), { "Content-Type": "text/csv" }] : [200, report];
      }
      if (parts[0] === "subjects") return [200, subject(parts[1])];
      if (parts[0] === "attachments") {
        const file = attachments.get(parts[1]) ?? refuse(404, "not_found", "No such attachment.");
        const inline = query.get("inline") === "1" && /^image\/(png|jpeg|gif|webp)$/.test(file.type);
        return [200, file.bytes, { "Content-Type": inline ? file.type : "application/octet-stream", "Content-Disposition": `${inline ? "inline" : "attachment"}; filename*=UTF-8''${encodeURIComponent(file.name)}` }];
      }
      if (parts[0] === "conversations" && parts[2] === "assignments") return [200, { data: find(parts[1]).assignments }];
      if (parts[0] === "conversations" && parts[2] === "draft") return [200, drafts.get(parts[1]) ?? refuse(404, "not_found", "There is no draft.")];
      if (parts[0] === "conversations" && parts[4] === "html") {
        const html = find(parts[1]).htmls.get(parts[3]) ?? refuse(404, "not_found", "No such mail.");
        return [200, html, { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:" }];
      }
      if (path === "/v1/queues") return [200, { data: queues.map(queueOf) }];
      if (path === "/v1/agents") return [200, { data: agents, page: { has_more: false, next: null } }];
      if (path === "/v1/conversations") return [200, list(query)];
      if (parts[0] === "conversations" && parts.length === 2) return [200, { ...asOf(find(parts[1]), query.get("at_version")), participants: [find(parts[1]).ticket.requester] }];
      if (parts[0] === "conversations" && parts[2] === "timeline") return [200, page(find(parts[1]).timeline.filter((entry) => Number(entry.version) <= Number(query.get("at_version") ?? Infinity)), query)];
    }
    if (method === "POST" && path === "/v1/conversations/search") return [200, page(find_(body.q, body.sort, false), new Map([["limit", body.limit ?? null], ["after", body.after ?? null]]))];
    if (method === "POST" && parts[0] === "conversations" && parts[4] === "redact") {
      const conversation = find(parts[1]);
      const entry = pick(conversation.timeline, parts[3]);
      Object.assign(entry, { text: null, subject: null, personal: "redacted", attachments: [] });
      if (conversation.ticket.preview !== null && conversation.timeline.filter((one) => one.kind === "message").at(-1) === entry) conversation.ticket.preview = null;
      return [200, done(conversation, record(conversation, "redacted", iso(), ada, { details: { message: entry.id, reason: body.reason ?? null } }))];
    }
    if (method === "POST" && path === "/v1/inbound") {
      const answer = inbound(body);
      const conversation = conversations.get(answer.conversation);
      conversation.snapshots.set(Number(conversation.ticket.version), structuredClone(conversation.ticket));
      return [201, answer];
    }
    if (method === "POST" && parts[0] === "conversations" && commands[parts[2]] !== undefined) {
      const conversation = find(parts[1]);
      if (["subject-line", "fields"].includes(parts[2])) checked(request, conversation.ticket.version);
      const entry = commands[parts[2]](conversation, body);
      conversation.snapshots.set(Number(conversation.ticket.version), structuredClone(conversation.ticket));
      return [200, done(conversation, entry)];
    }
    throw new Refusal(404, "not_found", "There is nothing at this address.");
  }

  function api(request, url, body) {
    const cookie = /parlance_session=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];
    const byCookie = sessions.has(cookie);
    if (request.method === "POST" && url.pathname === "/v1/session") {
      const who = links.delete(body.link) ? agents[0] : agents.find((one) => one.id === tokens.get(body.token));
      if (who === undefined) throw new Refusal(401, "unauthenticated", "This link or token is not valid.");
      const fresh = randomUUID();
      sessions.set(fresh, who);
      return [201, session(who), { "Set-Cookie": `parlance_session=${fresh}; HttpOnly; SameSite=Strict; Path=/` }];
    }
    const who = sessions.get(cookie) ?? agents.find((one) => one.id === tokens.get(request.headers.authorization?.replace("Bearer ", "")));
    if (who === undefined) throw new Refusal(401, "unauthenticated", "Sign in first.");
    if (byCookie && request.method !== "GET" && request.headers["parlance-request"] !== "page") throw new Refusal(403, "csrf", "This request did not come from the page.");
    if (request.method === "GET" && url.pathname === "/v1/session") return [200, session(who)];
    if (request.method === "DELETE" && url.pathname === "/v1/session") {
      sessions.delete(cookie);
      return [204, undefined, { "Set-Cookie": "parlance_session=; Max-Age=0; Path=/" }];
    }
    const key = request.headers["idempotency-key"];
    if (key !== undefined && answers.has(key)) return [...answers.get(key), { "Idempotency-Replayed": "true" }];
    const answer = route(request.method, url.pathname, url.searchParams, body, request);
    if (request.method !== "GET") live.changed();
    if (key !== undefined) answers.set(key, answer);
    return answer;
  }

  const live = createLive({
    agentOf(request) {
      const cookie = /parlance_session=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];
      return sessions.has(cookie) && request.headers.origin === `http://${request.headers.host}` ? named(sessions.get(cookie)) : null;
    },
    remember(what) {
      if (what.what === "list") return { at: offset, order: find_(what.q, what.sort, false).slice(0, what.limit).map((ticket) => ticket.id) };
      if (what.what === "conversation") return { at: conversations.get(what.conversation)?.timeline.length ?? 0, version: conversations.get(what.conversation)?.ticket.version };
      return JSON.stringify(this.snapshot(what));
    },
    snapshot(what) {
      switch (what.what) {
        case "list": return { data: find_(what.q, what.sort, false).slice(0, what.limit) };
        case "conversation": return { ticket: find(what.conversation).ticket, items: find(what.conversation).timeline };
        case "counts": return Object.fromEntries(what.views.map((view) => [view.name, find_(view.q, "", false).length]));
        case "queues": return { data: queues.map(queueOf) };
        case "presence": return { data: agents.map((one) => ({ agent: named(one), presence: one.presence })) };
      }
    },
    change(what, memory) {
      if (what.what === "list") {
        const found = find_(what.q, what.sort, false).slice(0, what.limit);
        const order = found.map((ticket) => ticket.id);
        return { upserts: found, removes: memory.order.filter((one) => !order.includes(one)), order, has_more: order.length === what.limit };
      }
      if (what.what === "conversation") {
        const conversation = conversations.get(what.conversation);
        return conversation.ticket.version === memory.version ? null : { ticket: conversation.ticket, items: conversation.timeline.slice(memory.at) };
      }
      const now = this.snapshot(what);
      if (JSON.stringify(now) === memory) return null;
      // Of queues only those that differ.
      const before = JSON.parse(memory);
      return what.what === "queues" ? { data: now.data.filter((queue) => !before.data.some((old) => JSON.stringify(old) === JSON.stringify(queue))) } : now;
    },
  });

  function file(response, path) {
    const wanted = normalize(join(dist, path === "/" ? "index.html" : path));
    const there = wanted.startsWith(dist) && existsSync(wanted) && statSync(wanted).isFile() ? wanted : join(dist, "index.html");
    response.writeHead(200, { "Content-Type": types[extname(there)] ?? "application/octet-stream", "Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff" });
    createReadStream(there).pipe(response);
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://mock");
    if (!url.pathname.startsWith("/v1/")) return file(response, url.pathname);
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const sent = Buffer.concat(parts);
      let answer;
      try {
        if (request.method === "POST" && url.pathname === "/v1/attachments") {
          const known = { id: id("att"), name: decodeURIComponent(request.headers["parlance-file-name"]), type: request.headers["content-type"], size: sent.length };
          attachments.set(known.id, { ...known, bytes: sent });
          answer = [201, { id: known.id, size: known.size, sha256: "", expires_at: iso(Date.now() + 86_400_000) }];
        } else {
          answer = api(request, url, sent.length === 0 ? {} : JSON.parse(sent.toString()));
        }
      } catch (cause) {
        if (!(cause instanceof Refusal)) console.error(cause);
        const { status = 500, code = "internal", detail = "", more = {} } = cause;
        answer = [status, { type: "about:blank", title: cause.message, status, code, detail, trace_id: randomUUID().replaceAll("-", ""), errors: [], ...more }];
      }
      const [status, body, headers = {}] = answer;
      const plain = status === 204 ? "" : Buffer.isBuffer(body) || typeof body === "string" ? body : JSON.stringify(body);
      response.writeHead(status, {
        "Content-Type": status < 400 ? "application/json" : "application/problem+json", "Cache-Control": "no-store", "Parlance-Position": `1:0:${offset}`,
        "X-Content-Type-Options": "nosniff", ...headers,
      });
      response.end(plain);
    });
  });
  server.on("upgrade", (request, socket) => (request.url === "/v1/live" ? live.accept(request, socket) : socket.destroy()));

  return {
    inbound, commands, conversations, agents, live, token: bearer,
    /** Many conversations at once, without a request for each. */
    fill(count) {
      for (let at = 0; at < count; ++at) inbound({ channel: "email", account: "fill", message_id: `fill-${at}`, from: { name: `Customer ${at + 1}`, address: `fill${at}@example.org` }, text: `Question ${at + 1}`, subject: `Matter ${at + 1}`, language: "en" });
      live.changed();
    },
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
  const { peopleOf, seed } = await import("./seed.mjs");
  const mock = createMock();
  const url = await mock.listen(Number(process.env.PORT ?? 8090));
  const token = mock.token;
  await seed(url, token, peopleOf("demo"));
  console.log(`listening on ${url}`);
  console.log(`sign in: ${url}/#/sign-in/${mock.link()}`);
}
