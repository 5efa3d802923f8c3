//! The worst that whoever proves nothing can send to each public route.

use bluegate_http_tests::{Application, Stack};
use serde_json::json;

/// A request, but for the address that it comes from.
pub struct Input {
    /// What it is.
    pub name: &'static str,
    head: String,
    body: Vec<u8>,
}

impl Input {
    fn new(name: &'static str, method: &str, target: &str) -> Self {
        Self {
            name,
            head: format!("{method} {target} HTTP/1.1\r\nHost: x\r\n"),
            body: Vec::new(),
        }
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.head += &format!("{name}: {value}\r\n");
        self
    }

    fn body(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        let length = self.body.len().to_string();
        self.header("Content-Type", kind)
            .header("Content-Length", &length)
    }

    fn form(self, body: impl Into<Vec<u8>>) -> Self {
        self.body("application/x-www-form-urlencoded", body)
    }

    /// The whole request, as a proxy passes it on from the address `10.…` of this number.
    pub(super) fn from(&self, number: u32) -> Vec<u8> {
        let [_, b, c, d] = number.to_be_bytes();
        let mut request =
            format!("{}X-Forwarded-For: 10.{b}.{c}.{d}\r\n\r\n", self.head).into_bytes();
        let body = request.len();
        request.extend_from_slice(&self.body);
        let numbered = self
            .body
            .windows(NUMBER.len())
            .position(|part| part == NUMBER.as_bytes());
        if let Some(at) = numbered.map(|at| body + at) {
            request[at..at + NUMBER.len()].copy_from_slice(format!("{number:08}").as_bytes());
        }
        request
    }
}

