// The local copy: whatever fails, and whatever changes at the server meanwhile, no claim is lost and none is
// there twice.
import assert from "node:assert/strict";
import test from "node:test";
import { memoryStore } from "@bluegate/client/sync";
import { bundle, code, eob, signedIn } from "../gateway.mjs";

const EOB = "/v2/fhir/ExplanationOfBenefit";
const DAY = 86_400_000;

/**
 * The claims of one person at a server that orders them by id and cuts pages out of what it has at the time,
 * as the real one does.
 */
class Server {
  claims = new Map();
  /** Each change is later than all before. */
  clock = Date.now() - 400 * DAY;

  put(id) {
    this.clock += DAY / 24;
    const revision = (this.claims.get(id)?.revision ?? 0) + 1;
    this.claims.set(id, { id, revision, lastUpdated: new Date(this.clock).toISOString() });
  }

  /** From now on changes are made in the present. */
  wake() {
    this.clock = Math.max(this.clock, Date.now());
  }

  answer(query, base) {
    const since = query.getAll("_lastUpdated").map((bound) => bound.replace(/^ge/, ""))[0];
    const start = Number(query.get("startIndex") ?? 0);
    const count = Number(query.get("_count") ?? 10);
    const all = [...this.claims.values()]
      .filter(({ lastUpdated }) => since === undefined || Date.parse(lastUpdated) >= Date.parse(since))
      .sort((one, other) => (one.id < other.id ? -1 : 1));
    const next = new URLSearchParams(query);
    next.set("startIndex", start + count);
    const page = all.slice(start, start + count).map(({ id, revision, lastUpdated }) =>
      eob(id, { meta: { lastUpdated }, payment: { amount: { value: revision, currency: "USD" } } }),
    );
    return bundle(page, {
      total: all.length,
      ...(start + count < all.length ? { next: `${base}${EOB}?${next}` } : {}),
    });
  }
}

/** A signed-in client of such a server. */
async function setUp(t, { claims = 0, options = {} } = {}) {
  const server = new Server();
  for (let number = 0; number < claims; number += 1) server.put(`carrier-${1000 + number}`);
  const { gateway, client } = await signedIn(t, { options: { retry: false, ...options } });
  gateway.routes[`GET ${EOB}`] = ({ query }) => ({ body: server.answer(query, gateway.base) });
  return { server, gateway, client };
}

/** The store has what the server has, each claim once and in its latest revision. */
async function assertSame(store, server, { orMore = false } = {}) {
  const kept = await store.all();
  const byId = new Map(kept.map((stored) => [stored.id, stored]));
  assert.equal(byId.size, kept.length, "a claim is there twice");
  for (const { id, revision } of server.claims.values()) {
    assert.ok(byId.has(id), `${id} is lost`);
    assert.equal(byId.get(id).claim.payment.amount, revision * 100, `${id} is out of date`);
  }
  if (!orMore) assert.equal(kept.length, server.claims.size);
}

test("the first sync reads everything, the next only what changed", async (t) => {
  const { server, gateway, client } = await setUp(t, { claims: 120 });
  const store = memoryStore();
  const first = await client.sync(store);
  assert.equal(first.added.length, 120);
  assert.deepEqual([first.updated, first.removed], [[], []]);
  assert.equal(gateway.to(EOB).length, 3);
  await assertSame(store, server);

  server.wake();
  server.put("carrier-1007");
  server.put("pde-5");
  const second = await client.sync(store);
  assert.deepEqual(second, { added: ["pde-5"], updated: ["carrier-1007"], removed: [] });
  const asked = gateway.to(EOB).slice(3);
  assert.equal(asked.length, 1);
  assert.match(asked[0].query.get("_lastUpdated"), /^ge\d{4}-/);
  await assertSame(store, server);

  assert.deepEqual(await client.sync(store), { added: [], updated: [], removed: [] });
});

test("what is kept of a claim is its row, all of it, and its JSON where that is wanted", async (t) => {
  const { server, client } = await setUp(t, { claims: 1 });
  const store = memoryStore();
  await client.sync(store);
  const kept = await store.get("carrier-1000");
  assert.equal(kept.row.paid, 100);
  assert.equal(kept.claim.lastUpdated, kept.lastUpdated);
  assert.equal(kept.json, undefined);

  const { updated } = await client.sync(store, { full: true, json: true });
  assert.deepEqual(updated, ["carrier-1000"]);
  const { meta, id } = JSON.parse((await store.get("carrier-1000")).json);
  assert.deepEqual([id, meta.lastUpdated], ["carrier-1000", server.claims.get(id).lastUpdated]);
});

test("only a full sync tells what the server no longer has", async (t) => {
  const { server, client } = await setUp(t, { claims: 60 });
  const store = memoryStore();
  await client.sync(store);
  server.claims.delete("carrier-1003");
  assert.deepEqual((await client.sync(store)).removed, []);
  assert.deepEqual((await client.sync(store, { full: true })).removed, ["carrier-1003"]);
  await assertSame(store, server);
});

