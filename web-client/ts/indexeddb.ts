import { BluegateError } from "./errors.js";
import type { ClaimStore, StoredClaim, SyncState } from "./sync.js";

/**
 * A store in the browser's IndexedDB, which outlives the page. It holds health data: `clear()` it when the
 * person signs out of a shared device.
 */
export function indexedDbStore(name = "bluegate-claims"): ClaimStore {
  let opening: Promise<IDBDatabase> | undefined;

  function open(): Promise<IDBDatabase> {
    opening ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore("claims", { keyPath: "id" });
        request.result.createObjectStore("state");
      };
      request.onsuccess = () => {
        const database = request.result;
        // Another tab deletes or upgrades it, or the browser closes it: the next call opens it again.
        const lost = (): void => {
          database.close();
          opening = undefined;
        };
        database.onversionchange = lost;
        database.onclose = lost;
        resolve(database);
      };
      request.onerror = () => reject(request.error);
    }).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  }

  async function read<T>(store: string, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const request = ask((await open()).transaction(store).objectStore(store));
    return new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }

  async function write(change: (claims: IDBObjectStore, state: IDBObjectStore) => void): Promise<void> {
    const transaction = (await open()).transaction(["claims", "state"], "readwrite");
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
      change(transaction.objectStore("claims"), transaction.objectStore("state"));
    });
  }

  /** There may be no IndexedDB, no room, or a browser that is told to keep nothing. */
  const orRefused = <T>(work: Promise<T>): Promise<T> =>
    work.catch((cause: unknown) => {
      throw new BluegateError("unsupported", `the browser does not keep the store ${name} (${String(cause)}): use memoryStore()`, { cause });
    });

  return {
    state: () => orRefused(read<SyncState | undefined>("state", (store) => store.get("state"))),
    get: (id) => orRefused(read<StoredClaim | undefined>("claims", (store) => store.get(id))),
    all: () => orRefused(read<StoredClaim[]>("claims", (store) => store.getAll())),
    commit: ({ put, remove, state }) =>
      orRefused(
        write((claims, states) => {
          for (const claim of put) claims.put(claim);
          for (const id of remove) claims.delete(id);
          states.put(state, "state");
        }),
      ),
    clear: () =>
      orRefused(
        write((claims, states) => {
          claims.clear();
          states.clear();
        }),
      ),
    // Browsers without the Web Locks API sync in each tab for itself, which reads more but loses nothing.
    exclusive: (work) =>
      globalThis.navigator?.locks === undefined ? work() : (navigator.locks.request(name, work) as ReturnType<typeof work>),
  };
}
