/*
 * What is loaded when it is first needed, in one place each: a page whose reader is signed in already shows
 * claims without what signs in. Module service workers may load nothing later: see worker.ts.
 */

/** @internal */
export interface Parts {
  /** What signs in, renews and signs out. */
  readonly oauth: () => Promise<typeof import("./oauth.js")>;
  /** What changes the session, and hears of other tabs. */
  readonly session: () => Promise<typeof import("./session.js")>;
  /** Calls for one resource each. */
  readonly calls: () => Promise<typeof import("./calls.js")>;
  /** What writes searches. */
  readonly search: () => Promise<typeof import("./search.js")>;
  readonly popup: () => Promise<typeof import("./popup.js")>;
  /** What fetches several pages at once. */
  readonly ahead: () => Promise<typeof import("./ahead.js")>;
  readonly sync: () => Promise<typeof import("./sync.js")>;
}

/** @internal */
export const PARTS: Parts = {
  oauth: () => import("./oauth.js"),
  session: () => import("./session.js"),
  calls: () => import("./calls.js"),
  search: () => import("./search.js"),
  popup: () => import("./popup.js"),
  ahead: () => import("./ahead.js"),
  sync: () => import("./sync.js"),
};
