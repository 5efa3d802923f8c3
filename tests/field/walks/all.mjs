// All walks, against one environment. Those that stop everybody come last, alone.
import { after, describe } from "node:test";

import account from "./account.mjs";
import applications from "./applications.mjs";
import decisions from "./decisions.mjs";
import lockDown from "./lock-down.mjs";
import people from "./people.mjs";
import portal from "./portal.mjs";

/** Defines the walks of everywhere, and others beside them; the first one that runs starts the environment. */
export function walks(name, start, { together = [], alone = [] } = {}) {
  describe(name, () => {
    let started;
    const field = () => (started ??= timed(name, start));
    after(async () => (await started?.catch(() => undefined))?.end());
    describe("at the same time", { concurrency: 3 }, () => {
      for (const define of [applications, decisions, account, people, portal, ...together]) define(field);
    });
    describe("alone", () => {
      for (const define of [...alone, lockDown]) define(field);
    });
  });
}

async function timed(name, start) {
  const begun = Date.now();
  try {
    return await start();
  } catch (error) {
    // Once: every walk that waits for it fails with fewer words.
    console.log(`${name}: ${error.stack}`);
    throw new Error("the environment did not start");
  } finally {
    console.log(`${name}: started in ${((Date.now() - begun) / 1000).toFixed(1)} s`);
  }
}
