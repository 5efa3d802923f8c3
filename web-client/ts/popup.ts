/*
 * Signing in in a window of its own. The page that opened it and the page that the answer comes to are of one
 * origin and talk over a channel that only they know the name of: the server's pages may cut the windows
 * apart (Cross-Origin-Opener-Policy), as Blue Button's do.
 */
import type { Connection } from "./connection.js";
import { BluegateError } from "./errors.js";
import { pause } from "./http.js";
import type { Signal } from "./platform.js";
import type { AuthorizationOptions, SignedIn } from "./signin.js";

/** How often it is looked whether the window is still there. */
const LOOK_EVERY_MS = 250;

/** How long a closed window is waited for while the person is back on this page. */
const CLOSED_FOR_MS = 1000;

/** The same where the window was not seen on the server for a while: that it seems closed may be the server's policy. */
const CUT_OFF_FOR_MS = 15_000;

/** How long that has to be. */
const SEEN_FOR_MS = 1500;

/** How long the page that opened a window may take to say that it is there. */
const TAKEN_WITHIN_MS = 2000;

/** Sends the window to the server and waits for the answer that comes back to another page of this origin. */
export async function signInThrough(
  app: Connection,
  popup: Window,
  options: AuthorizationOptions & { signal?: Signal | undefined },
): Promise<SignedIn> {
  const { begin, answer } = await app.parts.oauth();
  let channel: BroadcastChannel | undefined;
  try {
    const url = await begin(app, options, SUFFIX);
    channel = new BroadcastChannel(nameOf(url.searchParams.get("state") ?? ""));
    popup.location.replace(url.href);
    const address = await arrival(channel, popup, options.signal);
    const tokens = await answer(app, new URL(address), false, options.signal);
    if (tokens === undefined) throw new BluegateError("callback_invalid", "the window came back with an answer to nothing");
    return tokens;
  } finally {
    channel?.close();
    popup.close();
  }
}

/** Whether the sign-in of this `state` was started by a page that opened a window for it. */
export function isPopup(state: string): boolean {
  return state.endsWith(SUFFIX);
}

/**
 * Hands the address to the page that opened this window, which closes it. Where that page is gone, nothing has
 * happened.
 */
export async function handOver(state: string, url: URL): Promise<void> {
  const channel = new BroadcastChannel(nameOf(state));
  const taken = new Promise<boolean>((resolve) => {
    channel.onmessage = () => resolve(true);
  });
  channel.postMessage(url.href);
  const isTaken = await Promise.race([taken, pause(TAKEN_WITHIN_MS, undefined)]);
  channel.close();
  if (isTaken !== true) return;
  window.close();
  // Nothing that the page does now is of use to anybody.
  await new Promise(() => undefined);
}

/** The address that the window came back to. */
function arrival(channel: BroadcastChannel, popup: Window, signal: Signal | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    channel.onmessage = ({ data }) => {
      channel.postMessage("taken");
      resolve(String(data));
    };
    void watch(popup, signal).then(reject, reject);
  });
}

/** Waits until the window is closed without an answer; gives the error that stands for it. */
async function watch(popup: Window, signal: Signal | undefined): Promise<BluegateError> {
  let seen = 0;
  let closed = 0;
  while (closed < (seen >= SEEN_FOR_MS ? CLOSED_FOR_MS : CUT_OFF_FOR_MS)) {
    await pause(LOOK_EVERY_MS, signal);
    if (!popup.closed && isElsewhere(popup)) seen += LOOK_EVERY_MS;
    closed = popup.closed && document.hasFocus() ? closed + LOOK_EVERY_MS : 0;
  }
  return new BluegateError("popup_closed", "the window was closed before the person had signed in");
}

/** Whether the window shows another origin's page. */
function isElsewhere(popup: Window): boolean {
  try {
    return popup.location.href === undefined;
  } catch {
    return true;
  }
}

/** Marks the `state` of these sign-ins, so that the page which the answer comes to knows what to do with it. */
const SUFFIX = "-popup";

function nameOf(state: string): string {
  return `bluegate:answer:${state}`;
}
