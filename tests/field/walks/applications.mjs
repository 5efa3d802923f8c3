// People connect applications of every kind.
import assert from "node:assert/strict";

import { begin, exchange, fhir } from "../lib/oauth.mjs";
import { picture } from "../lib/browser.mjs";
import { connect, consentPage, decide, landed, reachConsent, told, walk } from "./walk.mjs";

export default function applications(field) {
  walk(field, "a web application whose callback goes on to a third site", async (field, visitor) => {
    const person = await field.person();
    const page = await visitor.open();
    await reachConsent(field, page, person);
    assert.match(await page.locator("main").innerText(), new RegExp(person.name));
    await picture(page, `field-${field.name}-consent`);
    await decide(page, "allow");
    assert.equal(await landed(field, page), `${person.patient} 200 ${person.claims}`);
  });

  walk(field, "a page on the npm package, left and visited again", async (field, visitor) => {
    const person = await field.person();
    const page = await visitor.open();
    await page.goto(`${field.sites.singlePage}/`);
    await told(page, "nobody");
    await page.locator("#connect").click();
    await field.provider.signIn(page, person);
    await decide(page, "allow");
    await page.waitForURL(`${field.sites.singlePage}/**`);
    assert.equal(await told(page, /\d/), `${person.patient} ${person.claims}`);
    await page.reload();
    assert.equal(await told(page, /\d/), `${person.patient} ${person.claims}`);
    await page.locator("#leave").click();
    await told(page, "nobody");
  });

  for (const address of ["127.0.0.1", "::1"]) {
    walk(field, `a native application that waits on ${address}`, async (field, visitor, { t }) => {
      const person = await field.person();
      const native = await field.native(t, address);
      const { client } = await nativeClient(field);
      const begun = begin(field.base, client, { redirect_uri: native.redirectUri });
      const page = await visitor.open();
      await page.goto(begun.url);
      await field.provider.signIn(page, person);
      await decide(page, "allow");
      await page.waitForURL(`${native.redirectUri}**`);
      const answer = await native.answer;
      assert.equal(answer.get("state"), begun.state);
      const tokens = await exchange(field.base, client, begun, answer);
      assert.equal(tokens.patient, person.patient);
      const { total } = await fhir(field.base, tokens.access_token, "ExplanationOfBenefit?_count=0");
      assert.equal(total, person.claims);
    });
  }

  walk(field, "a native application with a scheme of its own", async (field, visitor) => {
    const person = await field.person();
    const { client, scheme } = await nativeClient(field);
    const begun = begin(field.base, client, { redirect_uri: scheme });
    const page = await visitor.open();
    await page.goto(begun.url);
    await field.provider.signIn(page, person);
    await consentPage(page);
    // No program is registered for the scheme here: Chromium asks for one, and stays where it is.
    const [answer] = await Promise.all([page.waitForRequest((request) => request.url().startsWith(scheme)), decide(page, "allow")]);
    const tokens = await exchange(field.base, client, begun, new URL(answer.url()).searchParams);
    assert.equal(tokens.patient, person.patient);
  });

  walk(field, "two applications in two tabs of a fresh browser", async (field, visitor) => {
    const person = await field.person();
    const [first, second] = [await visitor.open(), await visitor.open()];
    await Promise.all([connect(field, first), second.goto(`${field.sites.singlePage}/`)]);
    await second.locator("#connect").click();
    await field.provider.form(second).waitFor();
    await field.provider.signIn(first, person);
    await field.provider.signIn(second, person);
    await decide(first, "allow");
    assert.equal(await landed(field, first), `${person.patient} 200 ${person.claims}`);
    await decide(second, "allow");
    assert.equal(await told(second, /\d/), `${person.patient} ${person.claims}`);
  });
}

/** One native application for all of these walks. */
async function nativeClient(field) {
  const scheme = "org.example.field:/callback";
  field.nativeClient ??= field.register({
    client_name: `Native ${field.name}`,
    redirect_uris: ["http://127.0.0.1/callback", "http://[::1]/callback", scheme],
    token_endpoint_auth_method: "none",
  });
  return { client: await field.nativeClient, scheme };
}
