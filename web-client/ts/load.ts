import type { Url, WasmModule } from "./platform.js";

/** A WebAssembly module's bytes, or the compiled module. */
export type WasmBytes = ArrayBuffer | ArrayBufferView | WasmModule;

/** Where a WebAssembly module comes from: an address, its bytes, or a compiled module. */
export type WasmSource = Url | string | WasmBytes;

/** What wasm-bindgen writes around a module. */
interface Bindings {
  default(source: { module_or_path: WebAssembly.Module }): Promise<unknown>;
  initSync(source: { module: BufferSource | WebAssembly.Module }): unknown;
}

/**
 * The two ways to start a module. Nothing is loaded on import; both may be called any number of times, and
 * an attempt that failed may be repeated.
 *
 * @internal
 */
export function loader(bindings: Bindings, own: () => WasmSource) {
  let pending: Promise<void> | undefined;
  let starting = false;
  let ready = false;

  return {
    init(source?: WasmSource): Promise<void> {
      pending ??= (async () => {
        if (ready) return;
        const module = await compiled(source ?? own());
        // Whoever started it with `initSync` in the meantime holds objects of that instance.
        if (ready) return;
        starting = true;
        await bindings.default({ module_or_path: module });
        ready = true;
      })().catch((error: unknown) => {
        pending = undefined;
        starting = false;
        throw error;
      });
      return pending;
    },

    initSync(source?: WasmBytes): void {
      if (ready) return;
      const given = source ?? own();
      if (starting || typeof given === "string" || given instanceof URL) {
        throw new Error(starting ? "init() is under way: await it" : "initSync() needs the module's bytes here");
      }
      bindings.initSync({ module: given as BufferSource | WebAssembly.Module });
      ready = true;
    },
  };
}

async function compiled(source: WasmSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  if (typeof source !== "string" && !(source instanceof URL)) {
    return WebAssembly.compile(source as BufferSource);
  }
  const response = await fetch(source);
  if (!response.ok) throw new Error(`${source} answered ${response.status}`);
  // Compiling while it downloads needs the right type; a server that does not know it costs only that.
  return response.headers.get("Content-Type") === "application/wasm"
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}
