/* Files for the person: the FHIR JSON as it came, and a table for a spreadsheet. */
import { dayOf, type Item, type Records } from "./records.js";

/** All claims as one FHIR Bundle; each resource is the server's own text. */
export async function saveJson(records: Records): Promise<void> {
  const parts: string[] = ['{"resourceType":"Bundle","type":"collection","entry":['];
  for (const [place, item] of records.items.entries()) {
    parts.push(place === 0 ? "" : ",", '{"resource":', records.json(item), "}");
    // Thousands of claims are megabytes: let the page breathe.
    if (place % 50 === 49) await new Promise((resume) => setTimeout(resume));
  }
  parts.push("]}");
  save("claims.json", "application/fhir+json", parts);
}

/** One claim as the server sent it. */
export function saveClaim(records: Records, item: Item): void {
  save(`${item.row.id}.json`, "application/fhir+json", [records.json(item)]);
}

/** A row for each claim; amounts in dollars with a point, so that every spreadsheet reads them. */
export function saveCsv(records: Records): void {
  const heads = ["id", "type", "status", "start", "end", "provider", "npi", "diagnosis", "drug", "charged", "allowed", "paid", "patient_responsibility", "paid_by_patient", "use", "outcome", "left_out"];
  const lines = records.items.map(({ row }) =>
    [
      row.id,
      row.type,
      row.status,
      row.start,
      dayOf(row),
      row.provider,
      row.npi,
      row.diagnosis?.code,
      row.drug?.display ?? row.drug?.code,
      dollars(row.charged),
      dollars(row.allowed),
      dollars(row.paid),
      dollars(row.patientResponsibility),
      dollars(row.paidByPatient),
      row.use,
      row.outcome,
      row.leftOut,
    ]
      .map(cell)
      .join(","),
  );
  save("claims.csv", "text/csv", ["\uFEFF", [heads.join(","), ...lines].join("\r\n"), "\r\n"]);
}

/** RFC 4180; a cell that a spreadsheet would take for a formula is made text. */
function cell(value: string | undefined): string {
  const text = value ?? "";
  const safe = /^[=+@\t\r]|^-(?!\d)/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function dollars(cents: number | undefined): string | undefined {
  return cents === undefined ? undefined : (cents / 100).toFixed(2);
}

function save(name: string, type: string, parts: readonly string[]): void {
  const url = URL.createObjectURL(new Blob([...parts], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
