"""The gateway against its own description: openapi-spec-validator reads it, schemathesis calls what it says."""

import re
import subprocess
import sys

import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from openapi_spec_validator import validate

from gateway import BASE_URL, CALLBACK, announced, register
from person import visit

# Pages are for people, and have tests of their own.
PAGES = r"^/(account|developer|docs|signin|signout|$)|/o/authorize"
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
)


@pytest.fixture(scope="module")
def access_token():
    """Of one person, for everything."""
    application = register("schemathesis", token_endpoint_auth_method="none")
    client = OAuth2Session(
        application["client_id"], redirect_uri=CALLBACK, code_challenge_method="S256",
        token_endpoint_auth_method="none", token_endpoint=announced()["token_endpoint"],
    )
    verifier = generate_token(64)
    start, _ = client.create_authorization_url(
        announced()["authorization_endpoint"], code_verifier=verifier
    )
    back = visit(start, CALLBACK)
    return client.fetch_token(authorization_response=back, code_verifier=verifier)["access_token"]


def test_the_description_is_valid_openapi():
    response = requests.get(f"{BASE_URL}/openapi.json", timeout=60)
    assert response.status_code == 200
    validate(response.json())


@pytest.mark.parametrize("signed_in", [False, True])
def test_every_answer_is_one_that_the_description_has(signed_in, request):
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{BASE_URL}/openapi.json",
        "--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", "25",
        "--suppress-health-check", "all", "--exclude-path-regex", PAGES, "--seed", "2019", "--no-color",
    ]
    if signed_in:
        token = request.getfixturevalue("access_token")
        command += ["--include-path-regex", "/(fhir|connect)/", "-H", f"Authorization: Bearer {token}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    generated = re.search(r"(\d+) generated", done.stdout)
    assert generated and int(generated.group(1)) > 300, done.stdout[-4000:] + done.stderr[-2000:]
    assert done.returncode == 0, done.stdout[-6000:]
