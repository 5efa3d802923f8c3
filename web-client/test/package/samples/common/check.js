// What every sample project does with the package, wherever it runs: a pair for PKCE, a page of claims, and a
// search that the client refuses before it asks anybody.
import { BluegateError, Client } from "@bluegate/client";
import { parsePage } from "@bluegate/client/fhir";
import { createPkce } from "@bluegate/client/pkce";
import { memoryStore } from "@bluegate/client/sync";

const page = {
  resourceType: "Bundle",
  type: "searchset",
  total: 1,
  entry: [
    {
      resource: {
        resourceType: "ExplanationOfBenefit",
        id: "carrier-7",
        patient: { reference: "Patient/-1" },
        billablePeriod: { start: "2018-03-04", end: "2018-03-04" },
        payment: { amount: { value: 37.5, currency: "USD" } },
      },
    },
  ],
};

export async function check() {
  const { verifier, challenge } = await createPkce();
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const expected = btoa(String.fromCharCode(...new Uint8Array(digest)));

  const claims = await parsePage(new TextEncoder().encode(JSON.stringify(page)));
  const [{ id, type, end, paid }] = claims.rows;
  claims.free();

  const storage = {
    load: () => ({ accessToken: "a", expiresAt: Infinity, scope: [], patient: "-1" }),
    save() {},
    clear() {},
  };
  const answer = async () => new Response(JSON.stringify(page), { headers: { "Content-Type": "application/json" } });
  const client = new Client({ baseUrl: "https://gateway.example", clientId: "a", redirectUri: "https://app.example/", storage, fetch: answer });
  const refused = await client.claims({ pageSize: 51 }).next().catch((error) => error);
  const { added } = await client.sync(memoryStore());

  return {
    pkce: challenge === expected.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, ""),
    row: [id, type, end, paid],
    refused: refused instanceof BluegateError && refused.code,
    added,
  };
}
