// What the whole desk shares: queues, agents, teams, the workspace's settings, canned replies, and what is offered
// to this agent. Each is read when somebody needs it and kept fresh by whoever polls; a server that has no such
// thing answers 404, and the page goes on without.

import { signal, type ReadonlySignal } from "@preact/signals";
import { Problem, type Client } from "../api/client";
import type { Agent, CannedReply, Listing, Named, Offer, Queue, WorkspaceSettings } from "../api/types";

export interface Desk {
  readonly queues: ReadonlySignal<readonly Queue[]>;
  readonly agents: ReadonlySignal<readonly Agent[]>;
  readonly teams: ReadonlySignal<readonly (Named & { agents?: Named[] | string[]; version?: string })[]>;
  readonly skills: ReadonlySignal<readonly Named[]>;
  readonly settings: ReadonlySignal<WorkspaceSettings | null>;
  readonly canned: ReadonlySignal<readonly CannedReply[]>;
  readonly offers: ReadonlySignal<readonly Offer[]>;
  readQueues(atLeast?: string): Promise<void>;
  readAgents(atLeast?: string): Promise<void>;
  readTeams(atLeast?: string): Promise<void>;
  readSettings(atLeast?: string): Promise<void>;
  readCanned(atLeast?: string): Promise<void>;
  readOffers(atLeast?: string): Promise<void>;
  /** Takes what the server tells: all queues, or those that differ. */
  takeQueues(told: readonly Queue[], all: boolean): void;
  clear(): void;
}

const agents_page = 200;
const pages_max = 25;

export function createDesk(client: Client): Desk {
  const queues = signal<readonly Queue[]>([]);
  const agents = signal<readonly Agent[]>([]);
  const teams = signal<readonly Named[]>([]);
  const skills = signal<readonly Named[]>([]);
  const settings = signal<WorkspaceSettings | null>(null);
  const canned = signal<readonly CannedReply[]>([]);
  const offers = signal<readonly Offer[]>([]);
  const absent = new Set<string>();

  function set<T>(into: { value: T; peek(): T }, value: T) {
    if (JSON.stringify(into.peek()) !== JSON.stringify(value)) into.value = value;
  }

  /** All of a list, page by page; nothing where the server has no such route. */
  async function all<T>(path: string, atLeast?: string): Promise<T[]> {
    if (absent.has(path)) return [];
    try {
      const found: T[] = [];
      let after: string | undefined;
      for (let page = 0; page < pages_max; ++page) {
        const listing: Partial<Listing<T>> = await client.read(path, { limit: after === undefined ? undefined : String(agents_page), after }, { atLeast });
        found.push(...(listing.data ?? []));
        if (listing.page?.has_more !== true || listing.page.next === null) break;
        after = listing.page.next;
      }
      return found;
    } catch (cause) {
      if (!(cause instanceof Problem && (cause.status === 404 || cause.status === 405))) throw cause;
      absent.add(path);
      return [];
    }
  }

  return {
    queues, agents, teams, skills, settings, canned, offers,
    readQueues: async (atLeast) => set(queues, await all<Queue>("/v1/queues", atLeast)),
    readAgents: async (atLeast) => set(agents, await all<Agent>("/v1/agents", atLeast)),
    async readTeams(atLeast) {
      const [foundTeams, foundSkills] = await Promise.all([all<Named>("/v1/teams", atLeast), all<Named>("/v1/skills", atLeast)]);
      set(teams, foundTeams);
      set(skills, foundSkills);
    },
    readSettings: async (atLeast) => set(settings, await client.read<WorkspaceSettings>("/v1/settings", {}, { atLeast })),
    readCanned: async (atLeast) => set(canned, await all<CannedReply>("/v1/canned-replies", atLeast)),
    readOffers: async (atLeast) => set(offers, await all<Offer>("/v1/offers", atLeast)),
    takeQueues(told, all) {
      const differ = new Map(told.map((queue) => [queue.id, queue]));
      set(queues, all ? told : [
        ...queues.peek().map((queue) => differ.get(queue.id) ?? queue),
        ...told.filter((queue) => !queues.peek().some((known) => known.id === queue.id)),
      ]);
    },
    clear() {
      queues.value = [];
      agents.value = [];
      teams.value = [];
      skills.value = [];
      settings.value = null;
      canned.value = [];
      offers.value = [];
      absent.clear();
    },
  };
}
