// Cells of the tables: an expression, expressions by claim type, or the reason why there is none; and how the
// two readings of a field are made comparable.

/** Why a version (or a type) says nothing of a field; the parser must then say nothing either. */
export const no = (reason) => ({ reason });

const field = (norm) => (ours, versions, options = {}) => ({ ours, versions, norm, ...options });
const there = (value) => (value === undefined || value === null || value === "" ? [] : [String(value)]);

export const text = field(there);
export const count = field((value) => (value === 0 || value === undefined ? [] : [String(value)]));
export const date = field((value) => there(/^\d{4}(-\d\d(-\d\d)?)?/.exec(String(value))?.[0]));
export const instant = field((value) => there(/^\d{4}-\d\d-\d\dT\d.*/.exec(String(value))?.[0]));
export const decimal = field((value) => (value === undefined ? [] : [String(Number(value))]));
/** The server writes dollars; the model has whole cents. */
export const cents = field((value, theirs) => (value === undefined ? [] : [String(theirs ? Math.round(value * 100) : value)]));

const ends = (names, of = "code") => names.map((name) => `${of} = '${name}' or ${of}.endsWith('/${name}')`).join(" or ");
const pair = field((value, theirs) => {
  if (value === undefined) return [];
  if (!theirs) return [`${value.name} ${value.cents}`];
  const [name, dollars] = String(value).split("=");
  return [`${name.replace(/.*\//, "").toLowerCase().replaceAll("-", "_")} ${Math.round(Number(dollars) * 100)}`];
});

/** Where amounts stand. */
export const amount = {
  extension: (...names) => `extension.where(${ends(names, "url")}).valueMoney.value`,
  line: (...names) => `item.first().adjudication.where(category.coding.where(${ends(names)}).exists()).amount.value`,
  own: (...names) => `adjudication.where(category.coding.where(${ends(names)}).exists()).amount.value.first()`,
  total: (...names) => `total.where(category.coding.where(${ends(names)}).exists()).amount.value.first()`,
  any: (...names) =>
    `(extension.where(${ends(names, "url")}).valueMoney.value | benefitBalance.financial.where(type.coding.where(${ends(names)}).exists()).usedMoney.value).first()`,
  v3: (...names) =>
    `(total.where(category.coding.where(${ends(names)}).exists()).amount.value | adjudication.where(category.coding.where(${ends(names)}).exists()).amount.value | item.first().adjudication.where(category.coding.where(${ends(names.slice(2))}).exists()).amount.value).first()`,
  /** What all lines say, added up; nothing where one of them says nothing. */
  lines: (...names) => {
    const said = `adjudication.where(category.coding.where(${ends(names)}).exists()).amount.value`;
    return `iif(item.exists() and item.all(${said}.exists()), item.${said}.sum(), {})`;
  },
  /** Two parts, added; nothing where one of them is missing, or is said with several values. */
  both: (one, other) => `iif((${one}).distinct().count() = 1 and (${other}).distinct().count() = 1, (${one}).distinct().first() + (${other}).distinct().first(), {})`,
  /** What the claim says in v3, else its lines. */
  said: (names, fallback) => `iif((total | adjudication).where(category.coding.where(${ends(names)}).exists()).exists(), (total | adjudication).where(category.coding.where(${ends(names)}).exists()).amount.value, ${fallback})`,
  /** The code in CMS's own system, else the first. */
  CMS: (concept) =>
    `iif(${concept}.coding.where(system.startsWith('https://bluebutton.cms.gov/')).exists(), ${concept}.coding.where(system.startsWith('https://bluebutton.cms.gov/')), ${concept}.coding).code.first()`,
  pairs: (parents, name, value) => `${parents}.select(${name} & '=' & ${value}.toString())`,
  list: (ours, versions) => pair(ours, versions, { sorted: true, distinct: true }),
};

/** The cell of a version and type. */
export function cell(entry, version, type) {
  const found = entry.versions[version];
  if (typeof found === "string" || found.reason !== undefined) return found;
  return found[type] ?? found.other;
}

/** What a field holds, as text to compare. */
export function reading(entry, values, theirs) {
  let list = [values].flat().flatMap((value) => entry.norm(value, theirs));
  if (entry.distinct) list = [...new Set(list)];
  return entry.sorted ? list.sort() : list;
}
