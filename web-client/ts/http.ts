/* Requests to the gateway, and what every answer has. What its errors mean is said where they are met. */
import { BluegateError, type ErrorDetails } from "./errors.js";
import type { Fetch, Signal } from "./platform.js";

/** When a request is sent again by itself: after 502, 503, 504 and 429. */
export interface RetryOptions {
  /** How often a request is sent at most. Default 3. */
  readonly attempts?: number;
  /** Milliseconds before the second attempt, doubled for each further one and cut at random. Default 300. */
  readonly delay?: number;
  /** Milliseconds of one wait at most; where `Retry-After` asks for more, the call fails at once. Default 10,000. */
  readonly maxDelay?: number;
}

/**
 * How requests are sent.
 *
 * @internal
 */
export interface Transport {
  readonly fetch: Fetch;
  readonly retry: Required<RetryOptions>;
}

/**
 * The default of {@link RetryOptions}.
 *
 * @internal
 */
export const RETRY: Required<RetryOptions> = { attempts: 3, delay: 300, maxDelay: 10_000 };

/**
 * Sends a request, again where the gateway asks for it. A failed connection becomes `offline`; an abort by
 * the caller passes unchanged. What must not be done twice says `once`: then only 429 is tried again, which
 * says that nothing was done.
 *
 * @internal
 */
export async function send(
  { fetch, retry }: Transport,
  address: string,
  init: RequestInit,
  once = false,
): Promise<Response> {
  let url = address;
  for (let attempt = 1; ; attempt += 1) {
    let response: Response;
    try {
      // No cookies: the routes that are called from here know bearer tokens only. And no redirects: a token
      // must not follow one, and a form would lose its body.
      response = await fetch(url, { credentials: "omit", redirect: "manual", ...init });
    } catch (cause) {
      throw lost(cause, init.signal, url);
    }
    if (isRedirect(response)) {
      // Blue Button names endpoints without the slash that it insists on. Browsers do not show where a
      // redirect leads, so that is the one guess, for forms.
      const slashed = address.replace(/([^/])(?=\?|$)/, "$1/");
      if (init.body === undefined || slashed === url) throw redirected(address, response);
      url = slashed;
      continue;
    }
    const { status } = response;
    const again = status === 429 || (!once && status >= 502 && status <= 504);
    if (!again || attempt >= retry.attempts) return response;
    const backoff = retry.delay * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
    const wait = Math.max(backoff, 1000 * (retryAfter(response) ?? 0));
    if (wait > retry.maxDelay) return response;
    await response.body?.cancel();
    await pause(wait, init.signal);
  }
}

/** Browsers hide a redirect that is not followed, down to its status. */
function isRedirect({ status, type }: Response): boolean {
  return type === "opaqueredirect" || (status > 300 && status < 309 && status !== 304);
}

function redirected(url: string, response: Response): BluegateError {
  const to = response.headers.get("Location") ?? "elsewhere";
  return new BluegateError("bad_response", `${url} redirects to ${to}, where no token may follow: check baseUrl`, detailsOf(response));
}

/**
 * Waits for a promise, but not for longer than the signal allows. The work itself goes on for others.
 *
 * @internal
 */
export function abortable<T>(work: Promise<T>, signal: Signal | null | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/**
 * Waits a while.
 *
 * @internal
 */
export function pause(milliseconds: number, signal: Signal | null | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout>;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  return abortable(over, signal).finally(() => clearTimeout(timer));
}

/**
 * Reads the whole body.
 *
 * @internal
 */
export async function bodyOf(response: Response, signal?: Signal | null): Promise<Uint8Array> {
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw lost(cause, signal, response.url || "the server");
  }
}

/**
 * What every answer says besides its body.
 *
 * @internal
 */
export function detailsOf(response: Response): ErrorDetails {
  return {
    status: response.status,
    requestId: response.headers.get("X-Request-ID") ?? undefined,
    retryAfter: retryAfter(response),
  };
}

/** Seconds until the next attempt (RFC 9110, section 10.2.3: a number, or a date). */
function retryAfter(response: Response): number | undefined {
  const text = response.headers.get("Retry-After");
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1000));
}

function lost(cause: unknown, signal: Signal | null | undefined, url: string): unknown {
  if (signal?.aborted === true) {
    return cause;
  }
  return new BluegateError("offline", `${url} could not be reached: check baseUrl`, { cause });
}

/**
 * An address, or nothing.
 *
 * @internal
 */
export function urlOf(address: string | URL, base?: URL): URL | undefined {
  try {
    return new URL(address, base);
  } catch {
    return undefined;
  }
}
