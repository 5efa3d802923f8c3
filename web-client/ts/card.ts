/*
 * The digital insurance card (CARIN Digital Insurance Card): its types, and what reads them from the gateway's answer.
 * A card is small and asked for once, so it is read as JSON, not in WebAssembly. Loaded with the first call.
 */
import { BluegateError } from "./errors.js";
import { parseObject, text } from "./json.js";
import type { Code, FhirResource, Part, Period, PersonName } from "./model.js";

/** What is on a person's insurance card. */
export interface InsuranceCard {
  readonly person: CardPerson;
  /** The number that care is billed by: the Medicare number. Of a card with several, that of its first line. */
  readonly memberId?: string;
  /** One for each coverage, in the order of the card: parts A to D, and Medicaid beside Medicare. */
  readonly lines: readonly CardLine[];
  /** What the card tells its holder, each text once; a text may be in several languages. */
  readonly notices: readonly string[];
  readonly lastUpdated?: string;
  /** The Bundle as it came. */
  readonly json: FhirResource;
}

/** Whose card it is. */
export interface CardPerson {
  readonly name?: PersonName;
  readonly birthDate?: string;
  readonly gender?: string;
}

/** One coverage on a card. */
export interface CardLine {
  readonly part?: Part;
  /** The plan as the card writes it, such as `Part A`. */
  readonly plan?: string;
  readonly planName?: string;
  readonly group?: string;
  readonly network?: string;
  /** What kind of insurance it is, by NAHDO's list of payers. */
  readonly type?: Code;
  /** `active` or `cancelled`. */
  readonly status?: string;
  /** When it begins and ends; an end that is far away, 2099-12-31, is none. */
  readonly period?: Period;
  /** The number of the person at this payer. */
  readonly memberId?: string;
  /** What a pharmacy asks for: `rxid`, `rxgroup`, `rxpcn`, `rxbin`. */
  readonly pharmacy?: readonly { readonly kind: string; readonly value: string }[];
  readonly payer?: CardPayer;
  /** What the person pays for kinds of care. */
  readonly costs?: readonly CardCost[];
  /** The day the card was made. */
  readonly issued?: string;
  /** How the payer wants the card to look: `#rrggbb`. */
  readonly background?: string;
  readonly highlight?: string;
  readonly logo?: CardImage;
  /** Codes to scan, and other pictures. */
  readonly images?: readonly CardImage[];
}

/** Who pays. */
export interface CardPayer {
  readonly name?: string;
  readonly contacts: readonly CardContact[];
}

/** A way to reach a payer. `tty` is a telephone for people who do not hear well. */
export interface CardContact {
  readonly kind: "phone" | "tty" | "fax" | "email" | "url" | "sms" | "other";
  readonly value: string;
}

/** What the person pays: cents of US dollars, or in words. */
export interface CardCost {
  readonly type?: Code;
  readonly cents?: number;
  readonly words?: string;
}

/** A picture of a card. */
export interface CardImage {
  readonly kind: "logo" | "qrCode" | "barcode" | "supporting";
  readonly label?: string;
  readonly description?: string;
  /** `image/png`, `image/jpeg`, `image/gif` or `image/svg+xml`; others are left out. */
  readonly contentType: string;
  /** The picture in base64. */
  readonly data: string;
  /** The same as an address for `<img src>`; an image there runs no script, whatever its type. */
  readonly src: string;
}

/**
 * Reads a card: a Bundle of one Patient, Organizations and Coverages.
 *
 * @internal
 */
