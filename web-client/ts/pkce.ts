/**
 * Proof Key for Code Exchange (RFC 7636) on its own: the small entry point `@bluegate/client/pkce`
 * for applications that bring their own OAuth client.
 *
 * @module
 */
import start, * as wasm from "./wasm/pkce.js";
import { once, type WasmSource } from "./load.js";

export type { WasmSource } from "./load.js";

/** A verifier with its challenge, for one authorization request. */
export interface PkcePair {
  /** Kept by the application until the code is exchanged. */
  readonly verifier: string;
  /** Sent with the authorization request. */
  readonly challenge: string;
  /** The only method there is here. */
  readonly method: "S256";
}

/**
 * Loads the module. Not needed before the functions below, which do it themselves; call it to load early,
 * or to say where the module lies.
 */
export const init: (source?: WasmSource) => Promise<void> = once(
  (source) => start({ module_or_path: source }),
  new URL("./wasm/pkce_bg.wasm", import.meta.url),
);

/** Makes a verifier from 256 bits of the platform's random source, and its challenge. */
export async function createPkce(): Promise<PkcePair> {
  await init();
  const verifier = wasm.createVerifier();
  return { verifier, challenge: wasm.challenge(verifier), method: "S256" };
}

/**
 * The S256 challenge of a verifier.
 *
 * @throws Error when the verifier is not 43 to 128 unreserved characters (RFC 7636, section 4.1).
 */
export async function challenge(verifier: string): Promise<string> {
  await init();
  return wasm.challenge(verifier);
}

/** 256 random bits as 43 base64url characters, for `state` and `nonce`. */
export async function randomToken(): Promise<string> {
  await init();
  return wasm.randomToken();
}
