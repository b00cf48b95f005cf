// What the server answers, in its own names. Times are RFC 3339 in UTC; versions and ticket numbers are strings,
// because they are 64-bit numbers. Open sets (kinds, states, channels) are typed as strings that may
// hold a value this page does not know yet: whatever switches over them has a default.

export type Time = string;

export interface Page {
  has_more: boolean;
  next: string | null;
}

export interface Listing<T> {
  data: T[];
  page: Page;
}

export interface Session {
  principal: { id: string; name: string; role: string };
  workspace: { id: string; name: string };
  expires_at: Time;
}

/** Whether the personal text of a thing can be shown: there, destroyed for good, or out of reach just now. */
export type Personal = "value" | "erased" | "unavailable";

export type State =
  | "new"
  | "open"
  | "waiting_customer"
  | "waiting_third_party"
  | "snoozed"
  | "resolved"
  | "closed"
  | "spam";

export type Priority = "low" | "normal" | "high" | "urgent";

export interface Named {
  id: string;
  name: string;
}

export interface FirstResponse {
  state: "none" | "running" | "met" | "breached" | "withdrawn";
  due_at: Time | null;
  at: Time | null;
  seconds: number | null;
}

export interface Ticket {
  id: string;
  number: string;
  version: string;
  state: State;
  queue: Named | null;
  assignee: Named | null;
  channel: string;
  account: string | null;
  language: string;
  priority: Priority;
  tags: Named[];
  requester: { id: string | null; name: string | null };
  subject_line: string | null;
  preview: string | null;
  personal: Personal;
  erased_on?: string;
  created_at: Time;
  updated_at: Time;
  last_message_at: Time | null;
  last_message_by: "customer" | "agent" | null;
  unanswered_since: Time | null;
  first_response: FirstResponse;
  resolved_at: Time | null;
  snoozed_until: Time | null;
  closes_at: Time | null;
  episode: number;
  reopened: number;
  messages: { received: number; replied: number; notes: number };
  participants?: { id: string; name: string | null }[];
}

export interface Actor {
  kind: "customer" | "agent" | "system" | "program";
  id: string | null;
  name: string | null;
}

export interface Attachment {
  name: string;
  type: string;
  size: number;
}

/** A message, a note or an act; the members of the first two are absent from an act. */
export interface Entry {
  id: string;
  kind: string;
  version: string;
  at: Time;
  recorded_at: Time;
  actor: Actor;
  direction?: "in" | "out";
  text?: string | null;
  html?: boolean;
  subject?: string | null;
  from?: { id: string | null; name: string | null; address?: string | null } | null;
  attachments?: Attachment[];
  delivery?: string;
  personal?: Personal;
  erased_on?: string;
  language?: string;
  details?: Record<string, unknown>;
}

export interface Queue {
  id: string;
  name: string;
  waiting: number;
  open: number;
  snoozed: number;
  oldest_waiting_at: Time | null;
  late: number;
}

export interface Agent {
  id: string;
  name: string;
  role: string;
  active: boolean;
}

export interface Done {
  id?: string;
  version?: string;
  position?: string;
}