export function readCard(bytes: Uint8Array): InsuranceCard {
  const bundle = parseObject(bytes);
  const resources = list(bundle?.["entry"]).map((entry) => object(object(entry)["resource"]));
  const of = (type: string) => resources.filter((resource) => resource["resourceType"] === type);
  const [patient, ...more] = of("Patient");
  if (bundle?.["resourceType"] !== "Bundle" || patient === undefined || more.length > 0) {
    throw new BluegateError("bad_response", "the answer is not the insurance card of one person");
  }
  // References lead to ids; a backend may leave those to the names of the entries.
  const organizations = new Map<string, Json>();
  for (const entry of list(bundle["entry"]).map(object)) {
    const resource = object(entry["resource"]);
    const id = text(resource["id"]) ?? text(entry["fullUrl"])?.replace("urn:uuid:", "");
    if (resource["resourceType"] === "Organization" && id !== undefined) organizations.set(id, resource);
  }
  const lines = of("Coverage").map((coverage) => lineOf(coverage, organizations));
  const notices = of("Coverage").flatMap((coverage) => extensions(coverage, "AdditionalCardInformation").map((found) => text(object(found["valueAnnotation"])["text"])));
  return {
    person: given({ name: nameOf(patient), birthDate: text(patient["birthDate"]), gender: text(patient["gender"]) }),
    ...given({ memberId: lines.map(({ memberId }) => memberId).find((id) => id !== undefined) }),
    lines,
    notices: [...new Set(notices)].filter((notice) => notice !== undefined),
    ...given({ lastUpdated: text(object(bundle["meta"])["lastUpdated"]) }),
    json: bundle as unknown as FhirResource,
  };
}

type Json = Readonly<Record<string, unknown>>;

function lineOf(coverage: Json, organizations: ReadonlyMap<string, Json>): CardLine {
  const classes = list(coverage["class"]).map(object);
  const coded = classes.map((one) => ({ kind: codeOf(one["type"])?.code ?? "", value: text(one["value"]), name: text(one["name"]) }));
  const of = (kind: string) => coded.find((one) => one.kind === kind);
  const plan = of("plan")?.value;
  const pharmacy = coded.flatMap(({ kind, value }) => (kind.startsWith("rx") && value !== undefined ? [{ kind, value }] : []));
  const costs = list(coverage["costToBeneficiary"]).map((cost) => costOf(object(cost)));
  const images = PICTURES.flatMap(([kind, name]) => extensions(coverage, name).flatMap((found) => imageOf(kind, found)));
  return given({
    part: partOf(plan),
    plan,
    planName: of("plan")?.name,
    group: of("group")?.value,
    network: of("network")?.value,
    type: codeOf(coverage["type"]),
    status: text(coverage["status"]),
    period: periodOf(object(coverage["period"])),
    memberId: memberOf(coverage),
    pharmacy: some(pharmacy),
    payer: payerOf(coverage, organizations),
    costs: some(costs),
    issued: extensions(coverage, "CardIssueDate").map((found) => text(found["valueDate"]))[0],
    background: colourOf(coverage, "BackgroundColor"),
    highlight: colourOf(coverage, "HighlightColor"),
    logo: images.find(({ kind }) => kind === "logo"),
    images: some(images.filter(({ kind }) => kind !== "logo")),
  });
}

/** The number that the payer knows the person by, else the subscriber's, who may be somebody else. */
function memberOf(coverage: Json): string | undefined {
  const members = list(coverage["identifier"]).map(object).filter((one) => codeOf(one["type"])?.code === "MB");
  const medicare = members.find((one) => text(one["system"])?.endsWith("/us-mbi"));
  // A drug plan's own number stands among what a pharmacy asks for.
  return text(medicare?.["value"]) ?? text(coverage["subscriberId"]) ?? text(members[0]?.["value"]);
}

function payerOf(coverage: Json, organizations: ReadonlyMap<string, Json>): CardPayer | undefined {
  const reference = text(object(list(coverage["payor"])[0])["reference"]);
  const contained = list(coverage["contained"]).map(object);
  const found = reference?.startsWith("#")
    ? contained.find((one) => `#${String(one["id"])}` === reference)
    : organizations.get(reference?.replace(/^(Organization\/|urn:uuid:)/, "") ?? "");
  if (found === undefined) return undefined;
  const telecoms = [...list(found["telecom"]), ...list(found["contact"]).flatMap((contact) => list(object(contact)["telecom"]))];
  return { ...given({ name: text(found["name"]) }), contacts: telecoms.flatMap((telecom) => contactOf(object(telecom))) };
}

