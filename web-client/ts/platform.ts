/*
 * Types of the web platform, taken from the globals that the compiler knows. With the DOM's or Node's types
 * these are `AbortSignal`, `URL` and so on; without either the declarations of this package still compile.
 */
type Global<Name extends string, Otherwise> = typeof globalThis extends Record<Name, { prototype: infer Type }>
  ? Type
  : Otherwise;

/** `AbortSignal`. */
export type Signal = Global<"AbortSignal", { readonly aborted: boolean; readonly reason: unknown }>;

/** `URL`. */
export type Url = Global<"URL", { readonly href: string }>;

/** A window, as far as it can be sent somewhere. */
export interface Opened {
  readonly location: { href: string };
}

/** `WebAssembly.Module`. */
export type WasmModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Type } } }
  ? Type
  : object;

/** The platform's `fetch`, or one that behaves like it. */
export type Fetch = typeof globalThis extends { fetch: (input: never, init?: infer Init) => Promise<infer Answer> }
  ? (input: string, init?: Init) => Promise<Answer>
  : (input: string, init?: object) => Promise<object>;

/** Whether this is a page or a worker of a browser: one person's, with tabs that share an origin. */
export const IN_BROWSER = "document" in globalThis || "WorkerGlobalScope" in globalThis;