test("an empty answer removes nothing: failures behind the gateway look like it", async (t) => {
  const { server, client } = await setUp(t, { claims: 5 });
  const store = memoryStore();
  await client.sync(store);
  const claims = server.claims;
  server.claims = new Map();
  assert.deepEqual((await client.sync(store, { full: true })).removed, []);
  server.claims = claims;
  await client.sync(store);
  await assertSame(store, server);
});

test("an empty answer in the middle of a pass does not end it", async (t) => {
  const { server, gateway, client } = await setUp(t, { claims: 120 });
  const store = memoryStore();
  let calls = 0;
  const good = gateway.routes[`GET ${EOB}`];
  gateway.routes[`GET ${EOB}`] = (request) => ((calls += 1) === 2 ? { body: bundle([]) } : good(request));
  await client.sync(store);
  await assertSame(store, server);
});

test("a claim that is removed between two pages costs no other", async (t) => {
  const { server, gateway, client } = await setUp(t, { claims: 120 });
  const store = memoryStore();
  const good = gateway.routes[`GET ${EOB}`];
  let calls = 0;
  gateway.routes[`GET ${EOB}`] = (request) => {
    calls += 1;
    const answer = good(request);
    // One goes and another comes, so that the total tells nothing.
    if (calls === 1) {
      server.wake();
      server.claims.delete("carrier-1000");
      server.put("pde-1");
    }
    return answer;
  };
  await client.sync(store);
  await assertSame(store, server);
});

test("a change between two pages is seen by the next sync", async (t) => {
  const { server, gateway, client } = await setUp(t, { claims: 120 });
  const store = memoryStore();
  const good = gateway.routes[`GET ${EOB}`];
  let calls = 0;
  gateway.routes[`GET ${EOB}`] = (request) => {
    calls += 1;
    const answer = good(request);
    if (calls === 1) {
      server.wake();
      server.put("carrier-1000");
      server.put("carrier-1119");
    }
    return answer;
  };
  await client.sync(store);
  await client.sync(store);
  await assertSame(store, server);
});

test("two syncs of a store at the same time take turns", async (t) => {
  const { server, gateway, client } = await setUp(t, { claims: 120 });
  const store = memoryStore();
  const [one, two] = await Promise.all([client.sync(store), client.sync(store)]);
  assert.deepEqual([one.added.length, two.added.length], [120, 0]);
  assert.equal(gateway.to(EOB).length, 4);
  await assertSame(store, server);
});

test("a sync goes on at the page where the last one stopped, also after days", async (t) => {
  const { server, gateway, client } = await setUp(t, { claims: 120 });
  const store = memoryStore();
  const good = gateway.routes[`GET ${EOB}`];
  let calls = 0;
  gateway.routes[`GET ${EOB}`] = (request) => ((calls += 1) === 2 ? "hang up" : good(request));
  await assert.rejects(client.sync(store), code("offline"));
  assert.equal((await store.all()).length, 50);
  await client.sync(store);
  const starts = gateway.to(EOB).map(({ query }) => query.get("startIndex"));
  // And asks once more for what happened since the first page was read.
  assert.deepEqual(starts, [null, "50", "50", "100", null]);
  assert.ok(gateway.to(EOB).at(-1).query.has("_lastUpdated"));
  await assertSame(store, server);
});

test("a saved address that has died is no reason to stop", async (t) => {
  for (const answer of [{ status: 400, body: {} }, { status: 404, body: {} }, { body: "{" }]) {
    const { server, gateway, client } = await setUp(t, { claims: 120 });
    const store = memoryStore();
    const good = gateway.routes[`GET ${EOB}`];
    gateway.routes[`GET ${EOB}`] = (request) => (request.query.has("startIndex") ? "hang up" : good(request));
    await assert.rejects(client.sync(store), code("offline"));
    let dead = true;
    gateway.routes[`GET ${EOB}`] = (request) => {
      const now = dead;
      dead = false;
      return now ? answer : good(request);
    };
    await client.sync(store);
    await assertSame(store, server);
  }
});

test("a saved address at another origin gets no token", async (t) => {
  const { server, gateway, client } = await setUp(t, { claims: 120 });
  const store = memoryStore();
  const good = gateway.routes[`GET ${EOB}`];
  gateway.routes[`GET ${EOB}`] = (request) => (request.query.has("startIndex") ? "hang up" : good(request));
  await assert.rejects(client.sync(store), code("offline"));
  const state = await store.state();
  let asked = 0;
  const next = "https://evil.example/claims";
  await store.commit({ put: [], remove: [], state: { ...state, pass: { ...state.pass, next } } });
  gateway.routes[`GET ${EOB}`] = (request) => ((asked += 1), good(request));
  await client.sync(store);
  assert.equal(asked, 4);
  await assertSame(store, server);
});

