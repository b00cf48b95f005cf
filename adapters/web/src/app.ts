// The page's parts put together: one of each, made from the outside world handed in, so that a test makes its own.
// Components read the signals here and call the functions; none of them talks to the server itself.

import { batch, computed, effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { createClient, Problem, Unreachable, type Client, type Outside } from "./api/client";
import type { Agent, Done, Entry, Listing, Queue, Session } from "./api/types";
import { createClock, type Clock } from "./state/clock";
import { createConversation, type Conversation } from "./state/conversation";
import { createDrafts, store, type Drafts, type Mode } from "./state/drafts";
import { createTicketList, type TicketList } from "./state/list";
import { createOutbox, type Outbox } from "./state/outbox";
import { createPoller, type Poller, type Visibility } from "./state/poller";
import { createRouter, formatRoute, sameFilter, everything, type Filter, type Router } from "./state/route";
import { createSettings, type Settings } from "./state/settings";
import { t } from "./text/catalogue";
import { isolate, moment } from "./text/format";

const list_poll_ms = 2000;
const conversation_poll_ms = 2000;
const queues_poll_ms = 4000;
const agents_poll_ms = 60_000;
/** From here on the context has room beside the thread; the style sheet knows the same width. */
const details_beside = "(min-width: 1240px)";
const toast_ms = 6000;
const agent_key = "parlance.agent";

export interface Toast {
  id: number;
  tone: "done" | "waiting" | "failed";
  title: string;
  detail: string;
  traceId: string;
  action: { label: string; run: () => void } | null;
}

export type SessionState =
  | { is: "unknown" }
  | { is: "out"; problem: unknown; why: "start" | "link" | "token" | "ended" }
  | { is: "in"; session: Session };

export interface App {
  readonly session: ReadonlySignal<SessionState>;
  /** offline: the browser says so; trouble: the server does not answer. */
  readonly connection: ReadonlySignal<"ok" | "offline" | "trouble">;
  readonly clock: Clock;
  readonly router: Router;
  readonly filter: ReadonlySignal<Filter>;
  readonly list: TicketList;
  readonly conversation: Conversation;
  readonly drafts: Drafts;
  readonly mode: Signal<Mode>;
  readonly outbox: Outbox;
  readonly settings: Settings;
  readonly queues: ReadonlySignal<Queue[]>;
  readonly agents: ReadonlySignal<Agent[]>;
  readonly toasts: ReadonlySignal<Toast[]>;
  /** What the polite live region says. */
  readonly spoken: ReadonlySignal<string>;
  readonly commanding: ReadonlySignal<boolean>;
  /** While any of these holds, somebody is at the list and its rows stay where they are. */
  readonly atList: { pointer: boolean; focus: boolean; scrolled: boolean };
  readonly dialog: Signal<"none" | "shortcuts" | "snooze">;
  client: Client;
  signInWithToken(token: string): Promise<void>;
  signOut(): Promise<void>;
  open(id: string | null): void;
  filterBy(change: Partial<Filter>): void;
  send(mode: Mode): void;
  /** Runs a command on the open conversation and shows its effect. */
  act(verb: string, body: unknown, done: string, undo?: Toast["action"]): Promise<boolean>;
  claim(): void;
  resolve(): void;
  reopen(): void;
  snooze(until: number): void;
  dismiss(id: number): void;
  retryNow(): void;
  start(): void;
}

export interface World {
  page: Window;
  outside: Outside;
  visibility: Visibility;
  tabStorage: Storage;
  lastingStorage: Storage;
}

export function createApp(world: World): App {
  const session = signal<SessionState>({ is: "unknown" });
  const reached = signal(true);
  const network = signal(world.page.navigator.onLine !== false);
  const connection = computed(() => (!network.value ? "offline" : reached.value ? "ok" : "trouble"));
  const toasts = signal<Toast[]>([]);
  const spoken = signal("");
  const queues = signal<Queue[]>([]);
  const agents = signal<Agent[]>([]);
  const running = signal(0);
  const mode = signal<Mode>("reply");
  const dialog = signal<"none" | "shortcuts" | "snooze">("none");
  const atList = { pointer: false, focus: false, scrolled: false };
  const clock = createClock();
  const router = createRouter(world.page);
  const settings = createSettings(world.lastingStorage, world.page.matchMedia(details_beside).matches);
  const drafts = createDrafts(world.tabStorage);
  let pollers: Poller[] = [];
  let toastId = 0;
  let misses = 0;

  const client = createClient(world.outside, {
    onReached(serverTime) {
      misses = 0;
      reached.value = true;
      if (serverTime !== null) clock.learn(serverTime);
    },
    onUnreachable() {
      // One lost request among several is no reason for a banner.
      if (++misses >= 2) reached.value = false;
    },
    onSignedOut() {
      if (session.peek().is === "in") end("ended", null);
    },
  });

  const filter = computed<Filter>((() => {
    // The same object as long as the filter says the same, whatever else changes in the address.
    let last = everything;
    return () => {
      const route = router.route.value;
      if (route.page === "conversations" && !sameFilter(route.filter, last)) last = route.filter;
      return last;
    };
  })());

  const list = createTicketList(client, () => atList.pointer || atList.focus || atList.scrolled);
  const conversation = createConversation({
    client,
    onTicket: (ticket) => list.learn(ticket),
    onArrived: announce,
  });
  const outbox = createOutbox({
    client,
    storage: world.tabStorage,
    newKey: world.outside.newKey,
    now: () => clock.read(),
    onSent(item, done) {
      speak(item.mode === "reply" ? t.composer.sent : t.composer.noted);
      void reread(item.conversation, done.position);
    },
    onFailed: (_item, cause) => failed(cause),
  });

  function speak(text: string) {
    spoken.value = text;
  }

  function announce(entries: Entry[]) {
    const written = entries.filter((entry) => entry.kind === "message" && entry.direction === "in");
    const last = written[written.length - 1];
    if (last !== undefined) speak(t.thread.arrived(isolate(last.actor.name ?? last.from?.name ?? t.thread.customer)));
  }

  function toast(members: Partial<Toast> & Pick<Toast, "tone" | "title">) {
    const one: Toast = { id: ++toastId, detail: "", traceId: "", action: null, ...members };
    toasts.value = [...toasts.value.filter((other) => other.tone === "failed"), one].slice(-4);
    // A failure stays until it is dismissed: its trace id is there to be copied.
    if (one.tone !== "failed") void world.outside.pause(toast_ms).then(() => dismiss(one.id));
  }

  function dismiss(id: number) {
    toasts.value = toasts.value.filter((one) => one.id !== id);
  }

  function failed(cause: unknown) {
    if (cause instanceof Problem) {
      if (cause.status === 401) return;
      toast({ tone: "failed", title: cause.title, detail: cause.detail, traceId: cause.traceId });
    } else {
      toast({ tone: "failed", title: cause instanceof Unreachable ? t.app.unreachable : t.app.failed });
    }
  }

  /** Shows what a command has changed: everything on the page that may say otherwise is read again. */
  async function reread(id: string, position: string | undefined) {
    const reads: Promise<unknown>[] = [list.refresh(position), readQueues(position)];
    if (conversation.id.peek() === id) reads.push(conversation.refresh(position));
    await Promise.allSettled(reads);
  }

  async function readQueues(atLeast?: string) {
    queues.value = (await client.read<{ data: Queue[] }>("/v1/queues", {}, { atLeast })).data;
  }

  async function readAgents() {
    agents.value = (await client.read<Listing<Agent>>("/v1/agents")).data;
  }

  async function act(verb: string, body: unknown, done: string, undo: Toast["action"] = null): Promise<boolean> {
    const id = conversation.id.peek();
    if (id === null) return false;
    running.value += 1;
    try {
      const answer = await client.command<Done>(`/v1/conversations/${encodeURIComponent(id)}/${verb}`, body, {
        onRetry: (cause) => toast({ tone: "waiting", title: cause instanceof Problem ? t.app.busy : t.app.trouble }),
      });
      await reread(id, answer?.position);
      speak(done);
      toast({ tone: "done", title: done, action: undo });
      return true;
    } catch (cause) {
      failed(cause);
      // A refusal often means that somebody else was faster: show what is there now.
      if (conversation.id.peek() === id) await conversation.refresh().catch(() => undefined);
      return false;
    } finally {
      running.value -= 1;
    }
  }

  async function signIn(with_: { link: string } | { token: string }, why: "link" | "token") {
    try {
      enter(await client.command<Session>("/v1/session", with_));
    } catch (cause) {
      session.value = { is: "out", problem: cause, why };
    }
  }

  function enter(entered: Session) {
    // Another person in the same tab does not find what the one before had typed.
    const before = world.tabStorage.getItem(agent_key);
    if (before !== null && before !== entered.principal.id) {
      drafts.clear();
      outbox.clear();
    }
    store(world.tabStorage, agent_key, entered.principal.id);
    session.value = { is: "in", session: entered };
  }

  async function resume() {
    try {
      enter(await client.read<Session>("/v1/session"));
    } catch (cause) {
      const problem = cause instanceof Problem && cause.status === 401 ? null : cause;
      session.value = { is: "out", problem, why: "start" };
    }
  }

  function end(why: "ended" | "start", problem: unknown) {
    pollers.forEach((poller) => poller.stop());
    pollers = [];
    batch(() => {
      toasts.value = [];
      session.value = { is: "out", problem, why };
    });
  }

  function open(id: string | null) {
    router.go(formatRoute(id, filter.peek()));
  }

  function claim() {
    const current = session.peek();
    const ticket = conversation.ticket.peek();
    if (current.is !== "in" || ticket === null || ticket.assignee?.id === current.session.principal.id) return;
    // To claim is to take what nobody has; what a colleague has is assigned over.
    void (ticket.assignee === null
      ? act("claim", {}, t.actions.done.assign)
      : act("assign", { agent: current.session.principal.id }, t.actions.done.assign));
  }

  const undoable = (label: string, run: () => void) => ({ label, run });

  const app: App = {
    session, connection, clock, router, filter, list, conversation, drafts, mode, outbox, settings, queues, agents,
    toasts, spoken, atList, dialog, client, act, claim, open, dismiss,
    commanding: computed(() => running.value > 0),
    signInWithToken: (token) => signIn({ token }, "token"),
    async signOut() {
      await client.command("/v1/session", undefined, { method: "DELETE" }).catch(failed);
      drafts.clear();
      outbox.clear();
      end("start", null);
      list.clear();
      conversation.open(null);
      router.replace("#/");
    },
    filterBy(change) {
      const route = router.route.peek();
      router.go(formatRoute(route.page === "conversations" ? route.id : null, { ...filter.peek(), ...change }));
    },
    send(kind) {
      const id = conversation.id.peek();
      if (id === null) return;
      const text = drafts.of(id, kind).peek().trim();
      if (text === "") return;
      outbox.send(id, kind, text);
      drafts.write(id, kind, "");
    },
    resolve() {
      const id = conversation.id.peek();
      void act("resolve", {}, t.actions.done.resolve, undoable(t.actions.reopen, () => {
        if (id !== null) open(id);
        app.reopen();
      }));
    },
    reopen() {
      void act("reopen", {}, t.actions.done.reopen);
    },
    snooze(until) {
      void act("snooze", { until: new Date(until).toISOString() }, t.actions.done.snooze(moment(until, clock.read())));
    },
    retryNow() {
      pollers.forEach((poller) => poller.poke());
      if (session.peek().is === "out") void resume();
    },
    start() {
      world.page.setInterval(() => clock.tick(), 1000);
      const online = () => (network.value = world.page.navigator.onLine !== false);
      world.page.addEventListener("online", online);
      world.page.addEventListener("offline", online);
      world.page.addEventListener("beforeunload", (event) => {
        if (outbox.pending.peek() > 0) event.preventDefault();
      });

      effect(() => {
        const route = router.route.value;
        if (route.page === "sign-in") {
          const token = route.token;
          // First out of the address bar and the history, then used.
          router.replace("#/conversations");
          session.value = { is: "unknown" };
          void signIn({ link: token }, "link");
          return;
        }
        if (conversation.id.peek() !== route.id) mode.value = "reply";
        conversation.open(route.id);
        list.show(filter.value);
        pollers.forEach((poller) => poller.poke());
      });

      effect(() => {
        const signedIn = session.value.is === "in";
        if (signedIn && pollers.length === 0) {
          pollers = [
            createPoller(list_poll_ms, () => list.refresh(), world.visibility),
            createPoller(conversation_poll_ms, () => conversation.refresh(), world.visibility),
            createPoller(queues_poll_ms, () => readQueues(), world.visibility),
            createPoller(agents_poll_ms, readAgents, world.visibility),
          ];
        }
      });

      effect(() => {
        const count = list.news.value;
        if (count > 0) speak(t.list.arrived(count));
      });

      if (session.peek().is === "unknown" && !arrivedByLink) void resume();
    },
  };
  const arrivedByLink = router.route.peek().page === "sign-in";
  return app;
}

export const AppContext = createContext<App>(undefined as unknown as App);
export const useApp = () => useContext(AppContext);
