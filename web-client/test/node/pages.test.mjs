// Pages that are fetched several at once: in the server's order, each once, and no other than the server's links name.
import assert from "node:assert/strict";
import test from "node:test";
import { bundle, eob, signedIn } from "../gateway.mjs";

const EOB = "/v2/fhir/ExplanationOfBenefit";
const TOTAL = 11;

/**
 * A gateway with eleven claims that answers when it is told to: `waiting` has the offsets that were asked for and not
 * answered yet. `change` may give another Bundle for an offset.
 */
async function slow(t, change = () => undefined) {
  const { gateway, client } = await signedIn(t, { options: { retry: false } });
  const waiting = new Map();
  const asked = [];
  let most = 0;
  gateway.routes[`GET ${EOB}`] = async ({ query }) => {
    const [offset, count] = [Number(query.get("startIndex") ?? 0), Number(query.get("_count"))];
    asked.push(offset);
    const release = new Promise((resolve) => waiting.set(offset, resolve));
    most = Math.max(most, waiting.size);
    await release;
    const ids = Array.from({ length: Math.min(count, TOTAL - offset) }, (_, at) => `carrier-${offset + at}`);
    const after = offset + count;
    const next = after < TOTAL ? `${gateway.base}${EOB}?patient=1&startIndex=${after}&_count=${count}` : undefined;
    return change(offset, { ids, next, gateway }) ?? { body: bundle(ids.map((id) => eob(id)), { total: TOTAL, next }) };
  };
  const answer = async (offset) => {
    while (!waiting.has(offset)) await new Promise((resume) => setTimeout(resume, 1));
    waiting.get(offset)();
    waiting.delete(offset);
  };
  return { client, gateway, asked, waiting, answer, most: () => most };
}

const ids = ({ value }) => value.rows.map(({ id }) => id);
const numbered = (...numbers) => numbers.map((number) => `carrier-${number}`);
/** Waits until it is so; and then a little, for what must not be so. */
async function until(isSo) {
  while (!isSo()) await new Promise((resume) => setTimeout(resume, 1));
  await settled();
}
const settled = () => new Promise((resume) => setTimeout(resume, 30));

test("pages that follow are on their way before they are asked for, and come in order, each once", async (t) => {
  const { client, asked, answer, waiting, most } = await slow(t);
  const pages = client.claims({ pageSize: 2, concurrency: 3 });
  const first = pages.next();
  await until(() => asked.length > 0);
  assert.deepEqual(asked, [0], "nothing is known before the first page is here");
  await answer(0);
  assert.deepEqual(ids(await first), numbered(0, 1));
  await until(() => waiting.size === 3);
  assert.deepEqual([...waiting.keys()], [2, 4, 6]);
  // The last one arrives first.
  await answer(6);
  await answer(4);
  await answer(2);
  assert.deepEqual(ids(await pages.next()), numbered(2, 3));
  assert.deepEqual(ids(await pages.next()), numbered(4, 5));
  await answer(8);
  await answer(10);
  assert.deepEqual(ids(await pages.next()), numbered(6, 7));
  assert.deepEqual(ids(await pages.next()), numbered(8, 9));
  assert.deepEqual(ids(await pages.next()), numbered(10));
  assert.equal(pages.done, true);
  assert.deepEqual([...asked].sort((a, b) => a - b), [0, 2, 4, 6, 8, 10]);
  assert.equal(most(), 3);
});

test("without a word on it one page is asked for at a time", async (t) => {
  const { client, asked, answer } = await slow(t);
  const pages = client.claims({ pageSize: 2 });
  const first = pages.next();
  await answer(0);
  await first;
  await settled();
  assert.deepEqual(asked, [0]);
});

test("a link that is another than was thought is followed as given", async (t) => {
  const { client, asked, answer } = await slow(t, (offset, { ids: of, gateway }) => {
    // A claim came in meanwhile: this page leads on from one further.
    if (offset !== 2) return undefined;
    const next = `${gateway.base}${EOB}?patient=1&startIndex=5&_count=2`;
    return { body: bundle(of.map((id) => eob(id)), { total: TOTAL, next }) };
  });
  const pages = client.claims({ pageSize: 2, concurrency: 2 });
  const first = pages.next();
  await answer(0);
  await first;
  await answer(2);
  await answer(4);
  assert.deepEqual(ids(await pages.next()), numbered(2, 3));
  await answer(5);
  assert.deepEqual(ids(await pages.next()), numbered(5, 6));
  assert.deepEqual(asked.slice(0, 4), [0, 2, 4, 5]);
});

for (const [what, options, link] of [
  ["how many there are", { total: undefined }, (base, after) => `${base}?startIndex=${after}&_count=2`],
  ["an offset in the link", { total: TOTAL }, (base, after) => `${base}?page=${after}`],
  ["a link that leads on", { total: TOTAL }, (base) => `${base}?startIndex=0&_count=3`],
]) {
  test(`without ${what} nothing is fetched ahead`, async (t) => {
    const { client, asked, answer } = await slow(t, (offset, { ids: of, gateway }) => {
      const { total, ...body } = bundle(of.map((id) => eob(id)), { ...options, next: link(`${gateway.base}${EOB}`, offset + 2) });
      return { body: options.total === undefined ? body : { ...body, total } };
    });
    const pages = client.claims({ pageSize: 2, concurrency: 4 });
    const first = pages.next();
    await answer(0);
    await first;
    await settled();
    assert.deepEqual(asked, [0]);
  });
}

test("a page that failed on its way is fetched again at its turn; one that fails then can be asked for again", async (t) => {
  let faults = 0;
  const { client, answer } = await slow(t, (offset) => {
    if (offset !== 4 || faults === 2) return undefined;
    faults += 1;
    return { status: 502, body: {} };
  });
  const pages = client.claims({ pageSize: 2, concurrency: 3 });
  const first = pages.next();
  await answer(0);
  await first;
  for (const offset of [2, 4, 6]) await answer(offset);
  assert.deepEqual(ids(await pages.next()), numbered(2, 3));
  const failing = pages.next().then(() => undefined, (error) => error);
  await answer(4);
  assert.equal((await failing)?.code, "server_error");
  assert.equal(pages.done, false);
  const again = pages.next();
  await answer(4);
  assert.deepEqual(ids(await again), numbered(4, 5));
  assert.deepEqual(ids(await pages.next()), numbered(6, 7));
});

test("whoever stops early asks for nothing more", async (t) => {
  const { client, asked, answer } = await slow(t);
  const pages = client.claims({ pageSize: 2, concurrency: 2 });
  const first = pages.next();
  await answer(0);
  await first;
  await pages.return();
  await answer(2);
  await answer(4);
  await settled();
  assert.deepEqual(asked, [0, 2, 4]);
  assert.equal((await pages.next()).done, true);
});

for (const concurrency of [0, 7, 1.5, "2", null, Number.NaN]) {
  test(`a concurrency of ${JSON.stringify(concurrency)} is refused by name`, async (t) => {
    const { client, asked } = await slow(t);
    await assert.rejects(client.claims({ concurrency }).next(), { name: "BluegateError", code: "invalid_request", message: /concurrency/ });
    assert.deepEqual(asked, []);
  });
}
