/* What is checked where it is used: loaded with what needs it. */
import { BluegateError, misuse } from "./errors.js";
import type { Signal } from "./platform.js";

/** Whether something has these functions. */
export function has(given: unknown, ...names: string[]): boolean {
  return names.every((name) => typeof (given as Record<string, unknown> | null | undefined)?.[name] === "function");
}

/** Who hands in the controller means its signal. */
export function needSignal(signal: Signal | null | undefined): void {
  if (signal && !has(signal, "addEventListener")) throw misuse("signal must be an AbortSignal: controller.signal");
}

/** Does something with the browser's storage, which may be full, or closed to the page. */
export function orRefused<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new BluegateError("unsupported", `the browser keeps nothing here: use storage: "memory"`, { cause });
  }
}
