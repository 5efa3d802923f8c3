// Bundles the demo page (dist/) from what the compiler made of it (build/, the package beside it as client/): a few
// scripts, styles and WebAssembly modules whose names have a hash of their content, so that browsers keep them for a
// year, and the page that names them.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const built = path.join(here, "build");
const dist = path.join(here, "dist");

/** Keeps a file under its name with a hash, and gives that name. */
function keep(name, bytes) {
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 8).toUpperCase();
  const { name: base, ext } = path.parse(name);
  const hashed = `${base}-${hash}${ext}`;
  fs.writeFileSync(path.join(dist, hashed), bytes);
  return hashed;
}

/** The package finds its modules beside its scripts; here they lie beside the bundle, under their hashed names. */
const modules = {
  name: "modules",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]client[\\/].*\.js$/ }, ({ path: file }) => ({
      contents: fs.readFileSync(file, "utf8").replace(/"\.\/wasm\/(\w+)_bg\.wasm"/g, (_, name) => {
        return JSON.stringify(`./${keep(`${name}.wasm`, fs.readFileSync(path.join(built, "client", "wasm", `${name}_bg.wasm`)))}`);
      }),
    }));
  },
};

fs.rmSync(dist, { recursive: true, force: true });
fs.mkdirSync(dist, { recursive: true });
const { metafile } = await build({
  entryPoints: [path.join(built, "app.js")],
  outdir: dist,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  metafile: true,
  logOverride: { "ignored-bare-import": "silent" },
  logLevel: "warning",
  plugins: [modules],
});

const outputs = Object.entries(metafile.outputs);
const [app, { imports }] = outputs.find(([, { entryPoint }]) => entryPoint?.endsWith("build/app.js"));
const styles = await build({ entryPoints: [path.join(here, "static", "style.css")], bundle: true, minify: true, write: false, logLevel: "warning" });
const names = {
  APP: path.basename(app),
  STYLE: keep("style.css", styles.outputFiles[0].contents),
  ICON: keep("icon.svg", fs.readFileSync(path.join(here, "static", "icon.svg"))),
};
// What the first script needs is asked for at once, not when it has been read.
const early = imports.filter(({ kind }) => kind === "import-statement").map(({ path: file }) => `<link rel="modulepreload" href="/demo/${path.basename(file)}">`);
const page = fs
  .readFileSync(path.join(here, "static", "index.html"), "utf8")
  .replace(/@(APP|STYLE|ICON)@/g, (_, name) => names[name])
  .replace("    <!-- early -->\n", early.map((line) => `    ${line}\n`).join(""));
fs.writeFileSync(path.join(dist, "index.html"), page);
