//! Requests that a page of this gateway sends through the gateway's own routes, shown with their answers and as
//! commands: for the test client of the portal and the try-out of the documentation.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method};
use serde_json::Value;

use super::site::Site;
use crate::base::http::{Reply, Request};

/// A request and its answer, as a page shows them.
#[derive(Default)]
pub(crate) struct Exchange {
    /// Request line, headers and body.
    pub(crate) request: String,
    /// Status line and body; empty for what the browser did.
    pub(crate) response: String,
    /// The same with curl.
    pub(crate) curl: String,
}

/// What is sent.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: Body,
}

/// The body of a request.
pub(crate) enum Body {
    None,
    Form(Vec<(String, String)>),
    Text(&'static str, String),
}

/// Sends requests for one page.
pub(crate) struct Caller {
    site: Site,
    base: String,
    /// The peer as the host named it, so that limits count the developer and not the gateway.
    peer: HeaderValue,
    /// What must not be shown whole.
    secrets: Vec<String>,
}

impl Caller {
    pub(crate) fn new(site: &Site, request: &Request) -> Self {
        let peer = request.headers.get_all(PEER).iter().next_back().cloned();
        Self {
            site: site.clone(),
            base: site.app.config.public_base_url.clone(),
            peer: peer.unwrap_or(HeaderValue::from_static("")),
            secrets: Vec::new(),
        }
    }

    /// Sends a request. The body where the answer is a success, and what the page shows; `None` if it is no
    /// request. Where `hide` says so, tokens in it and in its answer are kept to be shortened.
    pub(crate) async fn send(
        &mut self,
        outgoing: &Outgoing,
        hide: bool,
    ) -> Option<(Option<Value>, Exchange)> {
        let mut request = http::Request::builder()
            .method(outgoing.method.clone())
            .uri(&outgoing.path);
        for (name, value) in &outgoing.headers {
            request = request.header(name, value);
        }
        let body = match &outgoing.body {
            Body::None => String::new(),
            Body::Form(fields) => {
                if hide {
                    fields
                        .iter()
                        .filter(|(name, _)| SECRET_FIELDS.contains(&name.as_str()))
                        .for_each(|(_, value)| self.hide(value));
                }
                form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(fields)
                    .finish()
            }
            Body::Text(_, text) => text.clone(),
        };
        if let Some(media_type) = outgoing.body.media_type() {
            request = request.header(CONTENT_TYPE, media_type);
        }
        let mut request = request.body(Bytes::from(body)).ok()?;
        request.headers_mut().insert(PEER, self.peer.clone());
        let reply = (self.site.respond)(self.site.clone(), request).await;
        let value: Option<Value> = serde_json::from_slice(reply.body()).ok();
        if hide {
            for name in ["access_token", "refresh_token"] {
                let token = value.as_ref().and_then(|body| body[name].as_str());
                token.into_iter().for_each(|token| self.hide(token));
            }
        }
        let shown = Exchange {
            request: self.redact(&self.described(outgoing)),
            response: self.redact(&clip(&answered(&reply, value.as_ref()))),
            curl: self.redact(&self.command(outgoing)),
        };
        let success = reply.status().is_success();
        Some((value.filter(|_| success), shown))
    }

    /// From now on only the beginning of it is shown.
    pub(crate) fn hide(&mut self, secret: &str) {
        if secret.len() >= 16 && !self.secrets.iter().any(|known| known == secret) {
            self.secrets.push(secret.to_owned());
        }
    }

    /// The text with each secret cut to its first six characters.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| {
            let start: String = secret.chars().take(6).collect();
            text.replace(secret.as_str(), &format!("{start}…"))
        })
    }

    fn described(&self, outgoing: &Outgoing) -> String {
        let mut text = format!("{} {}{}", outgoing.method, self.base, outgoing.path);
        for (name, value) in &outgoing.headers {
            text.push_str(&format!("\n{name}: {value}"));
        }
        if let Some(media_type) = outgoing.body.media_type() {
            text.push_str(&format!("\n{CONTENT_TYPE}: {media_type}\n"));
        }
        match &outgoing.body {
            Body::None => {}
            Body::Form(fields) => {
                for (name, value) in fields {
                    text.push_str(&format!("\n{name}={value}"));
                }
            }
            Body::Text(_, body) => text.push_str(&format!("\n{body}")),
        }
        text
    }

    fn command(&self, outgoing: &Outgoing) -> String {
        let mut text = "curl".to_owned();
        let implied = match outgoing.body {
            Body::None => Method::GET,
            _ => Method::POST,
        };
        if outgoing.method != implied {
            text.push_str(&format!(" -X {}", outgoing.method));
        }
        text.push_str(&format!(
            " {}",
            quoted(&format!("{}{}", self.base, outgoing.path))
        ));
        for (name, value) in &outgoing.headers {
            text.push_str(&format!(
                " \\\n  -H {}",
                quoted(&format!("{name}: {value}"))
            ));
        }
        match &outgoing.body {
            Body::None => {}
            Body::Form(fields) => {
                for (name, value) in fields {
                    let pair = quoted(&format!("{name}={value}"));
                    text.push_str(&format!(" \\\n  --data-urlencode {pair}"));
                }
            }
            Body::Text(media_type, body) => {
                let header = quoted(&format!("content-type: {media_type}"));
                text.push_str(&format!(" \\\n  -H {header} \\\n  --data {}", quoted(body)));
            }
        }
        text
    }
}

impl Body {
    const fn media_type(&self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Form(_) => Some("application/x-www-form-urlencoded"),
            Self::Text(media_type, _) => Some(media_type),
        }
    }
}

fn answered(reply: &Reply, value: Option<&Value>) -> String {
    let mut text = reply.status().to_string();
    for name in ["location", "www-authenticate", "retry-after", "etag"] {
        if let Some(value) = reply
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
        {
            text.push_str(&format!("\n{name}: {value}"));
        }
    }
    if let Some(value) = value {
        let body = serde_json::to_string_pretty(value).unwrap_or_default();
        text.push_str(&format!("\n\n{body}"));
    }
    text
}

/// The beginning of a long text.
fn clip(text: &str) -> String {
    let mut lines: Vec<_> = text.lines().take(LINES).collect();
    if text.lines().count() > LINES {
        lines.push("…");
    }
    lines.join("\n")
}

/// For a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

const PEER: HeaderName = HeaderName::from_static("spin-client-addr");
const SECRET_FIELDS: [&str; 4] = ["code", "code_verifier", "refresh_token", "token"];
/// Lines of an answer that are shown.
const LINES: usize = 60;
