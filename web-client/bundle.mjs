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

/**
 * How a module starts, in the place of what wasm-bindgen writes for it: that fetches, and streams, and warns, all of
 * which `ts/load.ts` does or has no use for. It is called with a compiled module, or with bytes at once.
 */
const START = `
function initSync({ module }) {
  const compiled = module instanceof WebAssembly.Module ? module : new WebAssembly.Module(module);
  return __wbg_finalize_init(new WebAssembly.Instance(compiled, __wbg_get_imports()), compiled);
}

async function __wbg_init({ module_or_path: module }) {
  return __wbg_finalize_init(await WebAssembly.instantiate(module, __wbg_get_imports()), module);
}

export { initSync, __wbg_init as default };
`;

/** How a string is handed over: only short ones are, so the one way that is short will do. */
const SHORT_STRING = `
function passStringToWasm0(text, malloc) {
  const bytes = cachedTextEncoder.encode(text);
  WASM_VECTOR_LEN = bytes.length;
  const at = malloc(bytes.length, 1) >>> 0;
  getUint8ArrayMemory0().set(bytes, at);
  return at;
}
`;
const PASS_STRING = /\nfunction passStringToWasm0\(arg, malloc, realloc\) \{\n.*?\n\}\n/s;

/** What wasm-bindgen writes for browsers without SIMD, which cannot run the modules. */
const POLYFILL = /\nif \(!\('encodeInto' in cachedTextEncoder\)\) \{\n.*?\n\}\n/s;

for (const [folder, source] of Object.entries(FLAVOURS)) {
  // These need no module, and are the same everywhere.
  const entries = folder === "." ? [...ENTRIES, "labels", "react", "testing"] : ENTRIES;
  const { outputFiles } = await build({
    entryPoints: entries.map((entry) => path.join(here, "ts", `${entry}.ts`)),
    outdir: path.join(dist, folder),
    chunkNames: "[name]-[hash]",
    bundle: true,
    external: ["react"],
    splitting: true,
    format: "esm",
    target: "es2022",
    minify: true,
    legalComments: "none",
    sourcemap: true,
    write: false,
    logLevel: "warning",
    plugins: [wasm(source)],
  });
  for (const { path: file, text } of outputFiles) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, file.endsWith(".map") ? withoutModules(text) : text);
  }
}

/** A source map without the text of modules: in the inline flavour that is the module itself, once more. */
function withoutModules(text) {
  const map = JSON.parse(text);
  const isModule = (name) => /^wasm:/.test(name);
  return JSON.stringify({ ...map, sourcesContent: map.sourcesContent.map((content, at) => (isModule(map.sources[at]) ? null : content)) });
}

/** Bindings that start by `START`. */
function startedShortly(file) {
  const text = fs.readFileSync(file, "utf8");
  const parts = /^(.*?)\nasync function __wbg_load\(.*\nexport \{ initSync, __wbg_init as default \};\n$/s.exec(text);
  if (parts === null || !text.includes("function __wbg_finalize_init(instance, module)")) {
    throw new Error(`${file} is not what this version of wasm-bindgen is known to write: look at bundle.mjs`);
  }
  return `${parts[1].replace(POLYFILL, "").replace(PASS_STRING, `\n${SHORT_STRING}\n`)}\n${START}`;
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
      onLoad({ filter: /\/dist\/wasm\/\w+\.js$/ }, ({ path: file }) => ({ contents: startedShortly(file) }));
    },
  };
}
