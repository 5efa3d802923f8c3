/**
 * A local copy of a person's claims that is brought up to date by what changed: `client.sync(store)`. The
 * entry point `@bluegate/client/sync` has the two stores that come with the package; anything else that
 * keeps its word on `commit` will do.
 *
 * @module
 */
import { has } from "./checks.js";
import { BluegateError, misuse } from "./errors.js";
import type { PageIterator } from "./pages.js";
import type { ClaimPage, ClaimsSearch } from "./fhir.js";
import type { Claim, ClaimRow } from "./model.js";
import type { Signal } from "./platform.js";

export { indexedDbStore } from "./indexeddb.js";

/** A claim as it is kept. */
export interface StoredClaim {
  readonly id: string;
  /** When the server last changed it, in the server's words. */
  readonly lastUpdated?: string | undefined;
  /** What a list shows of it. */
  readonly row: ClaimRow;
  /** All of it. */
  readonly claim: Claim;
  /** The server's own JSON text, where `sync` was asked to keep it. */
  readonly json?: string | undefined;
}

/** How far a store has come. Plain data; what is in it is the package's business. */
export interface SyncState {
  /** Whose claims these are, and from where. */
  readonly source: string;
  /** Everything that the server changed up to here is in the store, as an ISO 8601 instant. */
  readonly until?: string | undefined;
  /** A pass over the server's pages that is not finished. */
  readonly pass?: Pass | undefined;
}

/** A pass over all pages of one search. */
export interface Pass {
  /** Whether it reads everything, so that what it does not see is gone. */
  readonly full: boolean;
  /** The page to go on with; `undefined` before the first. */
  readonly next?: string | undefined;
  /** The newest change on its first page. */
  readonly until?: string | undefined;
  /** When it began, by the clock here, in milliseconds since 1970. */
  readonly begun: number;
  /** The claims it has seen, with the instants of their last change. */
  readonly seen: Readonly<Record<string, string>>;
  /** Entries without an id, which cannot be kept. */
  readonly nameless: number;
  /** How many pages it has read. */
  readonly pages: number;
  /** How many matches the server counted. */
  readonly total?: number | undefined;
  /** Whether the server's data changed under it. */
  readonly torn: boolean;
  /** What the pass before this one saw, where that one could not be trusted. */
  readonly before?: string | undefined;
}

/** One step of a sync. */
export interface Change {
  /** Claims to add, or to put in the place of those with the same id. */
  readonly put: readonly StoredClaim[];
  /** The ids of claims that are gone. */
  readonly remove: readonly string[];
  readonly state: SyncState;
}

/** A local copy of the claims of one person. */
export interface ClaimStore {
  /** The state of the last commit; `undefined` for an empty store. */
  state(): Promise<SyncState | undefined>;
  /** One claim. */
  get(id: string): Promise<StoredClaim | undefined>;
  /** All claims, in no particular order. */
  all(): Promise<StoredClaim[]>;
  /** Keeps a whole change, state and claims together, or nothing of it. */
  commit(change: Change): Promise<void>;
  /** Forgets everything. */
  clear(): Promise<void>;
  /** Keeps others from syncing the same store at the same time, in other tabs too. */
  exclusive?<T>(work: () => Promise<T>): Promise<T>;
}

/** How to sync. */
export interface SyncOptions {
  /** Ends the call early; what was read until then is kept. */
  readonly signal?: Signal | undefined;
  /** Read everything again, and drop the claims that the server no longer has. */
  readonly full?: boolean;
  /** Keep the server's JSON text beside each claim. */
  readonly json?: boolean;
  /** Claims on a page, 1 to 50. Default 50. */
  readonly pageSize?: number;
  /**
   * Seconds that are read again before the instant up to which the store is complete, for servers that
   * show a change a little later than they date it. Default 600.
   */
  readonly overlap?: number;
}

/** What a sync did, by ids. */
export interface SyncResult {
  readonly added: readonly string[];
  readonly updated: readonly string[];
  readonly removed: readonly string[];
}

