// What is left of English on a Spanish page: every phrase of the English tables of texts, and words that only English
// has. What says that it is in English (`lang`), names of people and applications, and codes are no texts of ours.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

/** The texts of the gateway's pages: each key with its English and its Spanish. */
function gatewayTexts() {
  const tables = ["gateway/src/base/page/texts.rs", "gateway/src/developer/texts.rs"];
  return tables.flatMap((name) => {
    const source = readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
    return [...source.matchAll(/"((?:[^"\\]|\\.)+)",\s*"((?:[^"\\]|\\.)+)";/g)].map(([, english, spanish]) => [english, spanish].map((text) => text.split("\\n")));
  });
}

/** The texts of the demo page; what is a function is called with words that stand out. */
async function demoTexts() {
  const { textsIn } = await import("../../web-client/demo/build/text.js");
  const flat = (value) => {
    if (typeof value === "string") return [value];
    if (typeof value === "function") return value("«1»", "«2»", "«3»", "«4»").split(/«\d»/);
    return Object.values(value).flatMap(flat);
  };
  return [flat(await textsIn("en")), flat(await textsIn("es"))];
}

/** Phrases that no Spanish text has. */
function phrases(english, spanish) {
  const all = spanish.join("\n");
  return [...new Set(english.map((text) => text.trim().replace(/^[^\p{L}]+|[^\p{L}]+$/gu, "")))].filter((text) => text.length > 2 && !all.includes(text));
}

export async function phrasesOfGateway() {
  const pairs = gatewayTexts();
  assert.ok(pairs.length > 100, `${pairs.length} texts`);
  return phrases(pairs.flatMap(([english]) => english), pairs.flatMap(([, spanish]) => spanish));
}

export async function phrasesOfDemo() {
  return phrases(...(await demoTexts()));
}

/** Fails where a page in Spanish has one of the phrases, or a word that only English has. */
export async function noEnglishLeft(page, phrases, what) {
  const texts = await page.evaluate(() => {
    const foreign = "bdi, code, noscript, pre, script, style, textarea, [translate=no]";
    const spanish = (element) => element.closest("[lang]")?.lang === "es" && element.closest(foreign) === null;
    const found = [];
    const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node = walker.currentNode; node !== null; node = walker.nextNode()) {
      if (node instanceof Text) {
        if (node.data.trim() !== "" && spanish(node.parentElement)) found.push(node.data.trim());
      } else if (spanish(node)) {
        for (const name of ["aria-label", "placeholder", "title", "alt"]) found.push(node.getAttribute(name) ?? "");
      }
    }
    return found.filter((text) => text !== "");
  });
  assert.ok(texts.length > 2, `${what} has texts`);
  const english = [...phrases.map((phrase) => new RegExp(`(?<!\\p{L})${phrase.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?!\\p{L})`, "u")), /(?<!\p{L})(the|your|you|this|please|with|from)(?!\p{L})/iu];
  const left = texts.flatMap((text) => english.filter((one) => one.test(text)).map((one) => `${JSON.stringify(text)}: ${one.source}`));
  assert.deepEqual(left, [], `English on the Spanish page ${what}`);
}