test("a store is of one person: another's claims are neither added nor kept", async (t) => {
  const { client } = await setUp(t, { claims: 3 });
  const store = memoryStore();
  await client.sync(store);
  const other = await setUp(t, { claims: 3 });
  await assert.rejects(other.client.sync(store), code("wrong_person"));
  assert.equal((await store.all()).length, 3);

  const mixed = await setUp(t, { claims: 1 });
  mixed.gateway.routes[`GET ${EOB}`] = () => ({
    body: bundle([eob("carrier-1"), eob("carrier-2", { patient: { reference: "Patient/-1" } })]),
  });
  const fresh = memoryStore();
  await assert.rejects(mixed.client.sync(fresh), code("wrong_person"));
  assert.deepEqual(await fresh.all(), []);
});

test("entries that are no claims do not keep a sync from ending", async (t) => {
  const { gateway, client } = await setUp(t);
  const second = `${gateway.base}${EOB}?page=2`;
  gateway.routes[`GET ${EOB}`] = ({ query }) => ({
    body: query.has("page")
      ? bundle([eob("carrier-2")], { total: 3 })
      : bundle([{ resourceType: "Basic", id: "x" }, eob("carrier-1")], { total: 3, next: second }),
  });
  const store = memoryStore();
  await client.sync(store);
  assert.deepEqual((await store.all()).map(({ id }) => id), ["carrier-1", "carrier-2"]);
  assert.equal(gateway.to(EOB).length, 2);
});

test("a server that counts nothing is read twice", async (t) => {
  const { gateway, client } = await setUp(t);
  const second = `${gateway.base}${EOB}?page=2`;
  gateway.routes[`GET ${EOB}`] = ({ query }) => {
    const { total, ...body } = query.has("page") ? bundle([eob("carrier-2")]) : bundle([eob("carrier-1")], { next: second });
    return { body };
  };
  const store = memoryStore();
  await client.sync(store);
  assert.equal((await store.all()).length, 2);
  assert.equal(gateway.to(EOB).length, 4);
});

test("a server that never stands still is an error, and costs nothing that was read", async (t) => {
  const { server, gateway, client } = await setUp(t, { claims: 120 });
  const store = memoryStore();
  const good = gateway.routes[`GET ${EOB}`];
  let calls = 0;
  gateway.routes[`GET ${EOB}`] = (request) => {
    server.put(`dme-${(calls += 1)}`);
    return good(request);
  };
  await assert.rejects(client.sync(store), code("server_error"));
  assert.ok((await store.all()).length >= 120);
  gateway.routes[`GET ${EOB}`] = good;
  await client.sync(store);
  await assertSame(store, server);
});

/** Numbers that are the same for the same seed (mulberry32). */
function random(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** A store whose steps fail now and then, before or after they are done. */
function fragile(store, chance) {
  const step = (work) => async (argument) => {
    if (chance()) throw new Error("fault");
    const result = await work(argument);
    if (chance()) throw new Error("fault");
    return result;
  };
  return { ...store, state: step(store.state), get: step(store.get), all: step(store.all), commit: step(store.commit) };
}

test("property: with faults at every step and changes between pages, none is lost and none is double", async (t) => {
  const SEEDS = Number(process.env.BLUEGATE_SYNC_SEEDS ?? 60);
  const { gateway, client } = await signedIn(t, { options: { retry: false } });
  let faults = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const pick = random(seed);
    const server = new Server();
    for (let number = pick(60); number >= 0; number -= 1) server.put(`carrier-${1000 + number}`);
    let calm = false;
    const chance = () => !calm && pick(12) === 0 && (faults += 1) > 0;
    const removed = new Set();

    const change = () => {
      server.wake();
      const ids = [...server.claims.keys()];
      const id = ids.length === 0 ? "carrier-1" : ids[pick(ids.length)];
      switch (pick(3)) {
        case 0:
          server.put(`${["carrier", "dme", "pde"][pick(3)]}-${2000 + pick(500)}`);
          break;
        case 1:
          server.put(id);
          break;
        default:
          server.claims.delete(id);
          removed.add(id);
      }
    };
    gateway.routes[`GET ${EOB}`] = ({ query }) => {
      if (chance()) return ["hang up", { status: 503 }, { status: 502 }, { body: '{"resourceType":"Bun' }, { body: bundle([]) }][pick(5)];
      const body = server.answer(query, gateway.base);
      if (!calm) for (let changes = pick(3); changes > 0; changes -= 1) change();
      return { body };
    };

    const kept = memoryStore();
    const store = fragile(kept, chance);
    for (let round = pick(12); round >= 0; round -= 1) {
      const control = new AbortController();
      if (chance()) setImmediate(() => control.abort());
      await client
        .sync(store, { pageSize: 1 + pick(20), full: pick(5) === 0, signal: control.signal })
        .catch((error) => assert.match(String(error), /BluegateError|fault|Abort/));
      const all = await kept.all();
      assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
    }
    calm = true;
    await client.sync(store, { pageSize: 20 });
    await assertSame(kept, server, { orMore: true });
    for (const { id } of await kept.all()) assert.ok(server.claims.has(id) || removed.has(id), `seed ${seed}: ${id}`);
    await client.sync(store, { full: true });
    // A server that has nothing left is not believed.
    await assertSame(kept, server, { orMore: server.claims.size === 0 });
  }
  t.diagnostic(`${SEEDS} histories, ${faults} faults`);
  assert.ok(faults > SEEDS);
});
