// How an application uses the declarations; compiled with and without the DOM's types.
import { BluegateError, Client, type ClaimRow, type ErrorCode, type TokenStorage } from "@bluegate/client";
import { initSync, parsePage, parsePageSync, type Claim } from "@bluegate/client/fhir";
import * as inline from "@bluegate/client/inline";
import { Client as WorkerClient } from "@bluegate/client/worker";
import { createPkce, init, randomToken, type PkcePair } from "@bluegate/client/pkce";
import { indexedDbStore, memoryStore, type ClaimStore, type StoredClaim } from "@bluegate/client/sync";

const storage: TokenStorage = { load: () => undefined, save: () => {}, clear: async () => {} };
const client = new Client({
  baseUrl: "https://gateway.example",
  clientId: "app",
  redirectUri: "https://app.example/",
  version: "v3",
  storage,
  retry: { attempts: 2 },
});
export const other: Client = new inline.Client({ baseUrl: "", clientId: "", redirectUri: "", retry: false });

export async function use(bytes: Uint8Array): Promise<ClaimRow[]> {
  const pair: PkcePair = await createPkce();
  const method: "S256" = pair.method;
  await init();
  initSync(bytes);
  const state: string = await randomToken();
  const rows: ClaimRow[] = [];
  for await (const page of client.claims({ type: ["pde"], serviceDate: { from: "2020-01-01" }, pageSize: 50 })) {
    rows.push(...page.rows);
    const claim: Claim | undefined = page.claim(0);
    const cents: number | undefined = claim?.payment?.amount;
    page.free();
    void cents;
  }
  (await parsePage(bytes)).free();
  parsePageSync(bytes)[Symbol.dispose]();
  const store: ClaimStore = memoryStore();
  const { added } = await client.sync(store, { full: true });
  const kept: StoredClaim[] = await indexedDbStore().all();
  void [method, state, added, kept];
  return rows;
}

export async function more(): Promise<void> {
  const stop: () => void = client.onSessionChange((tokens) => void tokens?.patient);
  stop();
  const { appState, patient } = await client.signInPopup({ appState: { page: 3 }, features: "popup" });
  const claim: Claim = await client.claimById("carrier-1");
  const part: string | undefined = (await client.coverageById("part-a-1")).part;
  const card = await client.read("Patient/$generate-insurance-card");
  const type: string = card.resourceType;
  for await (const page of client.search("Coverage?_count=10")) page.free();
  const same: Client = new WorkerClient({ baseUrl: "", clientId: "", redirectUri: "", storage: "local" });
  void [appState, patient, claim, part, type, same];
}

export function explain(error: unknown): ErrorCode | undefined {
  return error instanceof BluegateError ? error.code : undefined;
}

// @ts-expect-error: no such version
new Client({ baseUrl: "", clientId: "", redirectUri: "", version: "v4" });
// @ts-expect-error: no such code
export const wrong: ErrorCode = "no_such_code";
