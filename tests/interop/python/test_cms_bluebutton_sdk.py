"""PyPI cms-bluebutton-sdk: the official CMS SDK for Python. An app moves over by setting
`ENVIRONMENT_URLS['LOCAL']`."""

import datetime

import pytest
from cms_bluebutton.cms_bluebutton import BlueButton
from cms_bluebutton.constants import ENVIRONMENT_URLS, SDK_HEADERS

from gateway import BASE_URL, CALLBACK, assert_all_claims, register
from person import CLAIMANT, FREQUENT_CLAIMANT, parameters, visit

ENVIRONMENT_URLS["LOCAL"] = BASE_URL


def sdk(version=2, **metadata):
    """The SDK for a newly registered application."""
    application = register("cms-bluebutton-sdk for PyPI", **metadata)
    return BlueButton(
        {
            "environment": "LOCAL",
            "client_id": application["client_id"],
            "client_secret": application["client_secret"],
            "callback_url": CALLBACK,
            "version": version,
            # A retry would only hide a wrong answer.
            "retry_settings": {"total": 0, "backoff_factor": 0, "status_forcelist": []},
        }
    )


def sign_in(blue_button, person=CLAIMANT, **choices):
    auth_data = blue_button.generate_auth_data()
    back = parameters(
        visit(blue_button.generate_authorize_url(auth_data), CALLBACK, person, **choices)
    )
    return blue_button.get_authorization_token(auth_data, back.get("code"), back.get("state"))


def read_claims(blue_button, token, **params):
    """All claims by the SDK's own pager, which sends `params` again on top of each next link."""
    config = {"auth_token": token, "params": params}
    first = blue_button.get_explaination_of_benefit_data(config)["response"]
    assert first.status_code == 200
    pages = blue_button.get_pages(first.json(), config)["pages"]
    size = params.get("_count", 10)
    assert_all_claims(pages, token.patient, size, f"v{blue_button.version}")


@pytest.mark.parametrize("version", [1, 2])
def test_sign_in_patient_coverage_profile_every_page_of_claims(version):
    blue_button = sdk(version)
    token = sign_in(blue_button, FREQUENT_CLAIMANT)
    assert token.refresh_token

    patient = blue_button.get_patient_data({"auth_token": token, "params": {}})["response"]
    assert patient.status_code == 200
    assert [entry["resource"]["id"] for entry in patient.json()["entry"]] == [token.patient]
    coverage = blue_button.get_coverage_data({"auth_token": token, "params": {}})["response"]
    assert coverage.status_code == 200
    assert coverage.json()["entry"]
    for entry in coverage.json()["entry"]:
        assert entry["resource"]["beneficiary"]["reference"] == f"Patient/{token.patient}"
    profile = blue_button.get_profile_data({"auth_token": token, "params": {}})["response"]
    assert profile.status_code == 200
    assert profile.json()["sub"] == token.patient

    read_claims(blue_button, token, _count=20)


def test_pager_repeats_its_query_on_top_of_the_next_link():
    blue_button = sdk()
    token = sign_in(blue_button)
    read_claims(blue_button, token)
    read_claims(blue_button, token, _count=15, _lastUpdated="gt2001-01-01")
    interval = {"_lastUpdated": ["gt2001-01-01", "lt2999-01-01"], "service-date": "ge1990-01-01"}
    read_claims(blue_button, token, _count=10, **interval)


def test_refreshes_with_basic_what_it_got_with_the_secret_in_the_body():
    blue_button = sdk()
    first = sign_in(blue_button)
    second = blue_button.refresh_auth_token(first)
    assert second.access_token != first.access_token
    assert second.refresh_token != first.refresh_token
    assert second.patient == first.patient
    read_claims(blue_button, second, _count=20)
    third = blue_button.refresh_auth_token(second)
    read_claims(blue_button, third, _count=20)


def test_refreshes_on_its_own_when_its_clock_says_that_the_token_has_expired():
    blue_button = sdk()
    first = sign_in(blue_button)
    first.expires_at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=1)
    answer = blue_button.get_patient_data({"auth_token": first, "params": {}})
    assert answer["response"].status_code == 200
    assert answer["auth_token"].access_token != first.access_token


def test_headers_that_the_sdk_carries_over_to_other_requests():
    # The SDK keeps one dictionary of headers for the whole process.
    blue_button = sdk()
    token = sign_in(blue_button)
    answer = blue_button.get_patient_data({"auth_token": token, "params": {}})["response"]
    assert answer.request.headers["Content-Type"].startswith("multipart/form-data")
    assert answer.request.headers["Accept"] == "*/*"
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/fhir+json"

    assert SDK_HEADERS["Authorization"] == f"Bearer {token.access_token}"
    read_claims(blue_button, sign_in(blue_button), _count=20)


def test_works_for_an_application_registered_as_client_secret_post():
    blue_button = sdk(token_endpoint_auth_method="client_secret_post")
    token = blue_button.refresh_auth_token(sign_in(blue_button))
    read_claims(blue_button, token, _count=20)


def test_tells_the_app_that_the_person_denied():
    blue_button = sdk()
    auth_data = blue_button.generate_auth_data()
    url = blue_button.generate_authorize_url(auth_data)
    back = parameters(visit(url, CALLBACK, decision="deny"))
    assert back["error"] == "access_denied"
    with pytest.raises(ValueError, match="Authorization code missing"):
        blue_button.get_authorization_token(auth_data, back.get("code"), back.get("state"))


@pytest.mark.parametrize("version", [2, 3])
def test_gets_the_insurance_card_on_v3_alone(version):
    blue_button = sdk()
    token = sign_in(blue_button)
    blue_button.version = version
    answer = blue_button.get_insurance_card_data({"auth_token": token, "params": {}})["response"]
    body = answer.json()
    if version == 3:
        assert (answer.status_code, body["type"]) == (200, "collection")
        assert {entry["resource"]["resourceType"] for entry in body["entry"]} == {"Patient", "Organization", "Coverage"}
    else:
        assert (answer.status_code, body["code"]) == (404, "not_found")
