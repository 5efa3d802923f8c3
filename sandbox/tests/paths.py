"""Compares the JSON paths of generated resources with those of the real backend's recorded answers.

Reads bundles, one a line, from standard input, as `cargo run -p bluegate-sandbox --example dump` prints them;
the first argument is v1, v2 or v3. A path is the chain of keys with the kind of value at its end; extensions, categories
and codings of variables are told apart by their names. Prints a row for each type and exits 1 where fewer than 90 % of
the real paths occur, or where a path holds another kind of value than the real one. `--missing` lists the differences.

The recorded answers are looked for in $BLUEGATE_FIXTURES, then in ../shared/fixtures beside the repository; without
them it prints `skipped: …`.
"""

import collections
import json
import os
import pathlib
import re
import sys

OLDER = "https://bluebutton.cms.gov/resources/"
NEWER = "https://bluebutton.cms.gov/fhir/"
LEAST = 90

# Recorded answers that say what the sandbox does not have: tax numbers, other identifiers, claims about substance use,
# prior authorizations, and what an older server answered. The rest of the mapping samples are nobody's answers; hospice
# is known from no other.
SKIPPED = re.compile(
    r"with-tax-numbers|include-identifiers|with-samhsa|samhsa-tagged|prior-auth|-2026-02|merged|multiple-links"
    r"|historic|insurance-card|idi-match|mapping-sample-(?!explanation-of-benefit-hospice)|-empty"
)


# No server's answer about hospice in v3 is recorded, and the mapping sample shows every field that an institution's
# claim can have. These are not about hospice care: home health, surgery, a stay that qualifies, what it was grouped to.
NOT_HOSPICE = re.compile(
    r"\((CLM_HHA_\w+|CLM_QLFY_\w+|CLM_NCVRD_(FROM|THRU)_DT|CLM_MDCR_EXHSTD_DT|CLM_BLOOD_PT_FRNSH_QTY|DGNS_DRG_OUTLIER_CD|drg"
    r"|admtype|pointoforigin)\)|^\.procedure\b"
)


def short(text):
    # Months and the numbers of diagnoses are one path each, not twelve or twenty-five.
    text = text.replace(OLDER + "variables/", "").replace(OLDER, "").replace(NEWER, "")
    return re.sub(r"\d{4}-\d{1,2}$", "<month>", re.sub(r"(?<=[a-z_])\d{1,2}(?=$|/)", "<n>", text))


def own(coding):
    """Whether a coding names a variable: by a URL as its code, or by v3's lists."""
    return coding.get("code", "").startswith(OLDER) or coding.get("system", "").startswith(NEWER)


def label(value):
    if not isinstance(value, dict):
        return ""
    if "url" in value:
        return "(" + short(value["url"]) + ")"
    if "resourceType" in value:
        return "(" + value["resourceType"] + ")"
    for key in ("category", "type"):
        codings = value.get(key, {}).get("coding", []) if isinstance(value.get(key), dict) else []
        codes = [c["code"] for c in codings if own(c)] or [c.get("code", "") for c in codings]
        if codes and codes[-1]:
            return "(" + short(codes[-1]) + ")"
    if "system" in value and "code" in value:
        return "(" + short(value["system"]) + ")"
    return ""


def paths(value, prefix=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{prefix}.{key}:{type(inner).__name__.replace('float', 'number').replace('int', 'number')}"
            yield from paths(inner, f"{prefix}.{key}")
    elif isinstance(value, list):
        for inner in value:
            # The category of an item says what was done, not what the entry is for.
            yield from paths(inner, prefix if prefix.endswith(".item") else prefix + label(inner))


def kind(resource):
    if resource["resourceType"] == "ExplanationOfBenefit":
        for coding in resource["type"]["coding"]:
            if coding["system"].lower().endswith("/eob-type"):
                return coding["code"].lower()
    if resource["resourceType"] == "Coverage":
        return resource["id"][:6].rstrip("-0123456789").lower()
    return resource["resourceType"]


def on_card(resource):
    """What a resource of an insurance card is compared with: those of its type, on any card."""
    return "card " + resource["resourceType"]


def resources(folder):
    for path in sorted(folder.glob("*.json")):
        if SKIPPED.search(path.name):
            continue
        document = json.loads(path.read_text())
        found = [document] if document["resourceType"] != "Bundle" else [e["resource"] for e in document.get("entry", [])]
        yield from (r for r in found if r["resourceType"] in ("ExplanationOfBenefit", "Coverage", "Patient"))


def contradictions(real, made):
    kinds = collections.defaultdict(set)
    for path in real:
        chain, _, what = path.rpartition(":")
        kinds[chain].add(what)
    return sorted(p for p in made if p.rpartition(":")[0] in kinds and p.rpartition(":")[2] not in kinds[p.rpartition(":")[0]])


def main():
    version = sys.argv[1]
    here = pathlib.Path(__file__).resolve().parent.parent.parent
    folder = pathlib.Path(os.environ.get("BLUEGATE_FIXTURES", here.parent / "shared" / "fixtures")) / "bfd" / version
    if not folder.is_dir():
        print(f"skipped: there are no recorded answers of {version}; BLUEGATE_FIXTURES can say where they are")
        return 0
    real, made = collections.defaultdict(set), collections.defaultdict(set)
    for resource in resources(folder):
        real[kind(resource)].update(paths(resource))
    if version == "v3":
        real["hospice"] = {path for path in real["hospice"] if not NOT_HOSPICE.search(path)}
    for path in folder.glob("*insurance-card.json"):
        for entry in json.loads(path.read_text())["entry"]:
            # Its ids were taken out when it was recorded.
            real[on_card(entry["resource"])].update(paths({"id": "", **entry["resource"]}))
    for line in sys.stdin:
        bundle = json.loads(line)
        name = on_card if bundle["type"] == "collection" else kind
        for entry in bundle.get("entry", []):
            made[name(entry["resource"])].update(paths(entry["resource"]))
    wrong = 0
    print(f"{version}  {'':17} {'real':>5} {'here':>5} {'share':>6} {'others':>7} {'contradict':>11}")
    for name in sorted(made):
        common = real[name] & made[name]
        against = contradictions(real[name], made[name])
        share = 100 * len(common) / max(1, len(real[name]))
        wrong += share < LEAST or bool(against) or not real[name]
        others = len(made[name] - real[name])
        print(f"{version}  {name:17} {len(real[name]):5} {len(common):5} {share:5.1f} % {others:6} {len(against):11}")
        for path in against:
            print("  ! " + path)
        if "--missing" in sys.argv:
            print("\n".join("  - " + path for path in sorted(real[name] - made[name])))
            print("\n".join("  + " + path for path in sorted(made[name] - real[name])))
    return 1 if wrong or not made else 0


if __name__ == "__main__":
    sys.exit(main())
