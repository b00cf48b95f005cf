// Who is signed in, and the ways in and out.

import { signal, type ReadonlySignal } from "@preact/signals";
import { Problem, type Client } from "../api/client";
import type { Session } from "../api/types";
import { store } from "./drafts";

const agent_key = "parlance.agent";

export type SessionState =
  | { is: "unknown" }
  | { is: "out"; problem: unknown; why: "start" | "link" | "token" | "ended" }
  | { is: "in"; session: Session };

export interface Door {
  readonly state: ReadonlySignal<SessionState>;
  enterWith(with_: { link: string } | { token: string }, why: "link" | "token"): Promise<void>;
  /** Goes on with the session that the browser still has. */
  resume(): Promise<void>;
  leave(): Promise<void>;
  /** The server says that the session is over. */
  ended(): void;
  /** Until it is known who is here. */
  wait(): void;
}

export interface DoorNeeds {
  client: Client;
  tabStorage: Storage;
  /** Somebody else than before sits in this tab. */
  onOther(): void;
  onOut(): void;
  onFailed(cause: unknown): void;
}

export function createDoor(needs: DoorNeeds): Door {
  const state = signal<SessionState>({ is: "unknown" });

  function enter(session: Session) {
    // Another person in the same tab does not find what the one before had typed.
    const before = needs.tabStorage.getItem(agent_key);
    if (before !== null && before !== session.principal.id) needs.onOther();
    store(needs.tabStorage, agent_key, session.principal.id);
    state.value = { is: "in", session };
  }

  function out(why: "start" | "link" | "token" | "ended", problem: unknown) {
    needs.onOut();
    state.value = { is: "out", problem, why };
  }

  return {
    state,
    async enterWith(with_, why) {
      try {
        enter(await needs.client.command<Session>("/v1/session", with_));
      } catch (cause) {
        out(why, cause);
      }
    },
    async resume() {
      try {
        enter(await needs.client.read<Session>("/v1/session"));
      } catch (cause) {
        out("start", cause instanceof Problem && cause.status === 401 ? null : cause);
      }
    },
    async leave() {
      await needs.client.command("/v1/session", undefined, { method: "DELETE" }).catch(needs.onFailed);
      out("start", null);
    },
    ended() {
      if (state.peek().is === "in") out("ended", null);
    },
    wait() {
      state.value = { is: "unknown" };
    },
  };
}
