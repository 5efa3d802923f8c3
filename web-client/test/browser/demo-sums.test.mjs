// What the demo page makes of claims and coverages: sums of what counts, how far loading is, who is enrolled. In
// Chromium, with records made here.
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { launch, packageRoot, serve } from "./chromium.mjs";

let browser;
let server;
before(async () => {
  server = await serve({ "/demo/": path.join(packageRoot, "demo", "build") });
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
      const context = { language, texts: await textsIn(language), formats: formatsIn(language) };
      if (given.coverages !== undefined) {
        const { coverages } = await import("/demo/view.js");
        return coverages(context, given.coverages, given.death).textContent ?? "";
      }
      const { summary, equation } = await import("/demo/overview.js");
      const { aboutOf } = await import("/demo/records.js");
      const items = given.rows.map((row) => ({ row, about: { ...aboutOf(row, undefined), ...row.about } }));
      const progress = { items, unread: 0, total: items.length, complete: true, ...given.records };
      const parts = [summary(context, progress, items, given.year ?? ""), equation(context, items)];
      return parts.map((part) => part?.textContent).join("\n");
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

test("sums leave out what does not count, and say so", async () => {
  const words = await drawn("en", { rows, records: { complete: true, total: 4, unread: 2 } });
  assert.match(words, /In all years you may be billed \$10\.00, you paid \$2\.50 \(where it is known\), and Medicare and your plan paid \$80\.00/);
  assert.match(words, /Not in the sums and charts: 2 claims \(cancelled: 1, refunds: 1\)/);
  assert.match(words, /Without 1 claims whose amount is not known/);
  assert.match(words, /could not be read, and are missing here: 2/);
  assert.ok(!/1,0\d0\.00/.test(words), words);
  assert.match(await drawn("es", { rows }), /canceladas: 1, reembolsos: 1/);
});

test("while pages arrive the answer and each card say so, and after a failure as well", async () => {
  const records = { complete: false, total: 4776 };
  const far = await drawn("en", { rows, records });
  assert.equal(far.match(/So far, 4 of 4,776/g)?.length, 5);
  const failed = await drawn("es", { rows, records: { ...records, failed: true } });
  assert.match(failed, /La carga se detuvo/);
  assert.match(failed, /Hasta ahora, 4 de 4,776/);
  assert.ok(!/So far/.test(await drawn("en", { rows })));
});

test("from charged to owed adds up, whatever is paid above the charge, by others, or not told", async () => {
  const all = [
    row("1", { charged: 100_00, paid: 60_00, patientResponsibility: 15_00 }),
    row("2", { type: "inpatient", charged: 500_00, paid: 700_00, patientResponsibility: 100_00 }),
    row("3", { type: "pde", charged: 40_00, paid: 25_00, paidByPatient: 10_00 }),
    row("4", { charged: 90_00, paid: 50_00, patientResponsibility: 0, about: { otherPayer: 20_00 } }),
    row("5", { charged: 9000_00, paid: 10_00 }),
    row("6", { charged: 77_00, paid: 70_00, patientResponsibility: 7_00, status: "cancelled", leftOut: "cancelled" }),
  ];
  const words = await drawn("en", { rows: all });
  // 730 + 300 = 115 + 10 + 835 + 20 + 50
  for (const term of [/Charged\$730\.00/, /Paid above the charge\$300\.00/, /You may be billed\$115\.00/, /at the pharmacy\$10\.00/, /plan paid\$835\.00/, /Other insurance paid\$20\.00/, /You don't pay this\$50\.00/]) {
    assert.match(words, term);
  }
  assert.match(words, /1 claims are not in this line/);
});

test("the Part B deductible is met, or how much was left, in the years that Medicare's amount is known of", async () => {
  const claims = (cents) => [row("1", { charged: 1, paid: 1, patientResponsibility: 1, about: { deductible: cents } })];
  assert.match(await drawn("en", { rows: claims(257_00), year: "2025" }), /Met: all of \$257\.00/);
  assert.match(await drawn("en", { rows: claims(100_00), year: "2024" }), /\$100\.00 of \$240\.00\$140\.00 were left/);
  assert.match(await drawn("en", { rows: claims(300_00), year: "2024" }), /Met: all of \$240\.00Claims of this year applied \$300\.00/);
  assert.match(await drawn("en", { rows: claims(100_00), year: "2003" }), /\$100\.00 applied.*not known here/);
  assert.match(await drawn("es", { rows: claims(257_00), year: "2025" }), /Cumplido/);
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
