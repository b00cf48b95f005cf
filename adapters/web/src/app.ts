// The page's parts put together: one of each, made from the outside world handed in, so that a test makes its own.
// Components read the signals here and call the functions; none of them talks to the server by itself.

import { computed, effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { createClient, Problem, type Client, type Outside } from "./api/client";
import type { Agent, Done, Entry, Presence, Queue, SavedView, Ticket } from "./api/types";
import type { Upload } from "./api/upload";
import { createClock, type Clock } from "./state/clock";
import { createConditions, type Conditions } from "./state/conditions";
import { createConversation, type Conversation } from "./state/conversation";
import { createDesk, type Desk } from "./state/desk";
import { createDrafts, type Drafts, type Mode } from "./state/drafts";
import { createHistory, type History } from "./state/history";
import { createTicketList, queryOf, refreshed_max, sortOf, type ListChange, type TicketList } from "./state/list";
import { createLive, type Live, type Socket, type Subscription } from "./state/live";
import { createNotices, type Notices } from "./state/notices";
import { createOutbox, type Outbox } from "./state/outbox";
import { createPoller, type Poller, type Visibility } from "./state/poller";
import { formatTerms, isPrivate, joinTerms, parseTerms } from "./state/query";
import { createRouter, everything, formatRoute, now as present, sameFilter, type Filter, type Look, type Router } from "./state/route";
import { createDoor, type SessionState } from "./state/session";
import { createSettings, type Settings } from "./state/settings";
import { createUploads, type Uploads } from "./state/uploads";
import { createViews, type Views } from "./state/views";
import { t } from "./text/catalogue";
import { isolate, moment } from "./text/format";

const list_poll_ms = 2000;
const conversation_poll_ms = 2000;
const queues_poll_ms = 4000;
const counts_poll_ms = 6000;
const offers_poll_ms = 4000;
const agents_poll_ms = 10_000;
const conditions_poll_ms = 15_000;
const lasting_poll_ms = 120_000;
/** While the server tells changes by itself, reading them is only a safety net. */
const told_poll_ms = 30_000;
const typing_ms = 5000;
/** So long leaving waits for what is still on its way. */
const leave_patience_ms = 5000;
/** From here on the context has room beside the thread; the style sheet knows the same width. */
const details_beside = "(min-width: 1240px)";

export type Dialog =
  | { is: "none" | "shortcuts" | "palette" | "snooze" | "assign" | "transfer" | "escalate" | "tags" | "type" | "sub_state" | "subject_line" }
  | { is: "view"; view: SavedView | null }
  | { is: "redact"; message: string };

export interface ActOptions {
  /** Sends the version the agent saw, for acts that would otherwise write over a colleague's. */
  ifMatch?: boolean;
}

export interface App {
  readonly session: ReadonlySignal<SessionState>;
  readonly me: ReadonlySignal<string>;
  /** This agent as the desk knows them; null for a principal that is none. */
  readonly myself: ReadonlySignal<Agent | null>;
  /** offline: the browser says so; trouble: the server does not answer. */
  readonly connection: ReadonlySignal<"ok" | "offline" | "trouble">;
  readonly clock: Clock;
  readonly conditions: Conditions;
  readonly router: Router;
  readonly filter: ReadonlySignal<Filter>;
  readonly list: TicketList;
  readonly conversation: Conversation;
  readonly history: History;
  readonly drafts: Drafts;
  readonly uploads: Uploads;
  readonly mode: ReadonlySignal<Mode>;
  readonly outbox: Outbox;
  readonly settings: Settings;
  readonly desk: Desk;
  readonly views: Views;
  readonly live: Live;
  readonly notices: Notices;
  /** A conversation as it is now is looked at, not its past and no other page. */
  readonly present: ReadonlySignal<boolean>;
  readonly commanding: ReadonlySignal<boolean>;
  /** Conversations chosen for one act on all of them. */
  readonly selection: Signal<ReadonlySet<string>>;
  /** Agents named in the note being written, by what stands for them in the text. */
  readonly mentions: Map<string, string>;
  /** While any of these holds, somebody is at the list and its rows stay where they are. */
  readonly atList: { pointer: boolean; focus: boolean; scrolled: boolean };
  readonly dialog: Signal<Dialog>;
  client: Client;
  signInWithToken(token: string): Promise<void>;
  signOut(): Promise<void>;
  open(id: string | null): void;
  /** The address of a conversation beside the list as it is. */
  addressOf(id: string | null, look?: Partial<Look>): string;
  look(change: Partial<Look>): void;
  choose(mode: Mode): void;
  filterBy(change: Partial<Filter>): void;
  send(mode: Mode): void;
  typing(): void;
  /** Runs a command on the open conversation and shows its effect. */
  act(verb: string, body: unknown, done: string, options?: ActOptions): Promise<boolean>;
  /** Runs a command of the desk or the settings; `reread` brings what it changed. */
  command(path: string, body: unknown, done: string, reread: (atLeast?: string) => Promise<unknown>, ifMatch?: string): Promise<boolean>;
  actOnSelection(verb: string, body: unknown, done: (n: number) => string): Promise<void>;
  claim(): void;
  resolve(): void;
  reopen(): void;
  snooze(until: number): void;
  undo(): void;
  setPresence(presence: Presence): void;
  answerOffer(conversation: string, verb: "accept" | "decline"): Promise<void>;
  retryNow(): void;
  start(): void;
}

export interface World {
  page: Window;
  outside: Outside;
  upload: Upload;
  connect(): Socket;
  visibility: Visibility;
  tabStorage: Storage;
  lastingStorage: Storage;
}

export function createApp(world: World): App {
  const reached = signal(true);
  const network = signal(world.page.navigator.onLine !== false);
  const connection = computed(() => (!network.value ? "offline" : reached.value ? "ok" : "trouble"));
  const running = signal(0);
  const dialog = signal<Dialog>({ is: "none" });
  const selection = signal<ReadonlySet<string>>(new Set());
  const mentions = new Map<string, string>();
  const atList = { pointer: false, focus: false, scrolled: false };
  const clock = createClock();
  const router = createRouter(world.page);
  const settings = createSettings(world.lastingStorage, world.page.matchMedia(details_beside).matches);
  const notices = createNotices(world.outside.pause);
  const timers = {
    setTimeout: (run: () => void, ms: number) => world.page.setTimeout(run, ms),
    clearTimeout: (timer: number | undefined) => world.page.clearTimeout(timer),
  };
  // Terms that name a person are part of the filter, and of no address.
  const unaddressed = signal("");
  let pollers: Poller[] = [];
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
    onSignedOut: () => door.ended(),
  });
  const drafts = createDrafts({ storage: world.tabStorage, client, ...timers });
  const uploads = createUploads(world.upload, world.outside.newKey);
  const live = createLive({ connect: world.connect, now: () => Date.now(), ...timers });
  const desk = createDesk(client);
  const conditions = createConditions(client);
  const views = createViews(client);
  const door = createDoor({
    client, tabStorage: world.tabStorage, onOther: forgetTyped, onFailed: notices.failed,
    onOut() {
      pollers.forEach((poller) => poller.stop());
      pollers = [];
      views.deaf();
      live.stop();
      notices.clear();
      conditions.clear();
    },
  });
  const session = door.state;
  const me = computed(() => (session.value.is === "in" ? session.value.session.principal.id : ""));
  const myself = computed(() => desk.agents.value.find((agent) => agent.id === me.value) ?? null);

  const filter = computed<Filter>((() => {
    // The same object as long as the filter says the same, whatever else changes in the address.
    let last = everything;
    return () => {
      const route = router.route.value;
      if (route.page !== "conversations") return last;
      const next = { ...route.filter, q: joinTerms(route.filter.q, unaddressed.value) };
      if (!sameFilter(next, last)) last = next;
      return last;
    };
  })());
  const mode = computed<Mode>(() => (router.route.value.page === "conversations" ? router.route.value.look.tab : "reply"));
  const wantedPast = computed<{ id: string; at: string } | null>((() => {
    let last: { id: string; at: string } | null = null;
    return () => {
      const route = router.route.value;
      const next = route.page === "conversations" && route.id !== null && route.look.at !== null && session.value.is === "in" ? { id: route.id, at: route.look.at } : null;
      if (JSON.stringify(next) !== JSON.stringify(last)) last = next;
      return last;
    };
  })());

  const list = createTicketList(client, () => atList.pointer || atList.focus || atList.scrolled);
  const conversation = createConversation({ client, onTicket: (ticket) => list.learn(ticket), onArrived: announce });
  const history = createHistory({ client, wanted: wantedPast, ...timers });
  const outbox = createOutbox({
    client,
    storage: world.tabStorage,
    newKey: world.outside.newKey,
    now: () => clock.read(),
    onSent(item, done) {
      notices.speak(item.mode === "reply" ? t.composer.sent : t.composer.noted);
      void reread(item.conversation, done?.position);
    },
    onFailed: (_item, cause) => notices.failed(cause),
    onChanged(item) {
      notices.speak(t.composer.changed);
      void reread(item.conversation, undefined);
    },
  });

  function announce(entries: Entry[]) {
    const written = entries.filter((entry) => entry.kind === "message" && entry.direction === "in");
    const last = written[written.length - 1];
    if (last !== undefined) notices.speak(t.thread.arrived(isolate(last.actor.name ?? last.from?.name ?? t.thread.customer)));
  }

  function forgetTyped() {
    drafts.clear();
    outbox.clear();
    uploads.clear();
  }

  const lookNow = (): Look => {
    const route = router.route.peek();
    return route.page === "conversations" ? route.look : present;
  };

  /** Shows what a command has changed: everything on the page that may say otherwise is read again. */
  async function reread(id: string, position: string | undefined) {
    const reads: Promise<unknown>[] = [list.refresh(position), desk.readQueues(position)];
    if (conversation.id.peek() === id) reads.push(conversation.refresh(position));
    if (!views.told()) reads.push(views.count());
    await Promise.allSettled(reads);
  }

  /** Resolves when the server has answered everything that was sent. */
  const drained = () => new Promise<void>((resolve) => {
    const stop = outbox.pending.subscribe((count) => {
      if (count > 0) return;
      resolve();
      queueMicrotask(() => stop());
    });
  });

  const onRetry = (cause: unknown) => notices.tell({ tone: "waiting", title: cause instanceof Problem ? t.app.busy : t.app.trouble });

  async function run(id: string, verb: string, body: unknown, done: string, ifMatch?: string): Promise<boolean> {
    running.value += 1;
    try {
      const answer = await client.command<Done>(`/v1/conversations/${encodeURIComponent(id)}/${verb}`, body, {
        onRetry, ...(ifMatch === undefined ? {} : { ifMatch }),
      });
      await reread(id, answer?.position);
      notices.speak(done);
      // What the server can take back, the page offers to.
      const undo = conversation.ticket.peek()?.id === id ? conversation.ticket.peek()?.undo : null;
      const undoable = verb !== "undo" && undo != null && Date.parse(undo.until) > clock.read();
      notices.tell({ tone: "done", title: done, action: undoable ? { label: t.actions.undo, run: () => void run(id, "undo", {}, t.actions.done.undo) } : null });
      return true;
    } catch (cause) {
      notices.failed(cause);
      // A refusal often means that somebody else was faster: show what is there now.
      if (conversation.id.peek() === id) await conversation.refresh().catch(() => undefined);
      return false;
    } finally {
      running.value -= 1;
    }
  }

  async function act(verb: string, body: unknown, done: string, options: ActOptions = {}): Promise<boolean> {
    const ticket = conversation.ticket.peek();
    if (ticket === null) return false;
    return run(ticket.id, verb, body, done, options.ifMatch === true ? ticket.version : undefined);
  }

  let watching: number | undefined;
  function watch(as: "viewing" | "typing") {
    const id = conversation.id.peek();
    timers.clearTimeout(watching);
    live.watch(id, as === "viewing" && !world.visibility.visible() ? "idle" : as);
    if (as === "typing") watching = timers.setTimeout(() => watch("viewing"), typing_ms);
  }

  /** Listens to what is looked at; polling rests where the server tells by itself. */
  function listen() {
    let ofList: Subscription | null = null;
    let ofConversation: Subscription | null = null;
    let conversationOf: string | null = null;
    const pace = (told: () => boolean, ms: number) => () => (told() ? told_poll_ms : ms);
    const listPoller = createPoller(pace(() => ofList?.on.peek() === true, list_poll_ms), () => list.refresh(), world.visibility);
    const conversationPoller = createPoller(pace(() => ofConversation?.on.peek() === true, conversation_poll_ms), () => conversation.refresh(), world.visibility);
    const ofQueues = live.subscribe({ what: "queues" }, (kind, data) => {
      if (isListing(data)) desk.takeQueues(data.data as Queue[], kind === "snapshot");
    });
    const queuePoller = createPoller(pace(() => ofQueues.on.peek(), queues_poll_ms), () => desk.readQueues(), world.visibility);
    views.listen(live);
    pollers = [
      listPoller, conversationPoller, queuePoller,
      createPoller(() => agents_poll_ms, () => desk.readAgents(), world.visibility),
      createPoller(pace(() => views.told(), counts_poll_ms), () => views.count(), world.visibility),
      createPoller(() => offers_poll_ms, () => desk.readOffers(), world.visibility),
      createPoller(() => conditions_poll_ms, () => conditions.refresh(), world.visibility),
      createPoller(() => lasting_poll_ms, async () => {
        await Promise.all([views.refresh(), desk.readSettings(), desk.readCanned(), desk.readTeams()]);
      }, world.visibility),
    ];
    const stops = [
      effect(() => {
        const wanted = filter.value;
        ofList?.stop();
        ofList = live.subscribe({ what: "list", q: queryOf(wanted), sort: sortOf(wanted), limit: refreshed_max }, (kind, data) => {
          // The first snapshot says what was read a moment ago; after a lost connection it may say more.
          if (kind !== "change" || !isObject(data) || !list.push(data as ListChange)) listPoller.poke();
        });
      }),
      effect(() => {
        const id = conversation.id.value;
        if (id === conversationOf) return;
        conversationOf = id;
        ofConversation?.stop();
        ofConversation = id === null ? null : live.subscribe({ what: "conversation", conversation: id }, (kind, data) => {
          if (kind === "change" && isObject(data)) conversation.push(data as { ticket?: Ticket; items?: Entry[] });
          else conversationPoller.poke();
        });
        watch("viewing");
      }),
      effect(() => {
        if (live.state.value !== "on") pollers.forEach((poller) => poller.poke());
      }),
      world.visibility.onChange(() => watch("viewing")),
    ];
    live.start();
    pollers.push({
      poke() {},
      stop() {
        stops.forEach((stop) => stop());
        [ofList, ofConversation, ofQueues].forEach((one) => one?.stop());
      },
    });
  }

  const app: App = {
    session, me, myself, connection, clock, conditions, router, filter, list, conversation, history, drafts, uploads, mode, outbox, settings, desk, views,
    live, notices, selection, mentions, atList, dialog, client, act,
    present: computed(() => router.route.value.page === "conversations" && router.route.value.look.at === null),
    commanding: computed(() => running.value > 0),
    signInWithToken: (token) => door.enterWith({ token }, "token"),
    async signOut() {
      // Nothing that was sent is left behind: what is held goes now, and while something has not gone nobody leaves.
      outbox.items.peek().filter((item) => item.state === "held").forEach((item) => outbox.release(item.key));
      await Promise.race([Promise.all([drained(), drafts.flush()]), world.outside.pause(leave_patience_ms)]);
      const left = outbox.items.peek().filter((item) => item.state !== "sent").length;
      if (left > 0) {
        notices.tell({ tone: "failed", title: t.rail.notYet(left) });
        return;
      }
      await door.leave();
      forgetTyped();
      list.clear();
      desk.clear();
      views.clear();
      selection.value = new Set();
      unaddressed.value = "";
      dialog.value = { is: "none" };
      conversation.open(null);
      router.replace("#/");
    },
    open(id) {
      router.go(formatRoute(id, filter.peek()));
    },
    addressOf: (id, look = {}) => formatRoute(id, filter.value, { ...present, ...look }),
    look(change) {
      const route = router.route.peek();
      if (route.page === "conversations") router.replace(formatRoute(route.id, filter.peek(), { ...route.look, ...change }));
    },
    choose(next) {
      app.look({ tab: next });
    },
    filterBy(change) {
      const route = router.route.peek();
      const next = { ...filter.peek(), ...change };
      unaddressed.value = formatTerms(parseTerms(next.q).filter(isPrivate));
      selection.value = new Set();
      router.go(formatRoute(route.page === "conversations" ? route.id : null, next, lookNow()));
    },
    send(kind) {
      const ticket = conversation.ticket.peek();
      if (ticket === null) return;
      const text = drafts.of(ticket.id, kind).peek().trim();
      const mine = uploads.items.peek().filter((item) => item.conversation === ticket.id && item.mode === kind);
      // A file that has not arrived would be left behind.
      if (mine.some((item) => item.state !== "ready") || (text === "" && mine.length === 0)) return;
      const hold = kind === "reply" ? settings.undoSeconds.peek() * 1000 : 0;
      const named = [...mentions].filter(([name]) => text.includes(name)).map(([, id]) => id);
      outbox.send(ticket.id, kind, {
        text, attachments: uploads.take(ticket.id, kind), mentions: kind === "note" ? named : [],
        seenVersion: kind === "reply" ? ticket.version : null, holdUntil: hold === 0 ? null : clock.read() + hold,
      });
      drafts.write(ticket.id, kind, "");
      mentions.clear();
      if (hold !== 0) notices.speak(t.composer.held(hold / 1000));
      watch("viewing");
    },
    typing: () => watch("typing"),
    async command(path, body, done, again, ifMatch) {
      running.value += 1;
      try {
        const answer = await client.command<Done | undefined>(path, body, { onRetry, ...(ifMatch === undefined ? {} : { ifMatch }) });
        await again(answer?.position).catch(() => undefined);
        notices.speak(done);
        notices.tell({ tone: "done", title: done });
        return true;
      } catch (cause) {
        notices.failed(cause);
        return false;
      } finally {
        running.value -= 1;
      }
    },
    async actOnSelection(verb, body, done) {
      const ids = [...selection.peek()];
      running.value += 1;
      const positions: string[] = [];
      let refused: unknown = null;
      let count = 0;
      try {
        for (const id of ids) {
          try {
            const answer = await client.command<Done>(`/v1/conversations/${encodeURIComponent(id)}/${verb}`, body, { onRetry });
            if (answer?.position !== undefined) positions.push(answer.position);
            count += 1;
            selection.value = new Set([...selection.peek()].filter((one) => one !== id));
          } catch (cause) {
            // Those that are refused stay selected, and the first reason is told.
            refused ??= cause;
            if (!(cause instanceof Problem)) break;
          }
        }
        if (refused !== null) notices.failed(refused);
        if (count > 0) notices.tell({ tone: "done", title: done(count) });
        await reread(conversation.id.peek() ?? "", positions.slice(-64).join(",") || undefined);
        list.apply();
      } finally {
        running.value -= 1;
      }
    },
    claim() {
      const ticket = conversation.ticket.peek();
      if (me.peek() === "" || ticket === null || ticket.assignee?.id === me.peek()) return;
      // To claim is to take what nobody has; what a colleague has is assigned over.
      void (ticket.assignee === null
        ? act("claim", {}, t.actions.done.assign)
        : act("assign", { agent: me.peek() }, t.actions.done.assign));
    },
    resolve() {
      void act("resolve", {}, t.actions.done.resolve);
    },
    reopen() {
      void act("reopen", {}, t.actions.done.reopen);
    },
    snooze(until) {
      void act("snooze", { until: new Date(until).toISOString() }, t.actions.done.snooze(moment(until, clock.read())));
    },
    undo() {
      void act("undo", {}, t.actions.done.undo);
    },
    setPresence(presence) {
      if (me.peek() === "") return;
      void app.command(`/v1/agents/${encodeURIComponent(me.peek())}/presence`, { presence }, t.presence.done[presence], desk.readAgents);
    },
    async answerOffer(id, verb) {
      const ok = await run(id, verb, {}, verb === "accept" ? t.offers.accepted : t.offers.declined);
      await desk.readOffers().catch(() => undefined);
      if (ok && verb === "accept") app.open(id);
    },
    retryNow() {
      pollers.forEach((poller) => poller.poke());
      live.poke();
      if (session.peek().is === "out") void door.resume();
    },
    start() {
      world.page.setInterval(() => {
        clock.tick();
        outbox.tick(clock.read());
      }, 1000);
      const online = () => {
        network.value = world.page.navigator.onLine !== false;
        live.poke();
      };
      world.page.addEventListener("online", online);
      world.page.addEventListener("offline", online);
      world.page.addEventListener("beforeunload", (event) => {
        if (outbox.pending.peek() > 0) event.preventDefault();
      });

      effect(() => {
        const theme = settings.theme.value;
        if (theme === "system") delete world.page.document.documentElement.dataset.theme;
        else world.page.document.documentElement.dataset.theme = theme;
      });

      effect(() => {
        const route = router.route.value;
        if (route.page === "sign-in") {
          const token = route.token;
          // First out of the address bar and the history, then used.
          router.replace("#/conversations");
          door.wait();
          void door.enterWith({ link: token }, "link");
          return;
        }
        if (route.page !== "conversations") return;
        conversation.open(route.id);
        list.show(filter.value);
      });

      // Only a change of what is looked at is a reason to read at once, not a change of tab or version.
      const looked = computed(() => `${conversation.id.value} ${JSON.stringify(filter.value)}`);
      effect(() => {
        if (looked.value !== "") pollers.forEach((poller) => poller.poke());
      });

      effect(() => {
        if (session.value.is === "in" && pollers.length === 0) listen();
      });

      effect(() => {
        const count = list.news.value;
        if (count > 0) notices.speak(t.list.arrived(count));
      });

      if (session.peek().is === "unknown" && !arrivedByLink) void door.resume();
    },
  };
  const arrivedByLink = router.route.peek().page === "sign-in";
  return app;
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const isListing = (value: unknown): value is { data: unknown[] } => isObject(value) && "data" in value && Array.isArray(value.data);

export const AppContext = createContext<App>(undefined as unknown as App);
export const useApp = () => useContext(AppContext);
