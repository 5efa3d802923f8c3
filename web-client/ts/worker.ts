/**
 * The package for module service workers, which may import nothing once they are installed: the entry point
 * `@bluegate/client/worker`. The same as the main entry, in one piece.
 *
 * @module
 */
import * as ahead from "./ahead.js";
import * as calls from "./calls.js";
import { Client as Lazy } from "./client.js";
import type { ClientOptions } from "./connection.js";
import * as oauth from "./oauth.js";
import * as popup from "./popup.js";
import * as search from "./search.js";
import * as session from "./session.js";
import * as sync from "./sync.js";

export * from "./index.js";
export { indexedDbStore, memoryStore } from "./sync.js";

/** A client whose parts are all there from the beginning. */
export class Client extends Lazy {
  constructor(options: ClientOptions) {
    super(options, {
      ahead: async () => ahead,
      calls: async () => calls,
      oauth: async () => oauth,
      popup: async () => popup,
      search: async () => search,
      session: async () => session,
      sync: async () => sync,
    });
  }
}
