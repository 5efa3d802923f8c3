import fs from "node:fs";
import { fileURLToPath } from "node:url";
import { initSync, parsePageSync } from "@bluegate/client/fhir";
import { createPkceSync, init, initSync as initPkce } from "@bluegate/client/pkce";
import { parsePageSync as parseInline, initSync as initInline } from "@bluegate/client/inline/fhir";
import { check } from "./check.js";

// At once, more than once, and beside the asynchronous way.
initSync();
initSync();
const empty = new TextEncoder().encode('{"resourceType":"Bundle","total":0}');
const { total } = parsePageSync(empty);
initPkce();
await Promise.all([init(), init()]);
const { verifier } = createPkceSync();

// From the file that the package exports.
const wasm = fs.readFileSync(fileURLToPath(import.meta.resolve("@bluegate/client/wasm/fhir.wasm")));
initInline(wasm);

console.log(JSON.stringify({ ...(await check()), total, verifier: verifier.length, inline: parseInline(empty).total }));
