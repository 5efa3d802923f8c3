"""Validates what the claims backend answers with the PyPI package fhir.resources (STU3 and R4B).

Reads bundles (pages of searches, and insurance cards of v3), one a line, from standard input, as `cargo run -p bluegate-sandbox --example dump`
prints them; the first argument is v1, v2 or v3. Besides the structure it checks what the package does not: links
between the parts of a claim, `#` references, one owner, and sums.

Prints one line with the counts and exits 1 if anything is wrong. Without the package it prints `skipped: …`.
"""

import importlib
import json
import sys
from decimal import Decimal


def modules(version):
    package = {"v1": "STU3", "v2": "R4B", "v3": "R4B"}[version]
    load = lambda name, kind: getattr(importlib.import_module(f"fhir.resources.{package}.{name}"), kind)
    return {
        "Patient": load("patient", "Patient"),
        "Coverage": load("coverage", "Coverage"),
        "ExplanationOfBenefit": load("explanationofbenefit", "ExplanationOfBenefit"),
        "Organization": load("organization", "Organization"),
        "Bundle": load("bundle", "Bundle"),
    }


# Lists whose members come again and again, byte for byte. Each member is a model of its own to the package, so one that
# was accepted once need not be tried in every claim; it is left out of a copy, the rest of which is validated.
REPEATED = (
    ("adjudication",),
    ("careTeam",),
    ("contained",),
    ("extension",),
    ("identifier",),
    ("information",),
    ("supportingInfo",),
    ("total",),
    ("benefitBalance", "financial"),
    ("item", "adjudication"),
    ("item", "extension"),
)


def thinned(value, path, seen, fresh):
    """A copy of `value` without the list members at `path` that were accepted before; `fresh` takes the others."""
    key, rest = path[0], path[1:]
    members = value.get(key)
    if not isinstance(members, list):
        return value
    if rest:
        return {**value, key: [thinned(member, rest, seen, fresh) for member in members]}
    kept = []
    for member in members:
        text = (path, json.dumps(member))
        if text not in seen:
            fresh.add(text)
            kept.append(member)
    return {**value, key: kept or members[:1]}


def accept(model, resource, seen):
    """What the package says against the resource: nothing, or its own words."""
    fresh, thin = set(), resource
    for path in REPEATED:
        thin = thinned(thin, path, seen, fresh)
    try:
        model.model_validate(thin)
    except ValueError as invalid:
        return [str(invalid)]
    if len(seen) > 200_000:
        # Most of them are amounts that do not come again.
        seen.clear()
    seen.update(fresh)
    return []


