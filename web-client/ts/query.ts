/* The search parameters of a claims request (FHIR search; Blue Button's parameters). */
import { BluegateError } from "./errors.js";
import type { ClaimsOptions } from "./client.js";

/** The query string for the first page, empty or with its question mark. */
export function claimsQuery(options: ClaimsOptions): string {
  const query = new URLSearchParams();
  const types = options.type === undefined ? [] : [options.type].flat();
  if (types.length > 0) query.set("type", types.join(","));
  if (options.since !== undefined) {
    const since = options.since;
    query.append("_lastUpdated", `ge${typeof since === "string" ? since : since.toISOString()}`);
  }
  if (options.serviceDate?.from !== undefined) {
    query.append("service-date", `ge${options.serviceDate.from}`);
  }
  if (options.serviceDate?.to !== undefined) {
    query.append("service-date", `le${options.serviceDate.to}`);
  }
  if (options.pageSize !== undefined) {
    if (!Number.isInteger(options.pageSize) || options.pageSize < 1 || options.pageSize > 50) {
      throw new BluegateError("invalid_request", "pageSize must be a whole number from 1 to 50");
    }
    query.set("_count", String(options.pageSize));
  }
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}
