// What operators see of registrations: the list, the sheet beside what was approved, the decision, on a phone too.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";

import { accessible, fits, launch, picture, url } from "./browser.mjs";

const OPERATOR = process.env.BLUEGATE_OPERATOR;
const STORE = process.env.BLUEGATE_STORE;
/** In the sandbox nothing waits: the registration is made to, as it would in production. (Triggers ask for the time in a
 * way that Python's SQLite may not know.) */
const WAITS = `import sqlite3, sys, time
store = sqlite3.connect(sys.argv[1], timeout=10)
store.create_function("unixepoch", -1, lambda *_: time.time())
store.execute("UPDATE application SET status = 'pending' WHERE client_id = ?", [sys.argv[2]])
store.commit()`;
/** Blue, and red. */
const LOGOS = ["OQjV+BFTEMLQkAY6xJAbMJ7AgAAAAASUVORK5CYII=", "NYqMaPFTEMLQkADIM1gXGt0hIAAAAASUVORK5CYII="].map((end) =>
  Buffer.from(`iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42m${end}`, "base64"),
);
const VIEWS = [
  { name: "phone-light", width: 390, height: 844, colorScheme: "light" },
  { name: "narrow-dark", width: 320, height: 640, colorScheme: "dark" },
];

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

async function inspect(page, view, name) {
  await picture(page, `page-${name}-${view.name}`);
  await fits(page, `${name} at ${view.width} px`);
  await accessible(page, name);
}

const METADATA = {
  description: "Shows what was paid, year by year.",
  client_uri: "https://www.helper.example/",
  policy_uri: "https://www.helper.example/privacy",
  tos_uri: "https://www.helper.example/terms",
  contacts: ["a-rather-long-address-of-the-team@claims-helper.example"],
  redirect_uris: ["https://www.helper.example/callback", "example.helper.app:/callback"],
};

/** Registers an application with everything that a sheet can have. */
async function register(name) {
  const send = async (method, path, body, token) => {
    const json = !Buffer.isBuffer(body);
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(json && { "content-type": "application/json" }),
        ...(token && { authorization: `Bearer ${token}` }),
      },
      body: json ? JSON.stringify(body) : body,
    });
    assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
    return answer.status === 204 ? undefined : answer.json();
  };
  const metadata = { client_name: name, ...METADATA };
  const { client_id, registration_access_token: token } = await send("POST", "/o/register", metadata);
  const at = `/o/register/${client_id}`;
  return {
    client_id,
    change: (changes) => send("PUT", at, { ...metadata, client_id, ...changes }, token),
    draw: (number) => send("PUT", `${at}/logo`, LOGOS[number], token),
    read: () => fetch(`${url}${at}`, { headers: { authorization: `Bearer ${token}` } }).then((answer) => answer.json()),
  };
}

test("an operator looks at a registration, rejects it and approves it", { timeout: 240_000 }, async (t) => {
  assert.ok(OPERATOR && STORE, "BLUEGATE_OPERATOR and BLUEGATE_STORE: cargo xtask test --only browser sets them");
  for (const view of VIEWS) await t.test(view.name, () => decide(view));
});

async function decide(view) {
  const { name: called, ...look } = view;
  const name = `Claims Helper of a Rather Long Name ${called} ${Date.now()}`;
  const application = await register(name);
  await application.draw(0);
  execFileSync("python3", ["-c", WAITS, STORE, application.client_id]);
  const context = await browser.newContext({
    viewport: { width: look.width, height: look.height },
    colorScheme: look.colorScheme,
    bypassCSP: true,
  });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  try {
    await page.goto(`${url}/ops/applications`);
    await page.fill("[name=token]", OPERATOR);
    await page.press("[name=token]", "Enter");
    await page.getByRole("link", { name: "Find applications" }).waitFor();
    await inspect(page, view, "ops");
    await page.getByRole("link", { name: "Find applications" }).click();
    await page.fill("#q", "helper.example");
    await page.press("#q", "Enter");
    await page.getByText("found, the oldest first").waitFor();
    await inspect(page, view, "ops-applications");
    await page.getByRole("link", { name }).click();
    await page.getByRole("heading", { name: "What people will read" }).waitFor();
    for (const text of [METADATA.policy_uri, METADATA.contacts[0], "example.helper.app:/callback"]) {
      await page.getByText(text).first().waitFor();
    }
    await inspect(page, view, "ops-application");
    await page.fill("#approve-reason", "checked");
    await page.getByRole("button", { name: "Approve what is on this sheet" }).click();
    await page.getByRole("button", { name: "Suspend" }).waitFor();
    assert.equal((await application.read()).status, "active");

    // A change of both; the new logo waits.
    await application.change({ redirect_uris: ["https://elsewhere.example/callback"], contacts: undefined });
    await application.draw(1);
    await page.reload();
    await page.getByAltText("logo as it was approved").waitFor();
    await page.locator("dd", { hasText: "https://elsewhere.example/callback" }).locator("ins").waitFor();
    assert.equal(await page.locator("dd del", { hasText: "gone" }).count(), 3);
    await inspect(page, view, "ops-application-changed");

    // It changes once more before the press: the words stay.
    await application.change({ contacts: ["team@elsewhere.example"] });
    await page.fill("#reject-reason", "Why elsewhere?\nTell people.");
    await page.getByRole("button", { name: "Reject" }).click();
    await page.getByRole("alert").waitFor();
    assert.equal(await page.inputValue("#reject-reason"), "Why elsewhere?\nTell people.");
    await inspect(page, view, "ops-application-again");
    await page.getByRole("button", { name: "Reject" }).click();
    await page.getByText("Said at the last decision").waitFor();
    const { status, status_reason: words } = await application.read();
    assert.deepEqual([status, words.replaceAll("\r", "")], ["rejected", "Why elsewhere?\nTell people."]);
    await inspect(page, view, "ops-application-rejected");
  } catch (error) {
    await picture(page, `failed-operators-${called}`).catch(() => {});
    throw error;
  } finally {
    await context.close();
  }
}
