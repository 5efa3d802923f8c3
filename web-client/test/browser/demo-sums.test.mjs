// What the demo page makes of claims and coverages: sums of what counts, how far loading is, who is enrolled. In
// Chromium, with records made here.
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { launch, packageRoot, serve } from "./chromium.mjs";

let browser;
let server;
before(async () => {
  server = await serve({ "/demo/": path.join(packageRoot, "demo", "dist") });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

/** The words of what is drawn with these records, or of these coverages. */
async function drawn(language, given) {
  const tab = await browser.newPage();
  await tab.goto(`${server.base}/`);
  const words = await tab.evaluate(
    async ([language, given]) => {
      const { textsIn } = await import("/demo/text.js");
      const { formatsIn } = await import("/demo/format.js");
      const context = { language, texts: textsIn(language), formats: formatsIn(language) };
      if (given.coverages !== undefined) {
        const { coverages } = await import("/demo/view.js");
        return coverages(context, given.coverages, given.death).textContent ?? "";
      }
      const { summary, spending } = await import("/demo/overview.js");
      const items = given.rows.map((row) => ({ row }));
      const records = { items, fills: [], unread: 0, ...given.records };
      const error = given.failed ? new Error("no network") : undefined;
      const parts = [summary(context, records, error, () => {}), ...spending(context, records)];
      return parts.map((part) => part.textContent).join("\n");
    },
    [language, given],
  );
  await tab.close();
  return words;
}

const row = (id, more) => ({ id, type: "carrier", use: "claim", status: "active", end: "2020-05-07", lines: 1, ...more });
const rows = [
  row("1", { paid: 8000, patientResponsibility: 1000 }),
  row("2", { paid: 100_000, status: "cancelled", leftOut: "cancelled" }),
  row("3", { paid: -100_000, leftOut: "refund" }),
  row("4", { unknown: { paid: "noValue" }, paidByPatient: 250 }),
];

test("sums and charts leave out what does not count, and say so", async () => {
  const words = await drawn("en", { rows, records: { complete: true, total: 4, unread: 2 } });
  assert.match(words, /Paid by Medicare and plans\$80\.00/);
  assert.match(words, /Your share\$10\.00/);
  assert.match(words, /You paid\$2\.50/);
  assert.match(words, /Not in the sums and charts: 2 claims \(cancelled: 1, refunds: 1\)/);
  assert.match(words, /Without 1 claims whose amount is not known/);
  assert.match(words, /could not be read, and are missing here: 2/);
  assert.ok(!/1,0\d0\.00/.test(words), words);
  assert.match(await drawn("es", { rows, records: { complete: true, total: 4 } }), /canceladas: 1, reembolsos: 1/);
});

test("while pages arrive the cards say so, and a failure stands in them", async () => {
  const records = { complete: false, total: 4776 };
  const far = await drawn("en", { rows, records });
  assert.equal(far.match(/So far, 4 of 4,776/g)?.length, 5);
  const failed = await drawn("es", { rows, records, failed: true });
  assert.match(failed, /Algo salió mal/);
  assert.match(failed, /Hasta ahora, 4 de 4,776/);
  assert.ok(!/So far/.test(await drawn("en", { rows, records: { complete: true, total: 4 } })));
});

test("coverage is what the months say, and nobody is enrolled after their death", async () => {
  const coverage = (part, enrollment) => ({ id: `part-${part}`, part, status: "active", enrollment });
  const coverages = [
    coverage("A", { state: "enrolled", asOf: "2018-12", months: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] }),
    coverage("C", { state: "notEnrolled", asOf: "2018-12", months: [1, 2] }),
    coverage("D", { state: "unknown" }),
  ];
  const text = (given) => drawn("en", given).then((words) => words.replace(/\s+/g, " "));
  const alive = await text({ coverages });
  assert.match(alive, /Part A.*Enrolled.*as of Dec 2018.*Part C.*Not enrolled.*enrolled in: Jan 2018, Feb 2018.*Part D.*Not known/);
  const dead = await text({ coverages, death: "2018-05-04" });
  assert.equal(dead.match(/Not enrolled/g)?.length, 3);
  assert.match(dead, /ended on May 4, 2018/);
  assert.match(await drawn("es", { coverages }), /Inscrita[\s\S]*Sin inscripción[\s\S]*No se sabe/);
});