function contactOf(telecom: Json): CardContact[] {
  const [system, value] = [text(telecom["system"]), text(telecom["value"])];
  if (value === undefined) return [];
  const tty = /^TTY:?\s*/i;
  if (tty.test(value)) return [{ kind: "tty", value: value.replace(tty, "") }];
  const kind = KINDS.find((known) => known === system) ?? "other";
  return [{ kind, value }];
}

const KINDS = ["phone", "fax", "email", "url", "sms"] as const;

function costOf(cost: Json): CardCost {
  const money = object(cost["valueMoney"]);
  const value = money["value"];
  const dollars = typeof value === "number" && (money["currency"] ?? "USD") === "USD" ? value : undefined;
  const words = extensions(money, "BeneficiaryCostString").map((found) => text(found["valueString"]))[0];
  return given({ type: codeOf(cost["type"]), cents: dollars === undefined ? undefined : Math.round(dollars * 100), words });
}

const PICTURES = [
  ["logo", "Logo"],
  ["qrCode", "QRCode"],
  ["barcode", "Barcode"],
  ["supporting", "SupportingImage"],
] as const;

function imageOf(kind: CardImage["kind"], extension: Json): CardImage[] {
  const parts = list(extension["extension"]).map(object);
  const part = (url: string) => parts.find((one) => one["url"] === url);
  const attachment = object(part("image")?.["valueAttachment"]);
  const [contentType, data] = [text(attachment["contentType"]), text(attachment["data"])];
  if (contentType === undefined || data === undefined) return [];
  if (!/^image\/(png|jpeg|gif|svg\+xml)$/.test(contentType) || !/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(data)) return [];
  const [label, description] = [text(part("label")?.["valueString"]), text(part("description")?.["valueString"])];
  return [{ kind, ...given({ label, description }), contentType, data, src: `data:${contentType};base64,${data.replaceAll(/\s/g, "")}` }];
}

function colourOf(coverage: Json, name: string): string | undefined {
  const code = extensions(coverage, name).map((found) => codeOf(found["valueCodeableConcept"])?.code)[0];
  return code !== undefined && /^#[0-9a-f]{6}$/i.test(code) ? code.toLowerCase() : undefined;
}

function partOf(plan: string | undefined): Part | undefined {
  if (plan?.startsWith("Dual")) return "Dual";
  const letter = /^Part ([ABCD])$/.exec(plan ?? "")?.[1];
  return letter as Part | undefined;
}

function periodOf(period: Json): Period | undefined {
  const [start, end] = [text(period["start"])?.slice(0, 10), text(period["end"])?.slice(0, 10)];
  const found = given({ start, end: end?.startsWith("2099") || end?.startsWith("9999") ? undefined : end });
  return Object.keys(found).length === 0 ? undefined : found;
}

function nameOf(patient: Json): PersonName | undefined {
  const name = list(patient["name"]).map(object)[0];
  if (name === undefined) return undefined;
  const parts = list(name["given"]).filter((one) => typeof one === "string");
  return given({ family: text(name["family"]), given: some(parts) });
}

function codeOf(concept: unknown): Code | undefined {
  const coding = list(object(concept)["coding"]).map(object)[0];
  const code = text(coding?.["code"]);
  return code === undefined ? undefined : { code, ...given({ display: text(coding?.["display"]) }) };
}

function extensions(resource: Json, name: string): Json[] {
  return list(resource["extension"]).map(object).filter((one) => text(one["url"])?.endsWith(`C4DIC-${name}-extension`));
}

function object(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function some<T>(values: readonly T[]): readonly T[] | undefined {
  return values.length === 0 ? undefined : values;
}

/** An object without the members that are not there. */
function given<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
