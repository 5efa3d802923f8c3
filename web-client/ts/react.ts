/**
 * Hooks for React 18 and later: the entry point `@bluegate/client/react`. They work under StrictMode, and never show one
 * person what was loaded for another.
 *
 * @module
 */
import {
  createContext,
  createElement,
  useCallback,
  useContext,
  useEffect,
  useState,
  useSyncExternalStore,
  type ReactElement,
  type ReactNode,
} from "react";
import type { Client } from "./client.js";
import { misuse } from "./errors.js";
import type { ClaimsSearch } from "./fhir.js";
import type { ClaimRow, Coverage, Patient } from "./model.js";
import type { SignedIn } from "./signin.js";

/** Who is signed in. */
export type Session =
  | { readonly status: "loading" }
  | { readonly status: "signedOut" }
  /** With what was to be remembered over a sign-in that has just ended. */
  | { readonly status: "signedIn"; readonly tokens: SignedIn }
  /** The answer of a sign-in was none, or could not be exchanged. */
  | { readonly status: "failed"; readonly error: unknown };

/** What a hook loads. */
export interface Loaded<T> {
  /** What was loaded, while nothing else was asked for. */
  readonly value?: T | undefined;
  readonly error?: unknown;
  readonly isLoading: boolean;
  /** Loads it again. */
  readonly reload: () => void;
}

/** Claims, page by page. */
export interface LoadedClaims {
  /** The rows of all pages that were loaded. */
  readonly rows: readonly ClaimRow[];
  /** How many there are in all, where the server says so. */
  readonly total?: number | undefined;
  /** Why the last page could not be loaded: `loadMore()` tries it again. */
  readonly error?: unknown;
  readonly isLoading: boolean;
  /** Whether there is another page. */
  readonly hasMore: boolean;
  readonly loadMore: () => void;
}

const Context = createContext<Client | undefined>(undefined);

/** Gives a client, made outside of any component, to the hooks of what is inside. */
export function BluegateProvider(props: { readonly client: Client; readonly children?: ReactNode }): ReactElement {
  return createElement(Context.Provider, { value: props.client }, props.children);
}

/** The client of the provider. */
export function useClient(): Client {
  const client = useContext(Context);
  if (client === undefined) throw misuse("there is no <BluegateProvider client={…}> around this component");
  return client;
}

/** Who is signed in: takes the answer of a sign-in, finds a session from before, and follows it from then on. */
export function useSession(): Session {
  const { subscribe, snapshot } = storeOf(useClient());
  return useSyncExternalStore(subscribe, snapshot, () => LOADING);
}

/** The person's record. */
export function usePatient(): Loaded<Patient> {
  return useLoaded("patient", (client, signal) => client.patient({ signal }));
}

/** The person's coverages. */
export function useCoverage(): Loaded<Coverage[]> {
  return useLoaded("coverage", (client, signal) => client.coverage({ signal }));
}

/** The person's claims: the first page at once, more when they are asked for. */
export function useClaims(search: ClaimsSearch = {}): LoadedClaims {
  const client = useClient();
  const person = usePerson();
  const key = person === undefined ? undefined : `${person} ${JSON.stringify(search)}`;
  const [list, setList] = useState<ClaimList | undefined>();
  const [, redraw] = useState(0);

  useEffect(() => {
    if (key === undefined) return;
    const made = new ClaimList(client, JSON.parse(key.slice(key.indexOf(" ") + 1)) as ClaimsSearch, key, () => redraw((count) => count + 1));
    setList(made);
    void made.load();
    return () => made.stop();
  }, [client, key]);

  // Until the effect has run, the list is still of another search, or of another person.
  const present = key !== undefined && list?.key === key ? list : undefined;
  const loadMore = useCallback(() => void present?.load(), [present]);
  return {
    rows: present?.rows ?? NO_ROWS,
    total: present?.total,
    error: present?.error,
    isLoading: key !== undefined && (present?.isLoading ?? true),
    hasMore: present?.hasMore ?? false,
    loadMore,
  };
}

