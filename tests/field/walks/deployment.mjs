// What only a deployment has: a provider whose keys change, subjects of every form, a backend that wants a certificate.
import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import http2 from "node:http2";
import https from "node:https";
import { text } from "node:stream/consumers";

import { authorities, pem } from "../lib/field.mjs";
import { fhir } from "../lib/oauth.mjs";
import { connect, decide, landed, reachConsent, walk } from "./walk.mjs";

/** Wherever the provider is somebody else's. */
export function ownProvider(field) {
  walk(field, "whoever signed out at the provider is asked who they are at the next application", async (field, visitor) => {
    const [first, second] = [await field.person(), await field.person()];
    const page = await visitor.open();
    await reachConsent(field, page, first);
    await decide(page, "allow");
    assert.equal(await landed(field, page), `${first.patient} 200 ${first.claims}`);
    await field.provider.signOut(page);
    await connect(field, page);
    await field.provider.signIn(page, second);
    await decide(page, "allow");
    assert.equal(await landed(field, page), `${second.patient} 200 ${second.claims}`);
  });
}

/** With one gateway of its own, which holds the provider to UUIDs. */
export function ownOrigin(field) {
  walk(field, "nobody but the gateway gets anything from the claims backend", async (field) => {
    const made = authorities();
    const ca = fs.readFileSync(made.claims);
    const url = `${field.claimsOrigin}/v2/fhir/metadata`;
    assert.equal(await status(url, { ca }), 400);
    assert.equal(await status(url, { ca, ...pem(made.strangerAtClaims) }), 400);
    assert.equal(await status(url, { ca, ...pem(made.gatewayAtClaims) }), 200);
    assert.equal(await status(url, { ca, ...pem(made.gatewayAtClaims), headers: { "Transfer-Encoding": "chunked" } }), 411);
  });

  walk(field, "a subject that is no UUID is refused where the provider promised UUIDs", async (field, visitor) => {
    const page = await visitor.open();
    await connect(field, page);
    await field.provider.signIn(page, field.odd.subject);
    await problem(page, "subject_form");
  });

  walk(field, "whose Medicare number nobody knows can sign in with another account", async (field, visitor) => {
    const person = await field.person();
    const page = await visitor.open();
    for (const unknown of [field.odd.withoutNumber, field.odd.unknownNumber]) {
      await connect(field, page, { prompt: "login" });
      await field.provider.signIn(page, unknown);
      await problem(page, "not_found");
    }
    await page.locator("a[href*='another=1']").filter({ visible: true }).click();
    await field.provider.signIn(page, person);
    await decide(page, "allow");
    assert.equal(await landed(field, page), `${person.patient} 200 ${person.claims}`);
  });
}

/** Behind the proxy, where the provider promised nothing of its subjects. */
export function behindProxy(field) {
  for (const [form, i] of SUBJECTS.map(({ form }, i) => [form, i])) {
    walk(field, `a subject that is ${form}`, async (field, visitor) => {
      const person = field.odd[i];
      const page = await visitor.open();
      await reachConsent(field, page, person);
      assert.equal(await page.evaluate(() => performance.getEntriesByType("navigation")[0].nextHopProtocol), "h2");
      await decide(page, "allow");
      assert.equal(await landed(field, page), `${person.patient} 200 ${person.claims}`);
    });
  }

  walk(field, "a search sent in pieces over HTTP/2 is held to what it says", async (field, visitor) => {
    const person = await field.person();
    const page = await visitor.open();
    await reachConsent(field, page, person);
    await decide(page, "allow");
    await landed(field, page);
    const { tokens } = field.sites.visits.get(new URL(page.url()).searchParams.get("visit"));
    const { total } = await fhir(field.base, tokens.access_token, "ExplanationOfBenefit?type=pde&_count=0");
    const found = await searchInPieces(field.base, tokens.access_token, ["type=p", "de&_count=0"]);
    assert.deepEqual([found.status, found.total], [200, total]);
    assert.equal((await searchInPieces(field.base, tokens.access_token, ["patient", "=-1"])).status, 403);
  });

  walk(field, "a limit holds for the address of a client, which the proxy tells", async (field) => {
    const url = `${field.base}/v2/o/authorize/?client_id=nobody`;
    const from = (localAddress, headers = {}) => status(url, { localAddress, headers, agent });
    const agent = new https.Agent({ keepAlive: true });
    const minute = () => Math.floor(Date.now() / 60_000);
    let begun, answers;
    do {
      begun = minute();
      // Each of the two gateways has a part of the limit in its hand.
      for (let calls = 0, refused = 0; refused < 10; calls += 1) {
        assert.ok(calls < 3 * field.limit, "no limit");
        refused = (await from("127.0.0.9")) === 429 ? refused + 1 : 0;
      }
      // What a client says of itself counts for nothing.
      answers = [await from("127.0.0.9", { "X-Forwarded-For": "192.0.2.1" }), await from("127.0.0.10")];
      // Each minute has a limit of its own.
    } while (minute() !== begun);
    assert.deepEqual(answers, [429, 400]);
    agent.destroy();
  });
}

/** Alone: sign-ins that are under way end with the old keys. */
export function keys(field) {
  walk(field, "people sign in after the provider changed its keys", async (field, visitor) => {
    const person = await field.person();
    await field.provider.rotateKeys();
    const page = await visitor.open();
    await reachConsent(field, page, person);
    await decide(page, "allow");
    assert.equal(await landed(field, page), `${person.patient} 200 ${person.claims}`);
  });
}

/** Subjects that providers have, and two of the kind that were mixed up in December 2019. */
export const SUBJECTS = [
  { form: "like those of a hosted provider", subject: "auth0|65f1c2a4e9b7d30f8a6c1e52" },
  { form: "full of signs", subject: "CN=O'Neil\\, Ann;OU=A&B <c>/%20?#=+\"~" },
  { form: "255 characters long", subject: "s".repeat(254) + "1" },
  { form: "255 characters long, and differs in the last one", subject: "s".repeat(254) + "2" },
  { form: "a UUID", subject: "8f14e45f-ceea-467f-9b36-000000000001" },
  { form: "a UUID that has its first 96 bits in common with another", subject: "8f14e45f-ceea-467f-9b36-000000000002" },
  { form: "a word in capitals", subject: "ANN" },
  { form: "the same word in small letters", subject: "ann" },
];

/** The gateway's page about something that went wrong. */
const problem = (page, code) => page.locator(`meta[name=error-code][content=${code}]`).waitFor({ state: "attached" });

/** The status of an answer. */
function status(url, options) {
  return new Promise((resolve, reject) => {
    const request = https.request(url, options, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode));
    });
    request.once("error", reject);
    request.end();
  });
}

/** A search by POST whose body has no length: frames of HTTP/2, which nginx passes on as they come. */
async function searchInPieces(base, token, pieces) {
  const session = http2.connect(base);
  const stream = session.request({
    ":method": "POST",
    ":path": "/v2/fhir/ExplanationOfBenefit/_search",
    authorization: `Bearer ${token}`,
    "content-type": "application/x-www-form-urlencoded",
  });
  const answered = once(stream, "response");
  for (const piece of pieces) stream.write(piece);
  stream.end();
  const [headers] = await answered;
  const body = JSON.parse(await text(stream));
  session.close();
  return { ...body, status: headers[":status"] };
}
