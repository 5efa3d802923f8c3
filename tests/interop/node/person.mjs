// The person and their browser: follows redirects with a cookie jar, signs in, decides on the consent page.
// There is nothing of an OAuth client in here. Each test's client makes the first URL and reads the last one.

/** Accounts of the sandbox: one with a few pages of claims, one with many. */
export const CLAIMANT = { username: "BBUser28324", password: "PW28324!" };
export const FREQUENT_CLAIMANT = { username: "BBUser20023", password: "PW20023!" };

/**
 * Opens `start` and goes on until the application is reached again.
 *
 * @param {string | URL} start where the application sends the person
 * @param {string} redirectUri the application's own address; nothing is sent there
 * @param {{ as?: typeof CLAIMANT, decision?: "allow" | "deny", demographics?: "share" | "withhold" }} [choices]
 * @returns {Promise<URL>} the address that the browser would open at the application
 */
export async function visit(start, redirectUri, choices = {}) {
  const person = choices.as ?? CLAIMANT;
  const answers = {
    username: person.username,
    password: person.password,
    decision: choices.decision ?? "allow",
    demographics: choices.demographics ?? "share",
  };
  const cookies = new Map();
  let url = new URL(start);
  let form = null;
  for (let step = 0; step < 20; step += 1) {
    const headers = { accept: "text/html", "accept-language": "en" };
    if (cookies.size > 0) headers.cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, {
      method: form ? "POST" : "GET",
      body: form,
      headers,
      redirect: "manual",
    });
    for (const line of response.headers.getSetCookie()) keep(cookies, line);
    const text = await response.text();
    form = null;
    const location = response.headers.get("location");
    if (response.status >= 300 && response.status < 400 && location) {
      // Like a browser, compare before parsing: parsing would change a custom scheme's or a port's spelling.
      if (location.startsWith(redirectUri)) return new URL(location);
      url = new URL(location, url);
      continue;
    }
    const found = response.status === 200 ? formOf(text, answers) : null;
    if (!found) {
      const said = text.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").trim().slice(0, 400);
      throw new Error(`${url.origin}${url.pathname} answered ${response.status}: ${said}`);
    }
    url = new URL(found.action, url);
    form = found.fields;
  }
  throw new Error(`still not back at ${redirectUri} after 20 pages; now at ${url.origin}${url.pathname}`);
}

function keep(cookies, line) {
  const [pair, ...attributes] = line.split(";");
  const equals = pair.indexOf("=");
  const name = pair.slice(0, equals).trim();
  if (attributes.some((attribute) => /^\s*max-age\s*=\s*0\s*$/i.test(attribute))) cookies.delete(name);
  else cookies.set(name, pair.slice(equals + 1).trim());
}

/** The page's form, filled in: hidden fields as they are, and the person's answer to each question it asks. */
function formOf(html, answers) {
  const form = /<form\b([^>]*)>([\s\S]*?)<\/form>/i.exec(html);
  if (!form) return null;
  const fields = new URLSearchParams();
  let asked = false;
  for (const [, attributes] of form[2].matchAll(/<(?:input|button)\b([^>]*)>/gi)) {
    const name = attribute(attributes, "name");
    if (!name || fields.has(name)) continue;
    if (attribute(attributes, "type") === "hidden") fields.set(name, attribute(attributes, "value") ?? "");
    else if (name in answers) {
      fields.set(name, answers[name]);
      asked = true;
    }
  }
  return asked ? { action: attribute(form[1], "action") ?? "", fields } : null;
}

function attribute(attributes, name) {
  const found = new RegExp(`(?:^|\\s)${name}="([^"]*)"`, "i").exec(attributes);
  return found ? unescape(found[1]) : null;
}

function unescape(text) {
  const named = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  return text.replace(/&(#x?[0-9a-f]+|[a-z]+);/gi, (whole, entity) => {
    if (entity[0] !== "#") return named[entity] ?? whole;
    const hex = /^#x/i.test(entity);
    return String.fromCodePoint(parseInt(entity.slice(hex ? 2 : 1), hex ? 16 : 10));
  });
}
