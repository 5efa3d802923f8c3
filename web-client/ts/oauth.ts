/*
 * All of OAuth in one chunk, loaded by the first call that needs it: a page whose reader is signed in already
 * shows claims without it.
 */
export { discover } from "./discovery.js";
export { answer, begin, leave } from "./signin.js";
export { signOut } from "./signout.js";
export { refreshTokens } from "./tokens.js";
