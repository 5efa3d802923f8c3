// The fields of an insurance card, as FHIRPath on its Bundle; those of a line begin at a Coverage, and `%bundle` is the card.

const C4DIC = (name) => `extension.where(url.endsWith('C4DIC-${name}-extension'))`;
const CLASS = (code) => `class.where(type.coding.where(code = '${code}').exists())`;
const MEMBERS = "identifier.where(type.coding.where(code = 'MB').exists())";
const MEMBER = `iif(${MEMBERS}.where(system.endsWith('/us-mbi')).exists(), ${MEMBERS}.where(system.endsWith('/us-mbi')).value.first(), iif(subscriberId.exists(), subscriberId, ${MEMBERS}.value.first()))`;
const PAYER = "%bundle.entry.where(resource.resourceType = 'Organization' and ('Organization/' & fullUrl.replace('urn:uuid:', '')) in (%resource.payor.reference)).resource";
const DOLLARS = "valueMoney.where(currency.empty() or currency = 'USD').value";

export const CARD = {
  "person.name.family": [({ person }) => person.name?.family, "entry.resource.where(resourceType = 'Patient').name.first().family"],
  "person.name.given": [({ person }) => person.name?.given, "entry.resource.where(resourceType = 'Patient').name.first().given"],
  "person.birthDate": [({ person }) => person.birthDate, "entry.resource.where(resourceType = 'Patient').birthDate"],
  "person.gender": [({ person }) => person.gender, "entry.resource.where(resourceType = 'Patient').gender"],
  memberId: [(card) => card.memberId, `entry.resource.where(resourceType = 'Coverage').first().select(${MEMBER})`],
  notices: [(card) => card.notices, `entry.resource.where(resourceType = 'Coverage').${C4DIC("AdditionalCardInformation")}.valueAnnotation.text.distinct()`],
  lastUpdated: [(card) => card.lastUpdated, "meta.lastUpdated"],
};

export const CARD_LINE = {
  part: [(line) => line.part, `${CLASS("plan")}.value.replaceMatches('^Part ', '').replaceMatches('^Dual.*$', 'Dual')`],
  plan: [(line) => line.plan, `${CLASS("plan")}.value`],
  planName: [(line) => line.planName, `${CLASS("plan")}.name`],
  group: [(line) => line.group, `${CLASS("group")}.value`],
  network: [(line) => line.network, `${CLASS("network")}.value`],
  "type.code": [(line) => line.type?.code, "type.coding.first().code"],
  "type.display": [(line) => line.type?.display, "type.coding.first().display"],
  status: [(line) => line.status, "status"],
  "period.start": [(line) => line.period?.start, "period.start"],
  "period.end": [(line) => line.period?.end, "period.end.where($this.toString().matches('^(2099|9999)').not())"],
  memberId: [(line) => line.memberId, MEMBER],
  pharmacy: [(line) => (line.pharmacy ?? []).map(({ kind, value }) => `${kind} ${value}`), "class.where(type.coding.code.startsWith('rx')).select(type.coding.code.first() & ' ' & value)"],
  "payer.name": [(line) => line.payer?.name, `${PAYER}.name`],
  "payer.contacts": [(line) => (line.payer?.contacts ?? []).map(({ value }) => value), `(${PAYER}.telecom | ${PAYER}.contact.telecom).value.select($this.replaceMatches('^TTY: ', ''))`],
  "costs.type.code": [(line) => (line.costs ?? []).map(({ type }) => type?.code), "costToBeneficiary.type.coding.code"],
  "costs.cents": [(line) => (line.costs ?? []).flatMap(({ cents }) => cents ?? []), `costToBeneficiary.${DOLLARS}.select($this * 100)`],
  "costs.words": [(line) => (line.costs ?? []).flatMap(({ words }) => words ?? []), `costToBeneficiary.valueMoney.${C4DIC("BeneficiaryCostString")}.valueString`],
  issued: [(line) => line.issued, `${C4DIC("CardIssueDate")}.valueDate`],
  background: [(line) => line.background, `${C4DIC("BackgroundColor")}.valueCodeableConcept.coding.code.lower()`],
  highlight: [(line) => line.highlight, `${C4DIC("HighlightColor")}.valueCodeableConcept.coding.code.lower()`],
  "logo.label": [(line) => line.logo?.label, `${C4DIC("Logo")}.extension.where(url = 'label').valueString`],
  "logo.description": [(line) => line.logo?.description, `${C4DIC("Logo")}.extension.where(url = 'description').valueString`],
  "logo.data": [(line) => line.logo?.data, `${C4DIC("Logo")}.extension.where(url = 'image').valueAttachment.data`],
  "images.contentType": [(line) => (line.images ?? []).map(({ contentType }) => contentType), "extension.where(url.matches('C4DIC-(QRCode|Barcode|SupportingImage)-extension$')).extension.where(url = 'image').valueAttachment.contentType"],
};

/** The tables as a section of docs/fields.md. */
export function cardSection() {
  const rows = (table) => Object.entries(table).map(([field, [, expression]]) => `| ${field} | \`${expression.replaceAll("|", "\\|")}\` |`);
  return [
    "",
    "## Insurance card",
    "",
    "v3 alone has it. Read by `web-client/ts/card.ts`, and compared by `web-client/test/node/card.test.mjs` in the same way. The expressions begin at",
    "the Bundle, those of a line at a Coverage. Pictures of other types than PNG, JPEG, GIF and SVG, and colours that are not `#rrggbb`, are left out.",
    "",
    "| Field | Expression |",
    "|---|---|",
    ...rows(CARD),
    "",
    "| Field of a line | Expression |",
    "|---|---|",
    ...rows(CARD_LINE),
  ];
}