/// Every public route with its worst input.
#[must_use]
pub fn worst(stack: &Stack) -> Vec<Input> {
    let public = Application::public(stack, "Named by strangers");
    let secret = Application::confidential(stack, "With a secret");
    let names = parameters(30_000);
    let named = format!("client_id={}&{}", public.client_id, parameters(31_000));
    let authorize = format!(
        "/v2/o/authorize/?client_id={}&response_type=code&redirect_uri={}&state={}",
        public.client_id,
        encoded(&public.redirect_uri),
        "s".repeat(4096)
    );
    let complete = format!(
        "{authorize}&code_challenge={}&code_challenge_method=S256",
        "c".repeat(43)
    );
    let bearer = format!("Bearer {}", "x".repeat(512));
    let long = "h".repeat(900);
    let deep = format!("{}{}", "[".repeat(60_000), "]".repeat(60_000));
    let mut inputs = vec![
        Input::new("GET /health: nothing of ours", "GET", "/health"),
        Input::new("GET /health/ready", "GET", "/health/ready"),
        Input::new("GET /nowhere, 60 headers of 900 bytes", "GET", "/nowhere"),
        Input::new(
            "GET /.well-known/openid-configuration",
            "GET",
            "/.well-known/openid-configuration",
        ),
        Input::new("GET /v2/fhir/metadata", "GET", "/v2/fhir/metadata"),
        Input::new("GET /openapi.json, gzip", "GET", "/openapi.json")
            .header("Accept-Encoding", "gzip"),
        Input::new("GET /docs", "GET", "/docs"),
        Input::new(
            "GET /o/logo/ of nobody",
            "GET",
            "/o/logo/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ),
        Input::new(
            "GET authorize, 100 parameters of 30 KB",
            "GET",
            &format!("/v2/o/authorize/?{}", parameters(7_000)),
        ),
        Input::new(
            "POST authorize, 100 parameters of 31 KB",
            "POST",
            "/v2/o/authorize/",
        )
        .form(named.clone()),
        Input::new("GET authorize, state of 4 KiB, refused", "GET", &authorize),
        Input::new("GET authorize, state of 4 KiB, accepted", "GET", &complete),
        Input::new(
            "GET consent of nobody",
            "GET",
            "/v2/o/authorize/consent?transaction=x",
        ),
        Input::new(
            "POST consent, 100 parameters of 30 KB",
            "POST",
            "/v2/o/authorize/consent",
        )
        .form(names.clone()),
        Input::new(
            "GET /signin/callback of nobody",
            "GET",
            "/signin/callback?state=x&code=y",
        ),
        Input::new("GET /account/, to the sign-in", "GET", "/account/"),
        Input::new("POST /account/, 8 KB", "POST", "/account/").form(parameters(8_000)),
        Input::new("POST /signout, 8 KB", "POST", "/signout").form(parameters(8_000)),
        Input::new("GET /developer/", "GET", "/developer/"),
        Input::new(
            "POST /developer/new, 120 KB, signed out",
            "POST",
            "/developer/new",
        )
        .form(parameters(120_000)),
        Input::new("GET /ops/ of nobody", "GET", "/ops/"),
        Input::new("GET /ops/metrics, unknown token", "GET", "/ops/metrics")
            .header("Authorization", &bearer),
        Input::new(
            "POST /o/register, 120 KB of nested JSON",
            "POST",
            "/o/register",
        )
        .body("application/json", deep),
        Input::new("POST /o/register, 120 KB of members", "POST", "/o/register")
            .body("application/json", members()),
        Input::new(
            "POST /o/register, 300 redirect URIs and a bad name",
            "POST",
            "/o/register",
        )
        .body("application/json", uris()),
        Input::new(
            "POST /o/register, 16 KB that are kept",
            "POST",
            "/o/register",
        )
        .body("application/json", accepted()),
        Input::new(
            "PUT /o/register/, unknown token, 120 KB",
            "PUT",
            &format!("/o/register/{}", public.client_id),
        )
        .header("Authorization", &bearer)
        .body("application/json", members()),
        Input::new(
            "PUT logo, unknown token, 128 KB",
            "PUT",
            &format!("/o/register/{}/logo", public.client_id),
        )
        .header("Authorization", &bearer)
        .body("image/png", vec![137; 128 * 1024]),
    ];
    for (endpoint, called) in [
        ("token", "POST token, 100 parameters of 31 KB"),
        ("par", "POST PAR, 100 parameters of 31 KB"),
        ("revoke_token", "POST revoke_token, 100 parameters of 31 KB"),
        ("introspect", "POST introspect, 100 parameters of 31 KB"),
    ] {
        inputs.push(Input::new(called, "POST", &format!("/v2/o/{endpoint}/")).form(named.clone()));
    }
    let code = format!(
        "grant_type=authorization_code&code=x&code_verifier={}&client_id={}",
        "v".repeat(128),
        public.client_id
    );
    let assertion = format!(
        "grant_type=refresh_token&refresh_token=x&client_id={}&client_assertion_type={}&client_assertion={}",
        public.client_id,
        encoded("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        "e".repeat(30_000)
    );
    let wrong = format!(
        "grant_type=refresh_token&refresh_token=x&client_id={}&client_secret=wrong",
        secret.client_id
    );
    inputs.extend([
        Input::new("POST token, unknown code", "POST", "/v2/o/token/").form(code),
        Input::new("POST token, wrong secret", "POST", "/v2/o/token/").form(wrong),
        Input::new("POST token, assertion of 30 KB", "POST", "/v2/o/token/").form(assertion),
        Input::new("POST token, multipart of 16 KB", "POST", "/v2/o/token/")
            .body("multipart/form-data; boundary=b", multipart()),
        Input::new("POST token, 256 KiB", "POST", "/v2/o/token/").form(parameters(256 * 1024)),
        Input::new(
            "GET FHIR without a token",
            "GET",
            "/v2/fhir/ExplanationOfBenefit",
        ),
        Input::new(
            "GET FHIR, unknown token of 512 characters",
            "GET",
            "/v2/fhir/ExplanationOfBenefit",
        )
        .header("Authorization", &bearer),
        Input::new(
            "POST _search, 100 parameters of 31 KB, unknown token",
            "POST",
            "/v2/fhir/Coverage/_search",
        )
        .header("Authorization", &bearer)
        .form(names),
        Input::new("GET userinfo, unknown token", "GET", "/v2/connect/userinfo")
            .header("Authorization", &bearer),
        Input::new(
            "POST userinfo, 8 KB, unknown token",
            "POST",
            "/v2/connect/userinfo",
        )
        .form(format!(
            "access_token={}&{}",
            "x".repeat(500),
            parameters(7_000)
        )),
    ]);
    for number in 0..60 {
        let third = std::mem::replace(&mut inputs[2], Input::new("", "GET", "/"));
        inputs[2] = third.header(&format!("x-{number}"), &long);
    }
    inputs
}

/// 100 parameters, of so many bytes together.
fn parameters(bytes: usize) -> String {
    let each = bytes / 100 - 4;
    let pairs: Vec<_> = (0..99)
        .map(|number| format!("{number}={}", "%41".repeat(each / 3)))
        .collect();
    pairs.join("&")
}

/// A JSON object with as many short members as fit.
fn members() -> String {
    let members: Vec<_> = (0..9_500)
        .map(|number| format!("\"m{number}\":[{{}}]"))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn uris() -> String {
    let uris: Vec<_> = (0..300)
        .map(|number| format!("https://app.example/{number}/{}", "p".repeat(20)))
        .collect();
    // Letters of two alphabets, many of which look like others.
    let name = "a\u{430}\u{3b1}".repeat(80);
    json!({ "client_name": name, "redirect_uris": uris }).to_string()
}

/// Metadata of nearly 16 KB, of which everything is kept: what a registration may leave.
fn accepted() -> String {
    let uris: Vec<_> = (0..20)
        .map(|number| format!("https://app.example/{number}/{}", "p".repeat(740)))
        .collect();
    let name = format!("Application {NUMBER}");
    json!({ "client_name": name, "redirect_uris": uris }).to_string()
}

/// What each request has another number in place of: names are unique.
const NUMBER: &str = "(NUMBER)";

fn multipart() -> String {
    let part = |number: usize| {
        format!(
            "--b\r\nContent-Disposition: form-data; name=\"{number}\"\r\n\r\n{}\r\n",
            "x".repeat(900)
        )
    };
    let parts: String = (0..16).map(part).collect();
    parts + "--b--\r\n"
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
