// The demo page's two tables of texts: the compiler holds them to the same keys, and here nothing is left untranslated.
import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";
import { pathToFileURL } from "node:url";
import { repository } from "../fixtures.mjs";

const built = path.join(repository, "web-client", "demo", "build", "text.js");

/** Every text with the way to it; what is a function is called with words that stand out. */
function* texts(table, at = "") {
  for (const [key, value] of Object.entries(table)) {
    const place = at === "" ? key : `${at}.${key}`;
    if (typeof value === "string") yield [place, value];
    else if (typeof value === "function") yield [place, value("«1»", "«2»")];
    else yield* texts(value, place);
  }
}

test("every text of the demo page is there in both languages and translated", async () => {
  const { textsIn } = await import(pathToFileURL(built));
  const spanish = new Map(texts(await textsIn("es")));
  let count = 0;
  for (const [place, english] of texts(await textsIn("en"))) {
    const translated = spanish.get(place);
    assert.equal(translated?.trim() === "", english === "", `${place} is missing`);
    assert.ok(english !== translated || english === "" || SAME.has(place), `${place} is not translated: ${english}`);
    count += 1;
  }
  assert.equal(spanish.size, count);
  assert.ok(count > 100, `${count} texts`);
});

/** Names, and words that both languages have. */
const SAME = new Set(["people.lucille.0", "people.jack.0", "people.ryan.0", "total", "cardPlan"]);
