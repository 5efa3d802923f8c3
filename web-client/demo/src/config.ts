/**
 * The id that the sandbox gateway registers this page under, as a public client with the redirect URI
 * `{public_base_url}/demo/`.
 */
export const CLIENT_ID = "BluegateDemoPublicClientForSandbox000001";
