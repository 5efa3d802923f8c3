/**
 * Signs a person in at a Bluegate gateway and reads that person's coverage and claims.
 *
 * @module
 */
export type { CardContact, CardCost, CardImage, CardLine, CardPayer, CardPerson, InsuranceCard } from "./card.js";
export { Client } from "./client.js";
export type { CallOptions, ClaimsOptions, PopupOptions, SignInOptions, SignOutOptions } from "./client.js";
export type { PageIterator } from "./pages.js";
export type { ClientOptions } from "./connection.js";
export type { AuthorizationServerMetadata } from "./discovery.js";
export { BluegateError } from "./errors.js";
export type { ErrorCode, ErrorDetails } from "./errors.js";
export {
  CLAIM_OUTCOMES,
  CLAIM_STATUSES,
  CLAIM_TYPES,
  CLAIM_USES,
  LEFT_OUT,
  MonthSums,
  newestFirst,
  NO_DAY,
} from "./fhir.js";
export type { ClaimColumns, ClaimPage, ClaimsSearch, DayRange } from "./fhir.js";
export type { RetryOptions } from "./http.js";
export type * from "./model.js";
export type { AuthorizationOptions, SignedIn } from "./signin.js";
export type { Fetch, Opened, Signal, Url } from "./platform.js";
export type { SessionListener } from "./session.js";
export type { PendingStorage, Tokens, TokenStorage } from "./storage.js";
export type { ClaimStore, StoredClaim, SyncOptions, SyncResult } from "./sync.js";
