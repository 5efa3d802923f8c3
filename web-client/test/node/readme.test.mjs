// The examples of the README compile as they stand, against the package's own declarations.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { repository } from "../fixtures.mjs";
import { examples } from "../readme.mjs";

const webClient = path.join(repository, "web-client");

test("every example of the README compiles", (t) => {
  const all = examples();
  assert.ok(all.length >= 4);

  // Inside the package, where its own name resolves to it.
  const dir = fs.mkdtempSync(path.join(webClient, "dist", ".readme-"));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  for (const [index, example] of all.entries()) {
    // Later examples go on with the client of the first.
    const given = index === 0 ? "" : 'import type { Client } from "@bluegate/client";\ndeclare const client: Client;\n';
    fs.writeFileSync(path.join(dir, `example-${index}.ts`), `${given}${example}\nexport {};\n`);
  }
  fs.writeFileSync(
    path.join(dir, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        noEmit: true,
        strict: true,
        target: "ES2022",
        module: "ES2022",
        moduleResolution: "bundler",
        lib: ["ES2022", "ESNext.Disposable", "DOM"],
        types: [],
      },
    }),
  );
  const tsc = path.join(webClient, "node_modules", ".bin", "tsc");
  const result = spawnSync(tsc, ["--project", dir], { encoding: "utf8" });
  assert.equal(result.stdout, "");
  assert.equal(result.status, 0);
});

const readme = fs.readFileSync(path.join(webClient, "README.md"), "utf8");

test("the registration registers the first page's own address", () => {
  const registration = JSON.parse(/curl -s (\S+)\/o\/register .*?-d '(.*?)'/s.exec(readme)[2]);
  const [first] = examples();
  const options = Object.fromEntries([...first.matchAll(/(\w+): "(.*?)"/g)].map(([, name, value]) => [name, value]));
  assert.deepEqual(registration.redirect_uris, [options.redirectUri]);
  assert.equal(registration.token_endpoint_auth_method, "none");
  assert.equal(/curl -s (\S+)\/o\/register/.exec(readme)[1], options.baseUrl);
  assert.ok(!options.redirectUri.startsWith(options.baseUrl), "it is the reader's page, and none of the gateway's");
});

test("no link of the README leads out of the package", () => {
  const links = [...readme.matchAll(/\]\((.*?)\)/g)].map(([, link]) => link);
  for (const link of links) assert.match(link, /^(https:\/\/|#)/);
});

test("the table of errors has every code once, with what to do next", () => {
  const source = fs.readFileSync(path.join(webClient, "ts", "errors.ts"), "utf8");
  const [, type] = /export type ErrorCode =(.*?);\n/s.exec(source);
  const codes = [...type.matchAll(/\| "(\w+)"/g)].map(([, code]) => code);
  const [, table] = /## Errors\n(.*?)\n## /s.exec(readme);
  const rows = [...table.matchAll(/^\| (`.*?`) \| (.+?) \| (.+?) \|$/gm)].filter(([, code]) => code !== "`code`");
  for (const [row, , what, next] of rows) assert.ok(what.length > 10 && next.length > 5, row);
  assert.deepEqual(rows.flatMap(([, cell]) => [...cell.matchAll(/`(\w+)`/g)].map(([, code]) => code)).sort(), codes.sort());
});
