/* What a search may ask for, checked and written as a query string. Loaded when claims are searched for. */
import { needSignal } from "./checks.js";
import { misuse } from "./errors.js";
import { CLAIM_TYPES, orThrow, type ClaimsSearch } from "./fhir.js";
import type { Signal } from "./platform.js";
import * as wasm from "./wasm/fhir.js";

/** The query string of a claims search, after what goes with it was checked too. The module has been started. */
export function query(search: ClaimsSearch, concurrency: unknown = 1): string {
  const { type, since, serviceDate, pageSize } = search ?? {};
  const need = (option: string, value: unknown, isGood: boolean, wanted: string): void => {
    if (!isGood) throw misuse(`${option} must be ${wanted}; it is ${String(value)}`);
  };
  need("a search", search, Object(search) === search, "an object, such as { type: \"pde\" }");
  needSignal((search as { readonly signal?: Signal }).signal);
  const size = pageSize ?? 1;
  need("pageSize", pageSize, Number.isInteger(size) && size > 0 && size <= 50, "a whole number from 1 to 50");
  const atOnce = Number.isInteger(concurrency) && Number(concurrency) > 0 && Number(concurrency) <= 6;
  need("concurrency", concurrency, atOnce, "a whole number from 1 to 6");
  const types = type === undefined ? [] : [type].flat();
  const kinds: readonly unknown[] = CLAIM_TYPES.slice(1, 9);
  for (const one of types) need("type", one, kinds.includes(one), `one of ${kinds.join(", ")}`);
  need("serviceDate", serviceDate, serviceDate === undefined || Object(serviceDate) === serviceDate, "{ from, to }");
  need("since", since, !(since instanceof Date) || since.getTime() === since.getTime(), "a valid Date");
  return orThrow("invalid_request", () =>
    wasm.claimsQuery(
      types.length === 0 ? undefined : types.join(","),
      since instanceof Date ? since.toISOString() : since,
      serviceDate?.from,
      serviceDate?.to,
      pageSize,
    ),
  );
}
