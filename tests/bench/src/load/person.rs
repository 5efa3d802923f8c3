//! One person: a connection, tokens, and the requests of the mix with what their answers must be.

use std::io::Read as _;

use bluegate_http_tests::{Application, Tokens};
use flate2::read::GzDecoder;
use serde_json::Value;

use crate::client::{Connection, Reply, bare, post, post_with};

/// Somebody who signed in.
pub(super) struct Person {
    base: String,
    app: Application,
    id: String,
    access: String,
    refresh: String,
    connection: Option<Connection>,
    /// Which request comes next. Everybody begins elsewhere.
    turn: usize,
    /// Of the last page of claims: the next one, and a claim.
    next_page: Option<String>,
    claim: Option<String>,
}

/// A request of the mix.
type Kind = fn(&mut Person) -> Result<Reply, String>;

/// How many different requests there are.
pub(super) const KINDS: usize = MIX.len();

/// All routes of an application, the claims twice.
const MIX: [Kind; 28] = [
    |p| p.fhir("/v2/fhir/Patient/{id}", 200),
    |p| p.claims("/v2/fhir/ExplanationOfBenefit?_count=10"),
    |p| p.following(),
    |p| p.following(),
    |p| p.a_claim("v2"),
    |p| p.fhir("/v1/fhir/Patient", 200),
    |p| p.fhir("/v1/fhir/Patient/{id}/", 200),
    |p| p.fhir("/v2/fhir/Coverage", 200),
    |p| p.fhir("/v1/fhir/Coverage?beneficiary=Patient/{id}&_count=2", 200),
    |p| p.fhir("/v2/fhir/Coverage/part-a-{id}", 200),
    |p| p.claims("/v1/fhir/ExplanationOfBenefit?type=carrier,outpatient&_count=5&patient={id}"),
    |p| p.following(),
    |p| p.a_claim("v1"),
    |p| p.fhir("/v2/fhir/ExplanationOfBenefit?_summary=count", 200),
    |p| {
        p.fhir(
            "/v2/fhir/ExplanationOfBenefit?_elements=status,type&_count=3",
            200,
        )
    },
    |p| p.form_search(),
    |p| p.head(),
    |p| p.not_modified(),
    |p| p.preflight(),
    |p| p.public("/v2/fhir/metadata"),
    |p| p.public("/v1/fhir/.well-known/smart-configuration"),
    |p| p.public("/.well-known/openid-configuration"),
    |p| p.userinfo(),
    |p| p.introspected(),
    |p| p.refreshed(),
    |p| p.fhir("/v2/fhir/Patient/-20140000099999", 404),
    |p| p.fhir("/v1/fhir/ExplanationOfBenefit?patient=-20140000099999", 403),
    |p| p.refused(),
];

