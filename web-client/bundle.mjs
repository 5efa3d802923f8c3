// Bundles the entries of the package, once for each way of delivering WebAssembly:
//
//   dist/          browsers: the module is a file beside the script, and its address is in the script in the
//                  form that bundlers know as an asset: new URL("…", import.meta.url)
//   dist/workerd/  the module is imported, and arrives compiled
//   dist/inline/   the module is in the script itself: Node, and bundlers that know no assets
//
// The entries of one folder share chunks, so that a page which uses two of them loads nothing twice.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(here, "dist");

const ENTRIES = ["index", "pkce", "fhir", "sync", "worker"];
const FLAVOURS = {
  ".": (name) => `export default () => new URL("./wasm/${name}_bg.wasm", import.meta.url);`,
  workerd: (name) => `import module from "../wasm/${name}_bg.wasm"; export default () => module;`,
  inline: (name) => {
    const base64 = fs.readFileSync(path.join(dist, "wasm", `${name}_bg.wasm`)).toString("base64");
    return `export default () => Uint8Array.from(atob("${base64}"), (byte) => byte.charCodeAt(0));`;
  },
};

for (const [folder, source] of Object.entries(FLAVOURS)) {
  // The labels need no module, and are the same everywhere.
  const entries = folder === "." ? [...ENTRIES, "labels"] : ENTRIES;
  await build({
    entryPoints: entries.map((entry) => path.join(here, "ts", `${entry}.ts`)),
    outdir: path.join(dist, folder),
    chunkNames: "[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    minify: true,
    legalComments: "none",
    logLevel: "warning",
    plugins: [wasm(source)],
  });
}

/** Puts a folder's way of delivering modules behind the names that the sources import. */
function wasm(source) {
  return {
    name: "wasm",
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^#\w+\.wasm$/ }, ({ path }) => ({ path, namespace: "wasm" }));
      onLoad({ filter: /./, namespace: "wasm" }, ({ path }) => ({ contents: source(path.slice(1, -".wasm".length)) }));
      onResolve({ filter: /_bg\.wasm$/ }, ({ path }) => ({ path, external: true }));
      // The bindings are generated beside the modules.
      onResolve({ filter: /^\.\/wasm\/\w+\.js$/ }, ({ path: name }) => ({ path: path.join(dist, name) }));
    },
  };
}