/** A store in memory, gone with the page. */
export function memoryStore(): ClaimStore {
  const claims = new Map<string, StoredClaim>();
  let state: SyncState | undefined;
  let last: Promise<unknown> = Promise.resolve();
  return {
    state: async () => state,
    get: async (id) => claims.get(id),
    all: async () => [...claims.values()],
    commit: async (change) => {
      for (const claim of change.put) claims.set(claim.id, claim);
      for (const id of change.remove) claims.delete(id);
      state = change.state;
    },
    clear: async () => {
      claims.clear();
      state = undefined;
    },
    exclusive: (work) => {
      const mine = last.then(work);
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}

/** Where the claims come from. */
interface Source {
  readonly base: string;
  readonly patient: string | undefined;
  pages(search: ClaimsSearch, from?: string): PageIterator;
}

/**
 * The work of `Client.sync`.
 *
 * A pass reads all pages of a search and commits each page together with the address of the next one.
 * Pages are cut out of a list that may change meanwhile:
 *
 * - A claim that is added or changed is no harm. Others move to later pages or are seen twice, and the
 *   claim itself is seen by the next sync at the latest, because `until` comes from the first page: what
 *   happened after that page is dated later than everything on it.
 * - A claim that is removed moves others onto pages that were read already, where they would be missed.
 *   So a pass of several pages counts only if nothing can have been removed under it: its pages agree on
 *   the total, it saw as many claims, and none so new that it may have taken the place of a removed one.
 *   Otherwise everything is read again, until a pass counts or two in a row have seen the same.
 *
 * @internal
 */
export function synchronise(store: ClaimStore, source: Source, options: SyncOptions): Promise<SyncResult> {
  if (!has(store, "state", "get", "all", "commit", "clear")) throw misuse("sync() takes a store: memoryStore(), indexedDbStore(), or one with its five methods");
  const work = (): Promise<SyncResult> => run(store, source, options);
  return store.exclusive === undefined ? work() : store.exclusive(work);
}

async function run(store: ClaimStore, source: Source, options: SyncOptions): Promise<SyncResult> {
  const { base, patient } = source;
  if (patient === undefined) {
    throw new BluegateError("bad_response", "the token answer named no patient");
  }
  const name = `${base}#${patient}`;
  let state: SyncState = (await store.state()) ?? { source: name };
  if (state.source !== name) {
    throw new BluegateError("wrong_person", "the store is of another person or gateway: clear() it first");
  }
  const added = new Set<string>();
  const updated = new Set<string>();
  const removed: string[] = [];
  const full = options.full === true || state.until === undefined;
  let pass = state.pass !== undefined && (state.pass.full || !full) ? state.pass : newPass(full);

  for (let passes = 0; passes < PASSES; passes += 1) {
    // What an earlier call began has not seen what happened since.
    const late = pass.pages > 0;
    pass = await read(pass);
    if (!counts(pass)) {
      pass = newPass(pass.full, signature(pass));
      continue;
    }
    const remove = await gone(pass);
    removed.push(...remove);
    state = { source: name, until: until(pass) };
    await store.commit({ put: [], remove, state });
    if (!late) return { added: [...added], updated: [...updated], removed };
    pass = newPass(state.until === undefined);
  }
  throw new BluegateError("server_error", "the claims kept changing while they were read");

  /** Reads what is left of a pass. */
  async function read(begun: Pass): Promise<Pass> {
    const { pageSize = 50 } = options;
    let now = begun;
    let pages = source.pages(now.full ? { pageSize } : { pageSize, since: since() }, now.next);
    while (now.pages === 0 || now.next !== undefined) {
      const { value: page } = await pages.next().catch((error: unknown) => {
        // The address comes from an earlier call, and may have died since.
        if (now !== begun || now.next === undefined || !isStale(error)) throw error;
        return { value: undefined };
      });
      if (page === undefined) return read(newPass(now.full, now.before));
      try {
        now = await take(page, now);
      } finally {
        page.free();
      }
    }
    return now;
  }

  /** Keeps a page. */
  async function take(page: ClaimPage, before: Pass): Promise<Pass> {
    const seen = { ...before.seen };
    const put: StoredClaim[] = [];
    let newest = before.until;
    let nameless = before.nameless + page.length - page.rows.length;
    for (const row of page.rows) {
      const claim = page.claim(row.index);
      if (claim === undefined || claim.id === "") {
        nameless += 1;
        continue;
      }
      const { id, lastUpdated, patientId } = claim;
      if (patientId !== undefined && patientId !== patient) {
        throw new BluegateError("wrong_person", "the gateway sent a claim of another person");
      }
      seen[id] = lastUpdated ?? "";
      if (before.pages === 0 && at(lastUpdated) > at(newest)) newest = lastUpdated;
      const kept = await store.get(id);
      const json = options.json === true ? page.json(row.index) : undefined;
      if (kept !== undefined && !before.full && at(kept.lastUpdated) > at(lastUpdated)) continue;
      if (kept !== undefined && kept.lastUpdated === lastUpdated && (json === undefined || kept.json === json)) continue;
      put.push({ id, lastUpdated, row, claim, ...(json === undefined ? {} : { json }) });
      if (kept === undefined) added.add(id);
      else if (!added.has(id)) updated.add(id);
    }
    const after: Pass = {
      ...before,
      next: page.next,
      until: newest,
      seen,
      nameless,
      pages: before.pages + 1,
      total: page.total ?? before.total,
      torn: before.torn || (before.total ?? page.total) !== (page.total ?? before.total),
    };
    await store.commit({ put, remove: [], state: { ...state, pass: after } });
    return after;
  }

  /**
   * Up to when nothing is missing after this pass. What happened after its first page is dated later than
   * everything on that page, and later than the pass itself if the clocks agree to within `FRESH_MS`.
   */
  function until(pass: Pass): string | undefined {
    const newest = Math.max(...Object.values(pass.seen).map(at), 0);
    const sure = Math.max(at(state.until), at(pass.until), Math.min(newest, pass.begun - FRESH_MS));
    return sure === 0 ? undefined : new Date(sure).toISOString();
  }

  /** The earliest change to ask for. */
  function since(): Date {
    return new Date(at(state.until) - 1000 * (options.overlap ?? 600));
  }

  /** The claims that a full pass did not see. An empty answer is no proof: failures behind the gateway look like it. */
  async function gone(pass: Pass): Promise<string[]> {
    if (!pass.full || Object.keys(pass.seen).length === 0) return [];
    return (await store.all()).map((claim) => claim.id).filter((id) => !(id in pass.seen));
  }
}

/** Whether nothing can have been missed. */
function counts(pass: Pass): boolean {
  if (pass.pages === 1 || pass.before === signature(pass)) return true;
  const instants = Object.values(pass.seen);
  return (
    !pass.torn &&
    instants.length + pass.nameless === pass.total &&
    instants.every((instant) => at(instant) < pass.begun - FRESH_MS)
  );
}

function newPass(full: boolean, before?: string): Pass {
  return { full, before, begun: Date.now(), seen: {}, nameless: 0, pages: 0, torn: false };
}

/** What a pass saw, in one text. */
function signature(pass: Pass): string {
  return JSON.stringify([pass.nameless, Object.entries(pass.seen).sort()]);
}

/** Milliseconds since 1970; what has no date is older than everything. */
function at(instant: string | undefined): number {
  return Date.parse(instant ?? "") || 0;
}

function isStale(error: unknown): boolean {
  return (
    error instanceof BluegateError && ["bad_response", "invalid_request", "not_found"].includes(error.code)
  );
}

/** How many passes a call makes before it gives up on a server that never stands still. */
const PASSES = 5;

/** A change dated this short before a pass may have happened during it: clocks differ. */
const FRESH_MS = 60 * 60 * 1000;