def references(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "reference" and isinstance(inner, str):
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def amounts(item):
    found = {}
    for entry in item.get("adjudication", []):
        if "amount" not in entry:
            continue
        coding = entry["category"]["coding"][-1]
        found[coding["code"].rsplit("/", 1)[-1]] = Decimal(str(entry["amount"]["value"]))
    return found


def check_links(eob, patient):
    problems = []
    for section, names in {
        "careTeam": ("careTeamLinkId", "careTeamSequence"),
        "diagnosis": ("diagnosisLinkId", "diagnosisSequence"),
        "supportingInfo": ("informationSequence",),
    }.items():
        known = [entry["sequence"] for entry in eob.get(section, [])]
        if len(set(known)) != len(known):
            problems.append(f"{section} repeats a sequence")
        for item in eob["item"]:
            for name in names:
                for sequence in item.get(name, []):
                    if sequence not in known:
                        problems.append(f"{name} {sequence} leads nowhere")
    contained = {entry["id"] for entry in eob.get("contained", [])}
    for reference in references(eob):
        if reference.startswith("#"):
            if reference[1:] not in contained:
                problems.append(f"{reference} leads nowhere")
        elif reference.startswith("Patient/"):
            if reference != f"Patient/{patient}":
                problems.append(f"foreign owner {reference}")
        elif reference.startswith("Coverage/"):
            if not reference.endswith(f"-{patient}"):
                problems.append(f"foreign coverage {reference}")
        else:
            problems.append(f"unexpected reference {reference}")
    return problems


def check_sums(eob):
    problems = []
    paid = Decimal(0)
    for item in eob["item"]:
        a = amounts(item)
        if "line_alowd_chrg_amt" in a:
            parts = sum(
                a[name]
                for name in ("line_bene_ptb_ddctbl_amt", "line_coinsrnc_amt", "line_bene_prmry_pyr_pd_amt", "line_nch_pmt_amt")
            )
            if parts != a["line_alowd_chrg_amt"]:
                problems.append(f"line {item['sequence']}: {parts} is not {a['line_alowd_chrg_amt']}")
            paid += a["line_nch_pmt_amt"]
        if "tot_rx_cst_amt" in a:
            names = ("cvrd_d_plan_pd_amt", "ptnt_pay_amt", "lics_amt", "rptd_gap_dscnt_num", "othr_troop_amt", "plro_amt")
            if sum(a[name] for name in names) != a["tot_rx_cst_amt"]:
                problems.append("the parts of the drug cost do not add up")
            if a["gdc_blw_oopt_amt"] + a["gdc_abv_oopt_amt"] != a["tot_rx_cst_amt"]:
                problems.append("the cost around the threshold does not add up")
    kind = eob["id"].split("-")[0]
    if kind in ("carrier", "dme") and paid != Decimal(str(eob["payment"]["amount"]["value"])):
        problems.append("the lines do not add up to the payment")
    if kind in ("inpatient", "snf", "hospice", "hha", "outpatient"):
        total = sum(amounts(item)["rev_cntr_tot_chrg_amt"] for item in eob["item"])
        stated = eob["totalCost"] if "totalCost" in eob else eob["total"][0]["amount"]
        if total != Decimal(str(stated["value"])):
            problems.append("the lines do not add up to the total charge")
    if kind in ("outpatient", "hha", "hospice"):
        lines = sum(amounts(item)["rev_cntr_pmt_amt_amt"] for item in eob["item"])
        if lines != Decimal(str(eob["payment"]["amount"]["value"])):
            problems.append("the lines do not add up to the payment")
    return problems


def must_reject(model, resource):
    """What accepts everything says nothing."""
    try:
        model.model_validate({**resource, "unheardOf": True})
    except ValueError:
        return
    sys.exit(f"a {resource['resourceType']} with an unknown member was accepted")


def check_contained(resource):
    """What is contained must be referred to (R4, dom-3)."""
    referred = {reference[1:] for reference in references(resource) if reference.startswith("#")}
    return [
        f"nobody refers to #{entry['id']}" for entry in resource.get("contained", []) if entry["id"] not in referred
    ]


def check_dates(eob):
    """Services lie within the claim's period, and the claim was loaded after it."""
    problems = []
    start, end = eob["billablePeriod"]["start"], eob["billablePeriod"]["end"]
    if not start <= end < eob["meta"]["lastUpdated"]:
        problems.append(f"{start}, {end} and {eob['meta']['lastUpdated']} are out of order")
    for item in eob["item"]:
        period = item.get("servicedPeriod", {})
        for day in (item.get("servicedDate"), period.get("start"), period.get("end")):
            if day and not start <= day <= end:
                problems.append(f"line {item['sequence']}: {day} is not within the claim")
    for procedure in eob.get("procedure", []):
        if not start <= procedure["date"][:10] <= end:
            problems.append(f"a procedure on {procedure['date']} is not within the claim")
    return problems


def check_v3(eob):
    """Sums of v3, and what each type must tell."""
    problems = []
    kind = next(c["code"] for c in eob["type"]["coding"] if c["system"].endswith("/EOB-TYPE"))
    lines = [amounts(item) for item in eob["item"]]
    total = amounts({"adjudication": eob["total"]})
    paid = Decimal(str(eob["payment"]["amount"]["value"])) if "amount" in eob["payment"] else None
    of_lines = lambda name: sum(a[name] for a in lines)
    facts = {c["code"] for fact in eob["supportingInfo"] for c in fact["category"]["coding"]}
    if kind in ("CARRIER", "DME"):
        parts = ("CLM_LINE_MDCR_DDCTBL_AMT", "CLM_LINE_MDCR_COINSRNC_AMT", "CLM_BENE_PRMRY_PYR_PD_AMT", "CLM_LINE_CVRD_PD_AMT")
        for a in lines:
            if sum(a[name] for name in parts) != a["CLM_LINE_ALOWD_CHRG_AMT"]:
                problems.append("the parts of a line do not add up to what is allowed")
        if of_lines("CLM_LINE_CVRD_PD_AMT") != paid:
            problems.append("the lines do not add up to the payment")
        if of_lines("CLM_LINE_ALOWD_CHRG_AMT") != total["CLM_ALOWD_CHRG_AMT"]:
            problems.append("the lines do not add up to what is allowed")
    if kind == "PDE":
        a = lines[0]
        parts = ("CLM_LINE_CVRD_PD_AMT", "CLM_LINE_BENE_PMT_AMT", "CLM_LINE_LIS_AMT", "CLM_LINE_RPTD_GAP_DSCNT_AMT", "CLM_LINE_PLRO_AMT")
        if sum(a[name] for name in parts) + total["CLM_OTHR_TP_PD_AMT"] != a["TOT_RX_CST_AMT"]:
            problems.append("the parts of the drug cost do not add up")
        problems += [f"{name} is missing" for name in ("dayssupply", "refillnum", "CLM_LINE_RX_NUM") if name not in facts]
    else:
        if of_lines("CLM_LINE_SBMT_CHRG_AMT") != total["CLM_SBMT_CHRG_AMT"]:
            problems.append("the lines do not add up to the charge")
    if kind in ("INPATIENT", "SNF") and "drg" not in facts:
        problems.append("there is no diagnosis related group")
    if kind == "INPATIENT" and any(
        "onAdmission" not in d for d in eob["diagnosis"] if d["type"][0]["coding"][0]["code"] != "admitting"
    ):
        problems.append("a diagnosis does not say whether it was there before")
    return problems


C4DIC = "http://hl7.org/fhir/us/insurance-card/StructureDefinition/C4DIC-"


def check_card(bundle):
    """What the guide for digital insurance cards demands beside R4, and that every reference leads to an entry."""
    problems, known = [], set()
    resources = [entry["resource"] for entry in bundle["entry"]]
    for entry in bundle["entry"]:
        resource = entry["resource"]
        known.add(f"{resource['resourceType']}/{resource['id']}")
        if entry["fullUrl"] != f"urn:uuid:{resource['id']}":
            problems.append(f"{entry['fullUrl']} is not the name of {resource['id']}")
        if resource["meta"]["profile"][0] != C4DIC + resource["resourceType"] or not resource["meta"]["lastUpdated"]:
            problems.append(f"{resource['id']} does not say what it is")
    problems += [f"{reference} leads nowhere" for reference in references(resources) if reference not in known]
    for coverage in [r for r in resources if r["resourceType"] == "Coverage"]:
        members = [i for i in coverage["identifier"] if i["type"]["coding"][0]["code"] == "MB"]
        if len(members) != 1 or not all(members[0].get(name) for name in ("system", "value", "assigner")):
            problems.append(f"{coverage['id']} has not one number of its member")
        missing = {"type", "subscriber", "subscriberId", "beneficiary", "relationship", "period"} - set(coverage)
        problems += [f"{coverage['id']} has no {name}" for name in missing]
        if len(coverage["payor"]) != 1 or coverage["beneficiary"] != coverage["subscriber"]:
            problems.append(f"{coverage['id']} is not paid by one or not the person's own")
    if sorted({r["resourceType"] for r in resources}) != ["Coverage", "Organization", "Patient"]:
        problems.append("there is a type too many or too few")
    return problems


def main():
    version = sys.argv[1]
    try:
        models = modules(version)
    except ImportError as missing:
        print(f"skipped: fhir.resources is not installed ({missing})")
        return 0
    counts, failures, seen = {}, 0, {}
    for line in sys.stdin:
        bundle = json.loads(line)
        if bundle["type"] == "collection":
            problems = accept(models["Bundle"], bundle, set()) + check_card(bundle)
            failures += len(problems)
            print("\n".join(problems[:10]), end="\n" if problems else "")
        for resource in [entry["resource"] for entry in bundle.get("entry", [])]:
            kind = resource["resourceType"]
            if kind not in counts:
                must_reject(models[kind], resource)
            counts[kind] = counts.get(kind, 0) + 1
            problems = accept(models[kind], resource, seen.setdefault(kind, set()))
            if kind == "ExplanationOfBenefit":
                patient = resource["patient"]["reference"].split("/")[1]
                problems += check_links(resource, patient) + check_dates(resource)
                problems += check_v3(resource) if version == "v3" else check_sums(resource)
            problems += check_contained(resource)
            for problem in problems:
                failures += 1
                if failures <= 10:
                    print(f"{resource.get('id')}: {problem}")
    print(f"{version}: " + ", ".join(f"{count} {kind}" for kind, count in counts.items()) + f", {failures} problems")
    return 1 if failures or not counts else 0


if __name__ == "__main__":
    sys.exit(main())
