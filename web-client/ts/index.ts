/**
 * Signs a person in at a Bluegate gateway and reads that person's coverage and claims.
 *
 * @module
 */
export { Client } from "./client.js";
export type { CallOptions, ClaimsOptions, ClientOptions, PageIterator } from "./client.js";
export { BluegateError } from "./errors.js";
export type { ErrorCode, ErrorDetails } from "./errors.js";
export { CLAIM_TYPES, NO_DAY } from "./fhir.js";
export type { ClaimColumns, ClaimPage, ClaimsSearch, DayRange } from "./fhir.js";
export type { Fetch } from "./http.js";
export type * from "./model.js";
export type { AuthorizationOptions } from "./oauth.js";
export type { PendingStorage, Tokens, TokenStorage } from "./storage.js";
