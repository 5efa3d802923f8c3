/**
 * Proof Key for Code Exchange (RFC 7636) on its own: the small entry point `@bluegate/client/pkce`
 * for applications that bring their own OAuth client.
 *
 * @module
 */
import own from "#pkce.wasm";
import * as wasm from "./wasm/pkce.js";
import { BluegateError, misuse } from "./errors.js";
import { loader, type WasmBytes, type WasmSource } from "./load.js";

export type { WasmBytes, WasmSource } from "./load.js";
export type { WasmModule } from "./platform.js";

/** A verifier with its challenge, for one authorization request. */
export interface PkcePair {
  /** Kept by the application until the code is exchanged. */
  readonly verifier: string;
  /** Sent with the authorization request. */
  readonly challenge: string;
  /** The only method there is here. */
  readonly method: "S256";
}

const load = loader({ default: wasm.default, initSync: wasm.initSync }, own);

/**
 * Loads the module. Not needed before the asynchronous functions below, which do it themselves; call it to
 * load early, or to say where the module lies.
 */
export function init(source?: WasmSource): Promise<void> {
  return load.init(source);
}

/**
 * Starts the module at once, for the functions that end in `Sync`. In Node and workerd, and from
 * `@bluegate/client/inline`, it needs no argument; elsewhere the module's bytes.
 */
export function initSync(source?: WasmBytes): void {
  load.initSync(source);
}

/** Makes a verifier from 256 bits of the platform's random source, and its challenge. */
export async function createPkce(): Promise<PkcePair> {
  await init();
  return createPkceSync();
}

/** {@link createPkce} for those who have started the module. */
export function createPkceSync(): PkcePair {
  load.need();
  const verifier = random(wasm.createVerifier);
  return { verifier, challenge: wasm.challenge(verifier), method: "S256" };
}

/**
 * The S256 challenge of a verifier.
 *
 * @throws BluegateError `invalid_request` when the verifier is not 43 to 128 unreserved characters (RFC 7636, section 4.1).
 */
export async function challenge(verifier: string): Promise<string> {
  await init();
  try {
    return wasm.challenge(verifier);
  } catch (cause) {
    throw misuse("a code_verifier has 43 to 128 unreserved characters", cause);
  }
}

/** 256 random bits as 43 base64url characters, for `state` and `nonce`. */
export async function randomToken(): Promise<string> {
  await init();
  return randomTokenSync();
}

/** {@link randomToken} for those who have started the module. */
export function randomTokenSync(): string {
  load.need();
  return random(wasm.randomToken);
}

function random(make: () => string): string {
  try {
    return make();
  } catch (cause) {
    throw new BluegateError("unsupported", "the platform has no source of randomness", { cause });
  }
}
