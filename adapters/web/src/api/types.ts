// What the server answers, in its own names. Times are RFC 3339 in UTC; versions and ticket numbers are strings,
// because they are 64-bit numbers. Open sets (kinds, states, channels) are typed as strings that may
// hold a value this page does not know yet: whatever switches over them has a default.

/** Something that is wrong with the server while it lasts. */
export interface Condition {
  name: string;
  severity: "notice" | "warning" | "failure";
  since: string;
  happened: string;
  safe: string;
  advice: string;
}

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

/** Whether the personal text of a thing can be shown: there, destroyed for good with its person's keys, destroyed
 *  singly by an agent, or out of reach just now. */
export type Personal = "value" | "erased" | "redacted" | "unavailable";

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
  state: "none" | "running" | "paused" | "met" | "breached" | "withdrawn";
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
  type?: Named | null;
  sub_state?: Named | null;
  fields?: Record<string, FieldValue>;
  team?: Named | null;
  mentions?: string[];
  drafts?: { agent: Named; updated_at: Time }[];
  ratings?: Rating[];
  undo?: { act: string; until: Time } | null;
  escalated?: boolean;
}

export type FieldValue = string | number | boolean | null;

export interface Rating {
  kind: string;
  score: number;
  at: Time;
  episode: number;
  comment: string | null;
}

export interface Actor {
  kind: "customer" | "agent" | "system" | "program";
  id: string | null;
  name: string | null;
}

export interface Attachment {
  id?: string;
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
  attachments?: Attachment[] | null;
  delivery?: string;
  personal?: Personal;
  erased_on?: string;
  language?: string;
  details?: Record<string, unknown>;
}

export interface Rule {
  kind: string;
  languages?: boolean;
  skills?: string[];
  team?: string | null;
  offer_seconds?: number | null;
}

export interface Queue {
  id: string;
  name: string;
  waiting: number;
  open: number;
  snoozed: number;
  oldest_waiting_at: Time | null;
  late: number;
  by_channel?: Record<string, number>;
  by_language?: Record<string, number>;
  rule?: Rule;
  version?: string;
}

export type Presence = "online" | "away" | "offline";

export interface Agent {
  id: string;
  name: string;
  role: string;
  active: boolean;
  email?: string | null;
  languages?: string[];
  skills?: Named[];
  teams?: Named[];
  capacity?: Record<string, number>;
  presence?: Presence;
  presence_since?: Time | null;
  load?: Record<string, number>;
  version?: string;
}

export interface Field extends Named {
  kind: "text" | "number" | "date" | "choice" | "boolean";
  choices?: string[];
  required_to_resolve?: boolean;
}

export interface WorkspaceSettings {
  version: string;
  first_response_seconds: number | null;
  auto_close_seconds: number | null;
  reopen_window_seconds: number;
  tags?: Named[];
  types?: Named[];
  fields?: Field[];
  sub_states?: (Named & { state: string })[];
}

export interface CannedReply extends Named {
  language: string;
  text: string;
  shortcut: string;
}

export interface Subject {
  id: string;
  name: string | null;
  identities: { channel: string; address: string | null }[];
  conversations: string[];
  personal: Personal;
  erased_on?: string;
}

export interface Assignment {
  at: Time;
  kind: string;
  agent: Named | null;
  queue: Named | null;
  rule?: { kind: string; version?: string } | null;
  candidates?: { agent: Named; load: number; capacity: number; score: number; excluded: string | null }[];
  reason?: string | null;
}

export interface Offer {
  id: string;
  conversation: Ticket;
  expires_at: Time;
}

export interface SavedView {
  id: string;
  name: string;
  q: string;
  sort: string | null;
  shared: boolean;
}

export interface Viewer {
  agent: Named;
  state: "viewing" | "idle" | "typing" | "left";
}

export interface Done {
  id?: string;
  version?: string;
  position?: string;
}
