"""Compares the JSON paths of generated claims with those of the real backend's recorded answers.

Reads searchset bundles, one a line, from standard input; the first argument is v1 or v2. A path is the chain of keys;
extensions, categories and codings of variables are told apart by their URL. For each type it prints how many of the
real paths occur, and those that do not. The recorded answers are looked for in $BLUEGATE_FIXTURES, then in
../shared/fixtures beside the repository; without them it prints `skipped: …`.
"""

import collections
import json
import os
import pathlib
import re
import sys

BASE = "https://bluebutton.cms.gov/resources/"


def short(text):
    # Months and the numbers of diagnoses are one path each, not twelve or twenty-five.
    text = text.replace(BASE + "variables/", "").replace(BASE, "")
    return re.sub(r"\d{4}-\d{1,2}$", "<month>", re.sub(r"(?<=[a-z_])\d{1,2}(?=$|/)", "<n>", text))


def label(value):
    if not isinstance(value, dict):
        return ""
    if "url" in value:
        return "(" + short(value["url"]) + ")"
    for key in ("category", "type"):
        codings = value.get(key, {}).get("coding", []) if isinstance(value.get(key), dict) else []
        codes = [c["code"] for c in codings if c.get("code", "").startswith(BASE)] or [c.get("code", "") for c in codings]
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
        return resource["id"].split("-")[0]
    if resource["resourceType"] == "Coverage":
        return resource["id"][:6]
    return resource["resourceType"]


def resources(folder):
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text())
        if "with-tax-numbers" in path.name or "include-identifiers" in path.name:
            continue
        found = [document] if document["resourceType"] != "Bundle" else [e["resource"] for e in document.get("entry", [])]
        yield from (r for r in found if r["resourceType"] in ("ExplanationOfBenefit", "Coverage", "Patient"))


def main():
    version = sys.argv[1]
    here = pathlib.Path(__file__).resolve().parent.parent.parent
    folder = pathlib.Path(os.environ.get("BLUEGATE_FIXTURES", here.parent / "shared" / "fixtures")) / "bfd" / version
    if not folder.is_dir():
        print(f"skipped: no recorded answers in {folder}")
        return 0
    real, made = collections.defaultdict(set), collections.defaultdict(set)
    for resource in resources(folder):
        real[kind(resource)].update(paths(resource))
    for line in sys.stdin:
        for entry in json.loads(line).get("entry", []):
            made[kind(entry["resource"])].update(paths(entry["resource"]))
    low = 0
    for name in sorted(made):
        common, missing = real[name] & made[name], sorted(real[name] - made[name])
        share = 100 * len(common) / max(1, len(real[name]))
        low += share < 90
        print(f"{version} {name}: {len(common)} of {len(real[name])} real paths ({share:.0f} %), {len(made[name] - real[name])} others")
        if "--missing" in sys.argv:
            print("\n".join("  - " + path for path in missing))
            print("\n".join("  + " + path for path in sorted(made[name] - real[name])))
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
