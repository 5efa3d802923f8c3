// The examples of the README, as TypeScript and as scripts that a page can load.
import fs from "node:fs";
import { transformSync } from "esbuild";

/** The examples in their order. */
export function examples() {
  const readme = fs.readFileSync(new URL("../README.md", import.meta.url), "utf8");
  return [...readme.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1]);
}

/** An example as a module for browsers, with the package's entries where `dist` says. */
export function script(example, dist) {
  const { code } = transformSync(example, { loader: "ts", target: "es2022" });
  return code.replace(/"@bluegate\/client(?:\/(\w+))?"/g, (_, entry = "index") => `"${dist}/${entry}.js"`);
}
