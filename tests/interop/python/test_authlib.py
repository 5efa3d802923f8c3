"""PyPI authlib: its OAuth 2.0 session over requests, as a web application's backend uses it."""

import os
import time

import pytest
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey, RSAKey

from gateway import BASE_URL, CALLBACK, announced, assert_all_claims, register
from person import parameters, visit

# The library insists on https otherwise, whatever the host.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "true"

SCOPE = (
    "openid profile offline_access"
    " patient/Patient.rs patient/Coverage.rs patient/ExplanationOfBenefit.rs"
)


def session(method, key=None, jwks=None, **options):
    """A session for a newly registered application."""
    metadata = {"jwks": jwks} if jwks else {}
    application = register("authlib", token_endpoint_auth_method=method, **metadata)
    return OAuth2Session(
        application["client_id"],
        key or application.get("client_secret"),
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        scope=SCOPE,
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
        token_endpoint=announced()["token_endpoint"],
        **options,
    )


def sign_in(oauth, **choices):
    server = announced()
    verifier = generate_token(48)
    url, state = oauth.create_authorization_url(
        server["authorization_endpoint"], code_verifier=verifier
    )
    back = visit(url, CALLBACK, **choices)
    return oauth.fetch_token(
        server["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier
    )


def read_claims(oauth):
    pages, url = [], f"{BASE_URL}/v2/fhir/ExplanationOfBenefit?_count=20"
    while url:
        response = oauth.get(url)
        assert response.status_code == 200, response.text
        pages.append(response.json())
        url = next((link["url"] for link in pages[-1]["link"] if link["relation"] == "next"), None)
    assert_all_claims(pages, oauth.token["patient"], 20)


def whole_life(oauth, may_introspect):
    """Claims, userinfo, refresh, introspection where the application may, revocation."""
    server = announced()
    token = sign_in(oauth)
    read_claims(oauth)
    assert oauth.get(server["userinfo_endpoint"]).json()["sub"] == token["patient"]

    renewed = oauth.refresh_token(server["token_endpoint"])
    assert renewed["access_token"] != token["access_token"]
    assert renewed["refresh_token"] != token["refresh_token"]
    read_claims(oauth)

    if may_introspect:
        answer = oauth.introspect_token(
            server["introspection_endpoint"], token=renewed["access_token"]
        ).json()
        assert answer["active"] is True
        assert answer["patient"] == token["patient"]
    assert oauth.revoke_token(server["revocation_endpoint"]).status_code == 200
    if may_introspect:
        answer = oauth.introspect_token(
            server["introspection_endpoint"], token=renewed["access_token"]
        ).json()
        assert answer == {"active": False}
    assert oauth.get(f"{BASE_URL}/v2/fhir/Patient").status_code == 401
    with pytest.raises(OAuthError, match="invalid_grant"):
        oauth.refresh_token(server["token_endpoint"])


@pytest.mark.parametrize("method", ["none", "client_secret_basic", "client_secret_post"])
def test_sign_in_claims_userinfo_refresh_introspection_revocation(method):
    whole_life(session(method), may_introspect=method != "none")


def test_refreshes_on_its_own_when_its_clock_says_that_the_token_has_expired():
    kept = []
    oauth = session("none", update_token=lambda token, **_: kept.append(dict(token)))
    first = dict(sign_in(oauth))
    oauth.token = {**first, "expires_at": int(time.time()) - 1}
    read_claims(oauth)
    assert len(kept) == 1
    assert kept[0]["refresh_token"] != first["refresh_token"]


def test_a_denial_gives_no_token():
    # The library does not look at `error`: where the answer has no code, it asks for client credentials instead.
    server = announced()
    oauth = session("client_secret_basic")
    verifier = generate_token(48)
    url, state = oauth.create_authorization_url(
        server["authorization_endpoint"], code_verifier=verifier
    )
    back = visit(url, CALLBACK, decision="deny")
    assert parameters(back)["error"] == "access_denied"
    assert parameters(back)["state"] == state
    with pytest.raises(OAuthError, match="unsupported_grant_type"):
        oauth.fetch_token(authorization_response=back, state=state, code_verifier=verifier)


def test_a_refresh_that_asks_for_withheld_scopes_changes_nothing():
    # The library sends the scopes of its configuration again at each refresh. Where the person withheld some,
    # that would widen them; the application has to ask for what it was granted.
    oauth = session("none")
    granted = sign_in(oauth, demographics="withhold")["scope"]
    assert "patient/Patient.rs" not in granted.split()
    with pytest.raises(OAuthError, match="invalid_scope"):
        oauth.refresh_token()
    oauth.refresh_token(scope=granted)
    read_claims(oauth)


@pytest.mark.parametrize("alg", ["ES256", "ES384", "RS256", "RS384"])
def test_private_key_jwt(alg):
    oauth = session_with_key(alg)
    endpoint = announced()["token_endpoint"]

    # Made anew for each request: the library keeps the `jti` in the claims that it is given.
    def authenticate(auth, *request):
        five_minutes = {"exp": int(time.time()) + 300}
        return PrivateKeyJWT(endpoint, claims=five_minutes, alg=alg)(auth, *request)

    oauth.register_client_auth_method(("private_key_jwt", authenticate))
    whole_life(oauth, may_introspect=True)


def test_an_assertion_that_lives_for_an_hour_is_refused():
    # The library's default. SMART App Launch 2.2 (asymmetric clients) allows five minutes.
    oauth = session_with_key("ES256")
    endpoint = announced()["token_endpoint"]
    oauth.register_client_auth_method(PrivateKeyJWT(endpoint, alg="ES256"))
    with pytest.raises(OAuthError, match="invalid_client"):
        sign_in(oauth)


def session_with_key(alg):
    """A session for a newly registered application that signs assertions, without a key id in their header."""
    key = ECKey.generate_key(f"P-{alg[2:]}") if alg.startswith("ES") else RSAKey.generate_key(2048)
    public = {**key.as_dict(private=False), "kid": "one", "alg": alg, "use": "sig"}
    return session("private_key_jwt", key, jwks={"keys": [public]})
