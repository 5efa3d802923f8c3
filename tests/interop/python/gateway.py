"""The gateway under test, as its developer portal's user sees it: where it is, what it announces, and how an
application is registered. The clients themselves learn no more than an app's author would type in."""

import math
import os
import uuid

import requests

BASE_URL = os.environ.get("BASE_URL", "").rstrip("/")
if not BASE_URL:
    raise RuntimeError("BASE_URL is not set; start these tests with: node tests/interop/run.mjs")

# Where the applications of these tests say they are. Nothing listens there: the browser stops in front of it.
CALLBACK = "http://127.0.0.1:8765/callback"


def register(name, **metadata):
    """Registers an application (RFC 7591) under a name of its own."""
    response = requests.post(
        f"{BASE_URL}/o/register",
        json={"client_name": f"{name} {uuid.uuid4()}", "redirect_uris": [CALLBACK], **metadata},
        timeout=60,
    )
    assert response.status_code == 201, f"registration of {name}: {response.text}"
    return response.json()


def announced():
    """What the gateway announces about itself (RFC 8414)."""
    response = requests.get(f"{BASE_URL}/.well-known/oauth-authorization-server", timeout=60)
    assert response.status_code == 200
    return response.json()


def assert_all_claims(pages, patient, size, version="v2"):
    """Checks that the search pages, `size` claims each, hold every claim of the person, each once, and nobody
    else's. How many there are says the claims backend itself, which the sandbox leaves open."""
    response = requests.get(
        f"{BASE_URL}/sandbox/claims/{version}/fhir/ExplanationOfBenefit",
        params={"patient": patient, "_count": 1},
        timeout=60,
    )
    assert response.status_code == 200
    expected = response.json()["total"]
    assert expected > size, f"{expected} claims do not make two pages of {size}"
    assert pages[0]["total"] == expected
    assert len(pages) == math.ceil(expected / size)
    claims = [entry["resource"] for page in pages for entry in page.get("entry", [])]
    for claim in claims:
        assert claim["resourceType"] == "ExplanationOfBenefit"
        assert claim["patient"]["reference"] == f"Patient/{patient}"
    assert len({claim["id"] for claim in claims}) == expected
    assert len(claims) == expected