impl Person {
    pub(super) fn new(base: &str, app: &Application, tokens: Tokens, number: usize) -> Self {
        Self {
            base: base.to_owned(),
            app: app.clone(),
            id: tokens.patient,
            access: tokens.access,
            refresh: tokens.refresh,
            connection: None,
            turn: number,
            next_page: None,
            claim: None,
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Sends the next request and looks at every byte of its answer.
    pub(super) fn next(&mut self, everybody: &[String]) -> Result<(), String> {
        let kind = self.turn % KINDS;
        self.turn += 1;
        let finding = |what: String| format!("request {kind} of the mix: {what}");
        let reply = MIX[kind](self).map_err(finding)?;
        let mut text = String::from_utf8_lossy(&reply.body).into_owned();
        for (name, value) in &reply.headers {
            text.push_str(&format!("\n{name}: {value}"));
        }
        if names_another(&text, &self.id, everybody) {
            return Err(finding("an answer for somebody else".to_owned()));
        }
        Ok(())
    }

    /// A call with the token. Every resource in its answer must be the person's.
    fn fhir(&mut self, path: &str, status: u16) -> Result<Reply, String> {
        let path = path.replace("{id}", &self.id);
        let (bearer, encoding) = (format!("Bearer {}", self.access), self.encoding());
        let request = bare(
            "GET",
            &self.base,
            &path,
            &[("Authorization", &bearer), ("Accept-Encoding", encoding)],
        );
        let reply = self.send(&request, status)?;
        if status == 200 {
            owned(&json(&reply)?, &self.id)?;
        }
        Ok(reply)
    }

    /// Every other answer compressed.
    const fn encoding(&self) -> &'static str {
        if self.turn.is_multiple_of(2) {
            "gzip"
        } else {
            "identity"
        }
    }

    fn claims(&mut self, path: &str) -> Result<Reply, String> {
        let reply = self.fhir(path, 200)?;
        let page = json(&reply)?;
        let resource = &page["entry"][0]["resource"];
        self.claim = resource["id"].as_str().map(str::to_owned);
        let next = page["link"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|link| link["relation"] == "next");
        self.next_page = match next.and_then(|link| link["url"].as_str()) {
            None => None,
            Some(url) => Some(
                url.strip_prefix(&self.base)
                    .ok_or("a link that is not on the public base")?
                    .to_owned(),
            ),
        };
        Ok(reply)
    }

    /// The page after the last one; the first again where there is none.
    fn following(&mut self) -> Result<Reply, String> {
        let page = self.next_page.take();
        self.claims(page.as_deref().unwrap_or("/v2/fhir/ExplanationOfBenefit"))
    }

    fn a_claim(&mut self, version: &str) -> Result<Reply, String> {
        match self.claim.clone() {
            Some(id) => self.fhir(&format!("/{version}/fhir/ExplanationOfBenefit/{id}"), 200),
            None => self.fhir(&format!("/{version}/fhir/ExplanationOfBenefit"), 200),
        }
    }

    fn form_search(&mut self) -> Result<Reply, String> {
        let form = [("_count", "3".to_owned()), ("patient", self.id.clone())];
        let bearer = format!("Authorization: Bearer {}\r\n", self.access);
        let path = "/v2/fhir/ExplanationOfBenefit/_search";
        let reply = self.send(&post_with(&self.base, path, &form, &bearer), 200)?;
        owned(&json(&reply)?, &self.id)?;
        Ok(reply)
    }

    fn head(&mut self) -> Result<Reply, String> {
        let path = format!("/v2/fhir/Patient/{}", self.id);
        let bearer = format!("Bearer {}", self.access);
        let request = bare("HEAD", &self.base, &path, &[("Authorization", &bearer)]);
        self.send(&request, 200)
    }

    fn not_modified(&mut self) -> Result<Reply, String> {
        let tag = self.head()?.header("etag").to_owned();
        let path = format!("/v2/fhir/Patient/{}", self.id);
        let bearer = format!("Bearer {}", self.access);
        let headers = [("Authorization", &*bearer), ("If-None-Match", &*tag)];
        self.send(&bare("GET", &self.base, &path, &headers), 304)
    }

    fn preflight(&mut self) -> Result<Reply, String> {
        let headers = [
            ("Origin", "https://app.example"),
            ("Access-Control-Request-Method", "GET"),
            ("Access-Control-Request-Headers", "authorization"),
        ];
        let request = bare("OPTIONS", &self.base, "/v2/fhir/Coverage", &headers);
        let reply = self.exchange(&request)?;
        match (reply.status, reply.header("access-control-allow-origin")) {
            (200 | 204, "*") => Ok(reply),
            other => Err(format!("a preflight was answered {other:?}")),
        }
    }

    fn public(&mut self, path: &str) -> Result<Reply, String> {
        let reply = self.send(&bare("GET", &self.base, path, &[]), 200)?;
        json(&reply)?;
        Ok(reply)
    }

    fn userinfo(&mut self) -> Result<Reply, String> {
        let bearer = format!("Bearer {}", self.access);
        let headers = [("Authorization", &*bearer)];
        let path = "/v2/connect/userinfo";
        let reply = self.send(&bare("GET", &self.base, path, &headers), 200)?;
        self.names_me(&reply, &["sub", "patient"])?;
        Ok(reply)
    }

    fn introspected(&mut self) -> Result<Reply, String> {
        let mut form = self.app.credentials();
        form.push(("token", self.access.clone()));
        let reply = self.send(&post(&self.base, "/v2/o/introspect/", &form), 200)?;
        self.names_me(&reply, &["patient"])?;
        Ok(reply)
    }

    fn refreshed(&mut self) -> Result<Reply, String> {
        let mut form = vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", self.refresh.clone()),
        ];
        form.extend(self.app.credentials());
        let reply = self.send(&post(&self.base, "/v2/o/token/", &form), 200)?;
        self.names_me(&reply, &["patient"])?;
        self.access = reply.text("access_token");
        self.refresh = reply.text("refresh_token");
        Ok(reply)
    }

