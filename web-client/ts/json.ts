/* Bodies as JSON, of which nothing is known before it is looked at. */
import { BluegateError } from "./errors.js";
import { bodyOf, detailsOf } from "./http.js";
import type { Signal } from "./platform.js";

/** Reads a body that has to be a JSON object. */
export async function objectOf(
  response: Response,
  signal?: Signal | null,
): Promise<Record<string, unknown>> {
  const bytes = await bodyOf(response, signal);
  const object = parseObject(bytes);
  if (object === undefined) {
    throw new BluegateError("bad_response", "the answer is not a JSON object", detailsOf(response));
  }
  return object;
}

/** A JSON object, or nothing. */
export function parseObject(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A string, or nothing. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
