// The insurance card: read beside FHIRPath from the recorded one and from one with all that the guide has; asked for on v3;
// and what is no card, or shows what it must not.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import fhirpath from "fhirpath";
import { Client } from "@bluegate/client";
import { fakeGateway } from "@bluegate/client/testing";
import { fixtures, repository } from "../fixtures.mjs";
import { code, signedIn, tokenAnswer } from "../gateway.mjs";
import { CARD, CARD_LINE } from "../truth/card.mjs";

const CARD_PATH = "/v3/fhir/Patient/$generate-insurance-card";
const own = JSON.parse(fs.readFileSync(path.join(repository, "web-client/test/card.json"), "utf8"));

/** What a client makes of it. */
async function read(t, body, options = {}) {
  const { gateway, client } = await signedIn(t, { ...options, routes: { [`GET ${CARD_PATH}`]: () => ({ body }) } });
  return { gateway, card: await client.insuranceCard() };
}

function differences(table, value, json, bundle) {
  const there = (all) => [all].flat().filter((one) => one !== undefined && one !== null).map(String);
  return Object.entries(table).flatMap(([field, [ours, expression]]) => {
    const theirs = there(fhirpath.evaluate(json, expression, { bundle, resource: json }));
    return JSON.stringify(there(ours(value))) === JSON.stringify(theirs) ? [] : [`${field}: ${there(ours(value))} | ${theirs}`];
  });
}

async function same(t, body) {
  const { card } = await read(t, body);
  const coverages = body.entry.map(({ resource }) => resource).filter(({ resourceType }) => resourceType === "Coverage");
  assert.equal(card.lines.length, coverages.length);
  const found = [...differences(CARD, card, body, body), ...card.lines.flatMap((line, index) => differences(CARD_LINE, line, coverages[index], body))];
  assert.deepEqual(found, []);
  assert.deepEqual(card.json, body);
  return card;
}

test("a card with all that the guide has is read as FHIRPath reads it", async (t) => {
  const card = await same(t, own);
  const [line] = card.lines;
  assert.equal(line.logo.src, `data:image/svg+xml;base64,${line.logo.data}`);
  assert.deepEqual(line.payer.contacts.map(({ kind }) => kind), ["email", "phone", "tty", "other"]);
  assert.deepEqual(line.costs, [{ type: { code: "gpvisit", display: "GP Office Visit" }, cents: 1550 }, { type: { code: "rx" }, words: "DED THEN $50" }]);
  assert.deepEqual(line.period, { start: "2024-01-01" });
  assert.deepEqual([line.background, line.highlight, line.images[0].kind], ["#0b3d5c", "#8ecae6", "qrCode"]);
});

test("the recorded card is read as FHIRPath reads it", async (t) => {
  const file = path.join(fixtures, "bfd/v3/coverage-generate-insurance-card.json");
  if (!fs.existsSync(file)) return t.skip("no fixtures");
  const card = await same(t, JSON.parse(fs.readFileSync(file, "utf8")));
  assert.deepEqual(card.lines.map(({ part }) => part), ["A", "B", "C", "D", "Dual"]);
  assert.equal(card.notices.length, 1);
  assert.ok(card.lines.every(({ payer }) => payer.contacts.length === 3));
});

for (const version of ["v1", "v2", "v3"]) {
  test(`a client for ${version} asks v3 for the card`, async (t) => {
    const { gateway, card } = await read(t, own, { options: { version } });
    assert.equal(card.person.name.family, "Rivera");
    assert.equal(gateway.to(CARD_PATH).length, 1);
  });
}

test("who withheld their name has no card, and nobody is asked for it", async (t) => {
  const answer = tokenAnswer(1, { scope: "patient/Coverage.rs patient/ExplanationOfBenefit.rs" });
  const { gateway, client } = await signedIn(t, { answer });
  await assert.rejects(client.insuranceCard(), code("demographics_withheld"));
  assert.equal(gateway.to(CARD_PATH).length, 0);
});

test("what is not the card of one person is a bad response", async (t) => {
  const [patient, ...rest] = own.entry;
  for (const body of [{}, { ...own, entry: rest }, { ...own, entry: [patient, patient] }, { ...own, resourceType: "Parameters" }, "no JSON"]) {
    await assert.rejects(read(t, body), code("bad_response"), JSON.stringify(body).slice(0, 60));
  }
});

test("a card that says little is read without throwing, and nothing of it becomes markup or style", async (t) => {
  const url = (name) => `http://hl7.org/fhir/us/insurance-card/StructureDefinition/C4DIC-${name}-extension`;
  const image = (contentType, data) => ({ url: url("Logo"), extension: [{ url: "image", valueAttachment: { contentType, data } }] });
  const color = (value) => ({ url: url("BackgroundColor"), valueCodeableConcept: { coding: [{ code: value }] } });
  const cover = (extension) => ({ resource: { resourceType: "Coverage", extension, class: [null, 7, {}], payor: "x", period: [], identifier: {}, costToBeneficiary: [1] } });
  for (const extension of [
    [image("text/html", "PGI+")],
    [image("image/svg+xml", "\"><script>")],
    [color("red;background:url(//x)")],
    "x",
    [null, { url: 7 }],
  ]) {
    const { card } = await read(t, { ...own, entry: [{ resource: { resourceType: "Patient" } }, cover(extension), { resource: null }, 7] });
    assert.deepEqual([card.person, card.lines.map(({ logo, background }) => logo ?? background)], [{}, [undefined]]);
  }
});

test("the gateway for other people's tests has a card", async () => {
  const gateway = fakeGateway();
  const client = new Client(gateway.options);
  await gateway.signIn(client);
  const card = await client.insuranceCard();
  assert.deepEqual([card.person.name.family, card.lines.map(({ part }) => part)], ["Doe", ["A", "B", "C", "D"]]);
});
