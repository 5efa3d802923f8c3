// Bundles a worker the way wrangler does: conditions of workerd, and WebAssembly as modules of their own.
import fs from "node:fs";
import path from "node:path";
import { build } from "esbuild";

const modules = [];
await build({
  entryPoints: ["worker.js"],
  outfile: "dist/worker.js",
  bundle: true,
  format: "esm",
  conditions: ["workerd", "worker", "browser"],
  plugins: [
    {
      name: "wasm",
      setup({ onResolve }) {
        onResolve({ filter: /\.wasm$/ }, ({ path: name, resolveDir }) => {
          const file = path.basename(name);
          fs.mkdirSync("dist", { recursive: true });
          fs.copyFileSync(path.join(resolveDir, name), path.join("dist", file));
          modules.push(file);
          return { path: `./${file}`, external: true };
        });
      },
    },
  ],
});

const embedded = [...new Set(modules)].map((file) => `(name = "${file}", wasm = embed "${file}")`);
fs.writeFileSync(
  "dist/config.capnp",
  `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js"), ${embedded.join(", ")}],
  compatibilityDate = "2025-09-01",
);
`,
);
