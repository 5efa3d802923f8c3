// How a person goes through the pages of each provider.

/** The pages of `oidc-provider`: any password does; the first time at a client it asks whether to go on. */
export function oidcProviderPages(origin) {
  const isHere = (url) => url.origin === origin;
  return {
    origin,
    async signIn(page, { subject }) {
      await page.locator("input[name=login]").fill(subject);
      await page.locator("input[name=password]").fill("any");
      await next(page, () => page.getByRole("button", { name: "Sign-in" }).click());
      if (isHere(new URL(page.url()))) await next(page, () => page.getByRole("button", { name: "Continue" }).click());
    },
    /** Where a person says who they are. */
    form: (page) => page.locator("input[name=login]"),
    cancel: (page) => page.getByRole("link", { name: "Cancel" }).click(),
    confirmSignOut: (page) => page.getByRole("button", { name: "Yes, sign me out" }).click(),
    /** Signs out here without the gateway. */
    async signOut(page) {
      await page.goto(`${origin}/session/end`);
      await this.confirmSignOut(page);
      await page.getByText("Sign-out Success").waitFor();
    },
  };
}

/** The sandbox's form. It keeps no session of its own, so it asks each time and has nothing to sign out of. */
export function sandboxPages(base) {
  return {
    origin: base,
    async signIn(page, { login, password }) {
      await page.locator("input[name=username]").fill(login);
      await page.locator("input[name=password]").fill(password);
      await next(page, () => page.locator("input[name=password]").press("Enter"));
    },
    form: (page) => page.locator("input[name=username]"),
    cancel: (page) => page.locator("button[name=cancel]").click(),
    async confirmSignOut() {},
  };
}

/** Does what leads to another page, and waits for that. */
async function next(page, work) {
  const before = page.url();
  await work();
  await page.waitForURL((url) => url.href !== before);
}