/** Something of the person who is signed in, loaded again for every other. */
function useLoaded<T>(what: string, load: (client: Client, signal: AbortSignal) => Promise<T>): Loaded<T> {
  const client = useClient();
  const person = usePerson();
  const [attempt, setAttempt] = useState(0);
  const [found, setFound] = useState<{ readonly key: string; readonly value?: T; readonly error?: unknown }>();
  const key = person === undefined ? undefined : `${what} ${person} ${attempt}`;

  useEffect(() => {
    if (key === undefined) return;
    const control = new AbortController();
    const keep = (outcome: { value: T } | { error: unknown }): void => {
      if (!control.signal.aborted) setFound({ key, ...outcome });
    };
    load(client, control.signal).then((value) => keep({ value }), (error: unknown) => keep({ error }));
    return () => control.abort();
    // `load` is the same for every call of a hook.
  }, [client, key]);

  const reload = useCallback(() => setAttempt((count) => count + 1), []);
  const present = key !== undefined && found?.key === key ? found : undefined;
  return { value: present?.value, error: present?.error, isLoading: key !== undefined && present === undefined, reload };
}

/** Which sign-in the person who is signed in comes from. */
function usePerson(): string | undefined {
  const session = useSession();
  if (session.status !== "signedIn") return undefined;
  const { patient = "", session: signIn = "" } = session.tokens;
  return `${patient}/${signIn}`;
}

/** The pages of one search. */
class ClaimList {
  readonly key: string;
  readonly #pages: ReturnType<Client["claims"]>;
  readonly #control = new AbortController();
  readonly #changed: () => void;
  rows: readonly ClaimRow[] = NO_ROWS;
  total: number | undefined;
  error: unknown;
  isLoading = false;
  hasMore = true;

  constructor(client: Client, search: ClaimsSearch, key: string, changed: () => void) {
    this.key = key;
    this.#changed = changed;
    this.#pages = client.claims({ ...search, signal: this.#control.signal });
  }

  async load(): Promise<void> {
    if (this.isLoading || !this.hasMore) return;
    this.isLoading = true;
    this.error = undefined;
    this.#changed();
    try {
      const { value: page } = await this.#pages.next();
      if (page !== undefined) {
        this.rows = [...this.rows, ...page.rows];
        this.total = page.total ?? this.total;
        page.free();
      }
      this.hasMore = !this.#pages.done;
    } catch (error) {
      this.error = error;
    }
    this.isLoading = false;
    if (!this.#control.signal.aborted) this.#changed();
  }

  stop(): void {
    this.#control.abort();
  }
}

interface Store {
  readonly subscribe: (changed: () => void) => () => void;
  readonly snapshot: () => Session;
}

const LOADING: Session = { status: "loading" };
const NO_ROWS: readonly ClaimRow[] = [];

/** One for each client, so that components, and StrictMode's second run, share what was begun. */
const stores = new WeakMap<Client, Store>();

function storeOf(client: Client): Store {
  const store = stores.get(client) ?? makeStore(client);
  stores.set(client, store);
  return store;
}

function makeStore(client: Client): Store {
  const changes = new Set<() => void>();
  let session = LOADING;
  let begun = false;
  const set = (next: Session): void => {
    session = next;
    for (const changed of changes) changed();
  };
  const of = (tokens: SignedIn | undefined): Session => (tokens === undefined ? { status: "signedOut" } : { status: "signedIn", tokens });

  async function begin(): Promise<void> {
    begun = true;
    let told = false;
    client.onSessionChange((tokens) => {
      told = true;
      // Renewed tokens do not forget what the sign-in was to remember.
      const appState = session.status === "signedIn" && session.tokens.session === tokens?.session ? session.tokens.appState : undefined;
      set(of(tokens === undefined || appState === undefined ? tokens : { ...tokens, appState }));
    });
    try {
      const answered = await client.handleCallback();
      if (answered !== undefined) return set(of(answered));
      const before = await client.session();
      // Whoever signed in or out meanwhile was told of already.
      if (!told) set(of(before));
    } catch (error) {
      set({ status: "failed", error });
    }
  }

  return {
    subscribe(changed) {
      changes.add(changed);
      if (!begun) void begin();
      return () => void changes.delete(changed);
    },
    snapshot: () => session,
  };
}
