// The demo page as a person uses it: by the words on its buttons, and by the names of form fields that
// the sandbox and the consent page promise.
import { picture, url, fits } from "./browser.mjs";

export const PERSON = { username: "BBUser28324", password: "PW28324!" };

/** Opens the demo page and presses its button; ends at the sandbox's sign-in form. */
export async function startSignIn(page) {
  await page.goto(`${url}/demo/`);
  await signInButton(page).waitFor();
  await signInButton(page).click();
  await page.locator("input[name=username]").waitFor();
}

/** Fills in the sandbox's form and sends it. */
export async function signIn(page, { username, password }) {
  await page.locator("input[name=username]").fill(username);
  await page.locator("input[name=password]").fill(password);
  await page.locator("input[name=password]").press("Enter");
}

/** Answers the consent page. */
export async function consent(page, decision, demographics = "share") {
  const choice = page.locator(`input[name=demographics][value=${demographics}]`);
  await choice.waitFor();
  await choice.check();
  await page.locator(`button[name=decision][value=${decision}]`).click();
}

/** From the demo page's button to its list of claims, with a picture of each page when asked. */
export async function reachClaims(page, person, pictures) {
  const look = async (name) => {
    await fits(page, name);
    if (pictures) await picture(page, `${pictures}-${name}`);
  };
  await page.goto(`${url}/demo/`);
  await signInButton(page).waitFor();
  await look("1-start");
  await signInButton(page).click();
  await page.locator("input[name=username]").waitFor();
  await look("2-sign-in");
  await signIn(page, person);
  await page.locator("button[name=decision][value=allow]").waitFor();
  await look("3-consent");
  await consent(page, "allow");
  await signOutButton(page).waitFor();
  await claimCards(page).first().waitFor();
  await look("4-claims");
}

/** Waits until all claims have arrived. */
export async function loaded(page, timeout = 20_000) {
  await page.locator(".progress[aria-busy=false]").waitFor({ state: "attached", timeout });
}

/** Waits until all claims are there, and presses "Show more claims" until all of them are shown. */
export async function loadAllClaims(page) {
  await loaded(page);
  const more = page.getByRole("button", { name: "Show more claims" });
  for (let pages = 0; pages < 100 && (await more.isVisible()); pages += 1) {
    const before = await claimCards(page).count();
    await more.click();
    await page.waitForFunction(
      ([selector, count]) => document.querySelectorAll(selector).length > count,
      [CLAIM, before],
    );
  }
}

export const signInButton = (page) =>
  page.getByRole("button", { name: "Sign in as somebody else" });
/** Chooses all years: the page begins with the latest one. */
export async function allYears(page) {
  await page.getByRole("button", { name: "All years" }).click();
}

export const signOutButton = (page) => page.locator("header").getByRole("button", { name: "Sign out" });
export const claimCards = (page) => page.locator(CLAIM);

const CLAIM = ".claims > .claim";
