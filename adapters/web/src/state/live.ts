// What the server tells by itself, over one WebSocket for everything that is looked at.
//
// A caller may rely on this: a subscription lives over lost connections, and after each one its listener gets a
// snapshot before further changes; `state` says whether the server is being listened to, so that polling can rest
// while it is and take over when it is not. Nothing is lost by a message this page does not understand: the next
// poll reads what it was about.

import { batch, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { Named, Viewer } from "../api/types";

export interface Socket {
  send(text: string): void;
  close(): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: never) => void) | null;
}

export type Told = (kind: "snapshot" | "change", data: unknown) => void;

export interface Subscription {
  /** The server tells about this one: a snapshot has come, and the connection stands. */
  readonly on: ReadonlySignal<boolean>;
  stop(): void;
}
export type Watching = "viewing" | "idle" | "typing";

export interface Live {
  /** off: not wanted, or the server has no such door; connecting: on the way, again or for the first time. */
  readonly state: ReadonlySignal<"off" | "connecting" | "on">;
  /** Who else is at which conversation. */
  readonly viewers: ReadonlySignal<ReadonlyMap<string, readonly Viewer[]>>;
  start(): void;
  stop(): void;
  /** Tries at once, as when the network is back. */
  poke(): void;
  subscribe(what: Record<string, unknown>, told: Told): Subscription;
  /** Says what this agent does at a conversation; null when it is left. */
  watch(conversation: string | null, as: Watching): void;
}

const backoff_first_ms = 1000;
const backoff_max_ms = 60_000;
/** The server takes whoever says nothing for half a minute for gone. */
const ping_ms = 12_000;
/** Pings without a sign of life: the connection is dead, whatever the network says. */
const silence_max_ms = 40_000;
/** Somebody who goes on typing says so again; the server forgets it after half a minute. */
const typing_again_ms = 10_000;

export interface LiveNeeds {
  connect(): Socket;
  setTimeout(run: () => void, ms: number): number;
  clearTimeout(timer: number | undefined): void;
  now(): number;
}

export function createLive(needs: LiveNeeds): Live {
  const state = signal<"off" | "connecting" | "on">("off");
  const viewers = signal<ReadonlyMap<string, readonly Viewer[]>>(new Map());
  const subscriptions = new Map<string, { what: Record<string, unknown>; told: Told; on: Signal<boolean> }>();
  let socket: Socket | null = null;
  let timer: number | undefined;
  let pinger: number | undefined;
  let failures = 0;
  let wanted = false;
  let ids = 0;
  let heard = 0;
  let watched: { conversation: string; state: Watching } | null = null;
  let watchedAt = 0;

  function send(message: object) {
    if (state.peek() === "on") socket?.send(JSON.stringify(message));
  }

  function connect() {
    needs.clearTimeout(timer);
    if (!wanted || socket !== null) return;
    state.value = "connecting";
    let mine: Socket;
    try {
      mine = needs.connect();
    } catch {
      return later();
    }
    socket = mine;
    mine.onopen = () => {
      failures = 0;
      heard = needs.now();
      state.value = "on";
      for (const [id, { what }] of subscriptions) send({ op: "subscribe", id, ...what });
      if (watched !== null) send({ op: "viewing", ...watched });
      ping();
    };
    mine.onmessage = (event) => {
      heard = needs.now();
      hear(event.data);
    };
    mine.onclose = () => {
      if (socket !== mine) return;
      socket = null;
      lost();
      later();
    };
  }

  function lost() {
    needs.clearTimeout(pinger);
    batch(() => {
      viewers.value = new Map();
      for (const { on } of subscriptions.values()) on.value = false;
    });
  }

  function later() {
    failures += 1;
    if (!wanted) return;
    state.value = "connecting";
    needs.clearTimeout(timer);
    timer = needs.setTimeout(connect, Math.min(backoff_max_ms, backoff_first_ms * 2 ** (failures - 1)));
  }

  function ping() {
    pinger = needs.setTimeout(() => {
      if (needs.now() - heard > silence_max_ms) return drop();
      send({ op: "ping" });
      ping();
    }, ping_ms);
  }

  function drop() {
    const dead = socket;
    socket = null;
    dead?.close();
    lost();
    later();
  }

  function hear(text: unknown) {
    let said: { op?: string; id?: string; conversation?: string; data?: unknown };
    try {
      said = JSON.parse(String(text));
    } catch {
      return;
    }
    if (typeof said !== "object" || said === null) return;
    if (said.op === "snapshot" || said.op === "change") {
      const of = subscriptions.get(said.id ?? "");
      if (of === undefined) return;
      of.told(said.op, said.data);
      of.on.value = true;
    } else if (said.op === "reset" || said.op === "error") {
      const of = subscriptions.get(said.id ?? "");
      if (of !== undefined) of.on.value = false;
    } else if (said.op === "viewers" && said.conversation !== undefined && Array.isArray(said.data)) {
      const next = new Map(viewers.peek());
      const there = (said.data as Partial<Viewer>[]).filter((one): one is Viewer => isNamed(one.agent) && one.state !== "left");
      if (there.length === 0) next.delete(said.conversation);
      else next.set(said.conversation, there);
      viewers.value = next;
    }
  }

  return {
    state, viewers,
    start() {
      wanted = true;
      connect();
    },
    stop() {
      wanted = false;
      needs.clearTimeout(timer);
      const old = socket;
      socket = null;
      state.value = "off";
      watched = null;
      lost();
      old?.close();
    },
    poke() {
      if (socket === null) connect();
    },
    subscribe(what, told) {
      const id = `s${++ids}`;
      const on = signal(false);
      subscriptions.set(id, { what, told, on });
      send({ op: "subscribe", id, ...what });
      return {
        on,
        stop() {
          on.value = false;
          if (subscriptions.delete(id)) send({ op: "unsubscribe", id });
        },
      };
    },
    watch(conversation, as) {
      if (watched !== null && watched.conversation !== conversation) send({ op: "viewing", conversation: watched.conversation, state: "left" });
      const next = conversation === null ? null : { conversation, state: as };
      const changed = watched?.conversation !== next?.conversation || watched?.state !== next?.state;
      if (next !== null && (changed || (as === "typing" && needs.now() - watchedAt > typing_again_ms))) {
        send({ op: "viewing", ...next });
        watchedAt = needs.now();
      }
      watched = next;
    },
  };
}

const isNamed = (value: unknown): value is Named => typeof value === "object" && value !== null && "id" in value && "name" in value;
