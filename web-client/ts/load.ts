import { BluegateError, misuse } from "./errors.js";
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
        throw failure(error);
      });
      return pending;
    },

    /** For calls that cannot wait until it is there. */
    need(): void {
      if (!ready) throw misuse("call init() and await it, or initSync(), first");
    },

    initSync(source?: WasmBytes): void {
      if (ready) return;
      const given = source ?? own();
      if (starting || typeof given === "string" || given instanceof URL) {
        throw misuse("await init(): it is under way, or there are no bytes here for initSync()");
      }
      try {
        bindings.initSync({ module: given as BufferSource | WebAssembly.Module });
      } catch (cause) {
        throw failure(cause);
      }
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
  const type = response.headers.get("Content-Type");
  // Servers of single-page applications answer with the page where the file is missing.
  if (!response.ok || type?.startsWith("text/html") === true) throw new Error(`${source} answered ${response.status} ${type}`);
  // Compiling while it downloads needs the right type; a server that does not know it costs only that.
  return type === "application/wasm"
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}

/** Why a module did not start, and what helps. */
function failure(cause: unknown): BluegateError {
  const why = String(cause);
  const [, help] = HELP.find(([pattern]) => pattern.test(why)) ?? ["", "look at the cause"];
  return new BluegateError("module_failed", `${why}: ${help}`, { cause });
}

const HELP: readonly (readonly [RegExp, string])[] = [
  [/ answered |fetch/, "serve the module, tell init() where it is, or use @bluegate/client/inline"],
  [/eval|CSP|Content.Security/i, "script-src needs 'wasm-unsafe-eval'"],
  [/^CompileError/, "WebAssembly with SIMD is needed"],
];
