// What is measured, the same in Node and in Chromium: one function for each way from the bytes of a page to
// what an application wants of it.
import { evalFhirPath } from "@medplum/core";
import { getPath } from "fhirclient/lib/lib.js";
import { init, parsePageSync } from "@bluegate/client/inline/fhir";
import { paidByMonth, rowsOf } from "./mapping.js";

const decoder = new TextDecoder();
const json = (bytes) => JSON.parse(decoder.decode(bytes));

function withPage(bytes, take) {
  const page = parsePageSync(bytes);
  try {
    return take(page);
  } finally {
    page.free();
  }
}

const full = (page) => Array.from({ length: page.length }, (_, index) => page.claim(index));

// The part of a row that is a plain path, which is what these packages offer for reading JSON.
const PATHS = ["id", "status", "billablePeriod.start", "billablePeriod.end", "payment.amount.value", "item.0.sequence"];
const EXPRESSIONS = ["id", "status", "billablePeriod.start", "billablePeriod.end", "payment.amount.value", "item[0].sequence"];
const ofEntries = (bundle, read) => bundle.entry.map(({ resource }) => read(resource));

const JOBS = {
  "list rows": {
    "JSON.parse alone": (bytes) => json(bytes),
    "JSON.parse, mapped by hand": (bytes) => rowsOf(json(bytes)),
    "fhirclient getPath, 6 fields": (bytes) => ofEntries(json(bytes), (claim) => PATHS.map((path) => getPath(claim, path))),
    "@medplum/core FHIRPath, 6 fields": (bytes) =>
      ofEntries(json(bytes), (claim) => EXPRESSIONS.map((path) => evalFhirPath(path, claim))),
    "@bluegate/client": (bytes) => withPage(bytes, (page) => page.rows),
  },
  "total paid per month": {
    "JSON.parse alone": (bytes) => json(bytes),
    "JSON.parse, mapped by hand": (bytes) => paidByMonth(json(bytes)),
    "@bluegate/client": (bytes) => withPage(bytes, (page) => page.paidByMonth()),
  },
  "all claims in full": {
    "JSON.parse alone": (bytes) => json(bytes),
    "@bluegate/client": (bytes) => withPage(bytes, full),
  },
};

const plain = (value) => JSON.stringify(value instanceof Map ? [...value] : value, sortKeys);
const sortKeys = (_, value) =>
  value !== null && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

/**
 * Measures every job on a page: the ways take turns within a round, so that what else the machine does
 * meets all of them. Gives the milliseconds of each round.
 */
export async function measure(bytes, { milliseconds, compare }) {
  await init();
  if (compare) {
    const mine = (job) => plain(JOBS[job]["@bluegate/client"](bytes));
    const theirs = (job) => plain(JOBS[job]["JSON.parse, mapped by hand"](bytes));
    for (const job of ["list rows", "total paid per month"]) {
      if (mine(job) !== theirs(job)) throw new Error(`${job}: the mapping by hand answers otherwise\n${mine(job)}\n${theirs(job)}`);
    }
  }
  const results = {};
  for (const [job, ways] of Object.entries(JOBS)) {
    const times = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
    for (let warm = 0; warm < 5; warm += 1) for (const way of Object.values(ways)) way(bytes);
    const end = performance.now() + milliseconds;
    for (let round = 0; round < 7 || performance.now() < end; round += 1) {
      for (const [name, way] of Object.entries(ways)) {
        // As many at a time as the clock of a browser can tell apart.
        const repeat = bytes.length < 300_000 ? 8 : 2;
        const begin = performance.now();
        for (let count = 0; count < repeat; count += 1) way(bytes);
        times[name].push((performance.now() - begin) / repeat);
      }
    }
    results[job] = times;
  }
  return results;
}

/** A page of any size, three times: its rows, and JSON.parse alone; the median of each. */
export async function measureLarge(bytes) {
  await init();
  let rows = 0;
  const median = (way) => {
    const times = [0, 1, 2].map(() => {
      const begin = performance.now();
      way();
      return performance.now() - begin;
    });
    return times.sort((a, b) => a - b)[1];
  };
  const ms = median(() => (rows = withPage(bytes, (page) => page.rows).length));
  return { rows, ms, parse: median(() => json(bytes)) };
}