    fn names_me(&self, reply: &Reply, members: &[&str]) -> Result<(), String> {
        match members.iter().find(|name| reply.text(name) != self.id) {
            None => Ok(()),
            Some(name) => Err(format!("{name} is not the person's id")),
        }
    }

    /// What is refused, each time another way.
    fn refused(&mut self) -> Result<Reply, String> {
        let bearer = format!("Bearer {}", self.access);
        let (path, authorization, status) = match self.turn / KINDS % 4 {
            0 => ("/v2/fhir/Coverage", "Bearer unknown", 401),
            1 => ("/v2/fhir/Coverage?_count=51", bearer.as_str(), 400),
            2 => ("/v2/fhir/Coverage/x/junk", bearer.as_str(), 404),
            _ => ("/v2/fhir/Patient?_format=xml", bearer.as_str(), 406),
        };
        let headers = [("Authorization", authorization)];
        self.send(&bare("GET", &self.base, path, &headers), status)
    }

    fn send(&mut self, request: &[u8], status: u16) -> Result<Reply, String> {
        let reply = self.exchange(request)?;
        if reply.status == status {
            Ok(reply)
        } else {
            Err(format!(
                "{} where {status} was due: {}",
                reply.status,
                reply.text("code")
            ))
        }
    }

    /// On the connection of the person, which stays open; the body comes out inflated.
    fn exchange(&mut self, request: &[u8]) -> Result<Reply, String> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(&self.base).map_err(|error| error.to_string())?,
        };
        let mut reply = connection
            .send(request)
            .map_err(|error| error.to_string())?;
        self.connection = Some(connection);
        if reply.header("content-encoding") == "gzip" && !reply.body.is_empty() {
            let mut inflated = Vec::new();
            GzDecoder::new(&reply.body[..])
                .read_to_end(&mut inflated)
                .map_err(|_| "a body that is no gzip".to_owned())?;
            reply.body = inflated;
        }
        Ok(reply)
    }
}

fn json(reply: &Reply) -> Result<Value, String> {
    serde_json::from_slice(&reply.body).map_err(|error| format!("no JSON: {error}"))
}

/// The resource, or each in a Bundle, names the person as its owner.
fn owned(body: &Value, id: &str) -> Result<(), String> {
    if body["resourceType"] == "Bundle" {
        let mut entries = body["entry"].as_array().into_iter().flatten();
        return entries.try_for_each(|entry| owned(&entry["resource"], id));
    }
    let owner = match body["resourceType"].as_str() {
        Some("Patient") => &body["id"],
        Some("Coverage") => &body["beneficiary"]["reference"],
        Some("ExplanationOfBenefit") => &body["patient"]["reference"],
        other => return Err(format!("a resource of type {other:?}")),
    };
    let owner = owner.as_str().unwrap_or_default();
    if owner.strip_prefix("Patient/").unwrap_or(owner) == id {
        Ok(())
    } else {
        Err("a resource of somebody else".to_owned())
    }
}

/// Whether any number in the text is the id of another of these people. One pass, however many they are.
fn names_another(text: &str, own: &str, everybody: &[String]) -> bool {
    text.match_indices('-').any(|(at, _)| {
        let rest = &text[at + 1..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let id = &text[at..=at + digits];
        digits >= LEAST_DIGITS && id != own && everybody.iter().any(|other| other == id)
    })
}

/// Patient ids of the sandbox are negative on v1 and v2, and no shorter.
pub(super) const LEAST_DIGITS: usize = 8;
