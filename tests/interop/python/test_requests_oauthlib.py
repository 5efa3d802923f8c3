"""PyPI requests-oauthlib: what many Python web applications sign in with. Where it knows a client id and nothing else,
it sends HTTP Basic with an empty secret at the exchange."""

import os

import pytest
from oauthlib.oauth2 import InvalidClientError, InvalidGrantError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from gateway import BASE_URL, CALLBACK, announced, assert_all_claims, register
from person import parameters, visit

# The library insists on https otherwise, whatever the host.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

SCOPE = ["openid", "profile", "patient/Patient.rs", "patient/Coverage.rs", "patient/ExplanationOfBenefit.rs"]


class Application:
    """A newly registered application and its session."""

    def __init__(self, method):
        registered = register("requests-oauthlib", token_endpoint_auth_method=method)
        self.client_id = registered["client_id"]
        self.secret = registered.get("client_secret")
        self.session = OAuth2Session(
            self.client_id, redirect_uri=CALLBACK, scope=SCOPE, pkce="S256"
        )

    def sign_in(self, **choices):
        server = announced()
        url, _ = self.session.authorization_url(server["authorization_endpoint"])
        return self.exchange(visit(url, CALLBACK, **choices))

    def exchange(self, back):
        return self.session.fetch_token(
            announced()["token_endpoint"], authorization_response=back, client_secret=self.secret
        )

    def credentials(self):
        return HTTPBasicAuth(self.client_id, self.secret or "")

    def read_claims(self):
        pages, url = [], f"{BASE_URL}/v2/fhir/ExplanationOfBenefit?_count=20"
        while url:
            response = self.session.get(url)
            assert response.status_code == 200, response.text
            pages.append(response.json())
            url = next(
                (link["url"] for link in pages[-1]["link"] if link["relation"] == "next"), None
            )
        assert_all_claims(pages, self.session.token["patient"], 20)


@pytest.mark.parametrize("method", ["none", "client_secret_basic", "client_secret_post"])
def test_sign_in_claims_refresh_revocation(method):
    server = announced()
    application = Application(method)
    session = application.session
    token = application.sign_in()
    assert session.authorized
    assert token["scope"] == SCOPE
    application.read_claims()
    assert session.get(server["userinfo_endpoint"]).json()["sub"] == token["patient"]

    renewed = session.refresh_token(server["token_endpoint"], auth=application.credentials())
    assert renewed["access_token"] != token["access_token"]
    assert renewed["refresh_token"] != token["refresh_token"]
    application.read_claims()

    answer = session.post(
        server["revocation_endpoint"],
        data={"token": renewed["refresh_token"]},
        auth=application.credentials(),
        withhold_token=True,
    )
    assert answer.status_code == 200, answer.text
    assert session.get(f"{BASE_URL}/v2/fhir/Patient").status_code == 401
    with pytest.raises(InvalidGrantError):
        session.refresh_token(server["token_endpoint"], auth=application.credentials())


def test_a_public_refresh_that_names_no_client():
    application = Application("none")
    first = application.sign_in()
    renewed = application.session.refresh_token(announced()["token_endpoint"])
    assert renewed["refresh_token"] != first["refresh_token"]
    application.read_claims()


def test_a_confidential_application_that_forgot_its_secret():
    application = Application("client_secret_basic")
    application.secret = None
    with pytest.raises(InvalidClientError):
        application.sign_in()


def test_a_denial_is_raised():
    application = Application("none")
    url, state = application.session.authorization_url(announced()["authorization_endpoint"])
    back = visit(url, CALLBACK, decision="deny")
    assert parameters(back)["state"] == state
    with pytest.raises(Exception, match="access_denied"):
        application.exchange(back)
