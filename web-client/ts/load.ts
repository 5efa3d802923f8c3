/** Where a WebAssembly module comes from: an address, its bytes, or a compiled module. */
export type WasmSource = URL | string | BufferSource | WebAssembly.Module;

/**
 * Reads the module at `url` where the platform's `fetch` cannot: Node has no `fetch` for `file:`.
 * Everywhere else the address itself is handed on, so that the browser can compile while it downloads.
 *
 * @internal
 */
export async function resolveSource(url: URL): Promise<WasmSource> {
  if (url.protocol !== "file:") {
    return url;
  }
  // A name that bundlers cannot follow: this branch is never reached in a browser.
  const name = "node:fs/promises";
  const fs = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as {
    readFile(path: URL): Promise<Uint8Array<ArrayBuffer>>;
  };
  return fs.readFile(url);
}

/**
 * Makes an initialiser that runs once: later calls share the first one's result, and a failed attempt
 * may be repeated. Nothing is loaded on import.
 *
 * @internal
 */
export function once(start: (source: WasmSource) => Promise<unknown>, file: URL) {
  let running: Promise<void> | undefined;
  return (source?: WasmSource): Promise<void> => {
    running ??= (async () => {
      await start(source ?? (await resolveSource(file)));
    })().catch((error: unknown) => {
      running = undefined;
      throw error;
    });
    return running;
  };
}
