// Validates what the claims backend answers in R4 (v2, v3) with the npm package `fhir`, which rejects what
// fhir.resources accepts (a status that does not exist) and accepts what that one rejects (a month 13).
//
// Reads searchset bundles, one a line, from standard input; prints one line with the counts and exits 1 if anything is
// wrong that is not a known false alarm of the package.

import { createInterface } from 'node:readline';
import fhir from 'fhir';

const validator = new fhir.Fhir();

/** What the package calls wrong and is not, with the reason. */
const FALSE_ALARMS = [
  // Its structure definition lacks the element; R4 has ExplanationOfBenefit.adjudication.
  [/^ExplanationOfBenefit\.adjudication$/, /^Unexpected property$/],
];

const counts = new Map();
let failures = 0;
let waived = 0;
for await (const line of createInterface({ input: process.stdin })) {
  for (const { resource } of JSON.parse(line).entry ?? []) {
    if (!counts.has(resource.resourceType)) {
      // What accepts everything says nothing.
      const { valid } = validator.validate({ ...resource, unheardOf: true }, { errorOnUnexpected: true });
      if (valid) throw new Error(`a ${resource.resourceType} with an unknown member was accepted`);
    }
    counts.set(resource.resourceType, (counts.get(resource.resourceType) ?? 0) + 1);
    const { messages } = validator.validate(resource, { errorOnUnexpected: true });
    for (const { severity, location, message } of messages) {
      if (severity !== 'error' && severity !== 'fatal') continue;
      const path = (location ?? '').replace(/\[\d+\]/g, '');
      if (FALSE_ALARMS.some(([at, says]) => at.test(path) && says.test(message))) {
        waived += 1;
        continue;
      }
      failures += 1;
      if (failures <= 10) console.log(`${resource.id}: ${location}: ${message}`);
    }
  }
}
const found = [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
console.log(`npm fhir: ${found}, ${failures} problems (${waived} known false alarms)`);
process.exit(failures > 0 || counts.size === 0 ? 1 : 0);
