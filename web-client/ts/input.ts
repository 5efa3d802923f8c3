/* What a page or a resource can be read from. Bytes go in as they came; everything else becomes bytes first. */
import { BluegateError, misuse } from "./errors.js";

/** Bytes or text of a FHIR answer. */
export type FhirText = string | ArrayBuffer | ArrayBufferView;

/** The same, or what has it yet to come: a `Response`, a `Blob`, a `File`. */
export type FhirInput = FhirText | FhirBody;

/** What `Response` and `Blob` have in common. */
export interface FhirBody {
  arrayBuffer(): Promise<ArrayBuffer>;
}

/**
 * The bytes of whatever was given.
 *
 * @internal
 */
export async function bytesOf(input: FhirInput): Promise<Uint8Array> {
  if (!isBody(input)) return bytesOfText(input);
  const { ok, status } = input as Partial<Response>;
  if (ok === false) throw new BluegateError("bad_response", `this Response is not ok: ${status}`, { status });
  try {
    return new Uint8Array(await input.arrayBuffer());
  } catch (cause) {
    throw new BluegateError("bad_response", "the body broke off, or was read already", { cause });
  }
}

/**
 * The bytes of what is all there.
 *
 * @internal
 */
export function bytesOfText(input: FhirText): Uint8Array {
  if (input instanceof Uint8Array) return input;
  if (typeof input === "string") return new TextEncoder().encode(input);
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  const kind = Object.prototype.toString.call(input).slice("[object ".length, -1);
  // Of another frame it is no `instanceof`.
  if (kind === "ArrayBuffer") return new Uint8Array(input);
  throw misuse(`FHIR is read from bytes or text, not ${kind}: ${isBody(input) ? "await the call without Sync" : "JSON.stringify() it"}`);
}

function isBody(input: unknown): input is FhirBody {
  return typeof (input as FhirBody | undefined)?.arrayBuffer === "function";
}
