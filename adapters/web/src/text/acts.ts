// An act of the timeline as a sentence. Kinds this page does not know yet are named as they are.

import type { Entry } from "../api/types";
import { t } from "./catalogue";
import { isolate, moment } from "./format";

export function actorName(entry: Entry, me: string): string {
  if (entry.actor.id !== null && entry.actor.id === me) return t.thread.you;
  if (entry.actor.name !== null && entry.actor.name !== "") return entry.actor.name;
  switch (entry.actor.kind) {
    case "customer": return t.thread.customer;
    case "system": return t.thread.system;
    case "program": return t.thread.program;
    default: return t.thread.someone;
  }
}

export function actSentence(entry: Entry, me: string, now: number): string {
  const who = isolate(actorName(entry, me));
  const details = entry.details ?? {};
  const time = (member: string) => (typeof details[member] === "string" ? moment(Date.parse(details[member]), now) : "");
  const words = t.acts;
  switch (entry.kind) {
    case "opened": return words.opened(who);
    case "assigned":
    case "claimed": {
      const agent = nameIn(details.agent);
      if (agent === "") return nameIn(details.queue) === "" ? words.assignedSelf(who) : words.assignedQueue(who, isolate(nameIn(details.queue)));
      return idIn(details.agent) === entry.actor.id ? words.assignedSelf(who) : words.assigned(who, idIn(details.agent) === me ? t.thread.you.toLowerCase() : isolate(agent));
    }
    case "unassigned": return words.unassigned(who);
    case "queue_changed": return words.queueChanged(who, isolate(nameIn(details.queue) || nameIn(details.to)));
    case "priority_changed": {
      const level = (member: unknown) => (typeof member === "string" ? (t.priorities[member] ?? member) : "");
      return level(details.from) === "" ? words.prioritySet(who, level(details.to)) : words.priorityChanged(who, level(details.from), level(details.to));
    }
    case "tags_changed": return words.tagsChanged(who, namesIn(details.added ?? details.add), namesIn(details.removed ?? details.remove));
    case "snoozed": return words.snoozed(who, time("until"));
    case "woken": return words.woken();
    case "waiting": return details.for === "third_party" ? words.waitingThirdParty(who) : words.waitingCustomer(who);
    case "resolved": return words.resolved(who);
    case "reopened": return words.reopened(who);
    case "closed": return words.closed(who);
    case "breached": return words.breached(time("due_at"));
    case "breach_withdrawn": return words.breachWithdrawn();
    case "subject_line_changed": return words.subjectLine(who);
    case "marked_spam":
    case "spam_marked": return words.spam(who);
    case "spam_unmarked": return words.notSpam(who);
    case "transferred": return words.transferred(who, goal(details));
    case "escalated": return words.escalated(who, goal(details));
    case "type_changed": return words.typeChanged(who, isolated(nameIn(details.type ?? details.to)));
    case "sub_state_changed": return words.subStateChanged(who, isolated(nameIn(details.sub_state ?? details.to)));
    case "fields_changed": return words.fieldsChanged(who, fieldNames(details.fields ?? details.changed));
    case "redacted": return words.redacted(who);
    case "undone": {
      const act = typeof details.act === "string" ? details.act : "";
      return words.undone(who, words.names[act] ?? act.replaceAll("_", " "));
    }
    case "rated": return words.rated(t.ratings[String(details.kind)] ?? String(details.kind ?? ""), String(details.score ?? ""));
    case "offered": return words.offered(isolated(nameIn(details.agent)));
    case "offer_declined": return words.offerDeclined(nameIn(details.agent) === "" ? who : isolated(nameIn(details.agent)));
    case "offer_expired": return words.offerExpired(isolated(nameIn(details.agent)));
    case "no_reply_needed": return words.noReply(who);
    default: return words.other(who, entry.kind.replaceAll("_", " "));
  }
}

export function actReason(entry: Entry): string | null {
  const reason = entry.details?.reason;
  return typeof reason === "string" && reason !== "" ? t.acts.reason(reason) : null;
}

const isNamed = (value: unknown): value is { id?: unknown; name?: unknown } => typeof value === "object" && value !== null;
const nameIn = (value: unknown): string => (typeof value === "string" ? value : isNamed(value) && typeof value.name === "string" ? value.name : "");
const idIn = (value: unknown): string | null => (isNamed(value) && typeof value.id === "string" ? value.id : null);
const namesIn = (value: unknown): string => (Array.isArray(value) ? value.map(nameIn).filter(Boolean).map(isolate).join(", ") : "");
const isolated = (name: string) => (name === "" ? "" : isolate(name));
/** Where something went, the narrowest first. */
const goal = (details: Record<string, unknown>) => isolated(nameIn(details.agent) || nameIn(details.team) || nameIn(details.queue));

/** Fields come as a list of names or things with names, or as an object of values under their names. */
function fieldNames(value: unknown): string {
  if (Array.isArray(value)) return value.map((one) => isolated(nameIn(one) || nameIn((one as { field?: unknown } | null)?.field))).filter(Boolean).join(", ");
  return typeof value === "object" && value !== null ? Object.keys(value).map(isolated).join(", ") : "";
}
