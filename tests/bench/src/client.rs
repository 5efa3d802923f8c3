//! One HTTP/1.1 connection by hand, so that many requests can stand ready and leave at the same instant.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

/// A connection that stays open from request to request.
pub(crate) struct Connection(BufReader<TcpStream>);

/// A whole answer, and when it came.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// `X-Request-ID`, by which the audit knows the request.
    pub(crate) request_id: String,
    /// All headers, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// When the last byte of the request was on its way.
    pub(crate) sent_at: Instant,
    pub(crate) answered_at: Instant,
}

impl Connection {
    /// Connects to `http://host:port`.
    pub(crate) fn open(base: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address(base))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends one whole request and reads its answer.
    pub(crate) fn send(&mut self, request: &[u8]) -> io::Result<Reply> {
        self.0.get_mut().write_all(request)?;
        let sent_at = Instant::now();
        let status_line = self.line()?;
        let status = status_line
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| broken("no status"))?;
        let mut request_id = String::new();
        let mut headers = Vec::new();
        // These have no body, whatever length they name (RFC 9110, sections 9.3.2 and 15).
        let bodiless = request.starts_with(b"HEAD ") || matches!(status, 204 | 304);
        let mut length = bodiless.then_some(0);
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            let name = name.to_ascii_lowercase();
            match name.as_str() {
                "content-length" if !bodiless => length = value.trim().parse().ok(),
                "x-request-id" => value.trim().clone_into(&mut request_id),
                _ => {}
            }
            headers.push((name, value.trim().to_owned()));
        }
        // The gateway gives each answer its length; one without is cut short.
        let mut body = vec![0; length.ok_or_else(|| broken("no length"))?];
        self.0.read_exact(&mut body)?;
        Ok(Reply {
            status,
            request_id,
            headers,
            body,
            sent_at,
            answered_at: Instant::now(),
        })
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.0.read_line(&mut line)? == 0 {
            return Err(broken("closed"));
        }
        Ok(line.trim_end().to_owned())
    }
}

impl Reply {
    /// A text of the JSON body, or an empty one.
    pub(crate) fn text(&self, name: &str) -> String {
        serde_json::from_slice::<Value>(&self.body)
            .ok()
            .and_then(|body| body[name].as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// A header, or an empty text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }

    /// A number of the JSON body, or -1.
    pub(crate) fn number(&self, name: &str) -> i64 {
        serde_json::from_slice::<Value>(&self.body)
            .ok()
            .and_then(|body| body[name].as_i64())
            .unwrap_or(-1)
    }

    /// Whether it is 400 `invalid_grant`.
    pub(crate) fn is_invalid_grant(&self) -> bool {
        self.status == 400 && self.text("error") == "invalid_grant"
    }

    /// Status and error, for messages. Never a token.
    pub(crate) fn short(&self) -> String {
        format!("{} {}", self.status, self.text("error"))
    }
}

/// The bytes of a POST of a form.
pub(crate) fn post(base: &str, path: &str, form: &[(&str, String)]) -> Vec<u8> {
    post_with(base, path, form, "")
}

/// The same with a bearer token.
pub(crate) fn post_as(base: &str, path: &str, token: &str, form: &[(&str, String)]) -> Vec<u8> {
    post_with(
        base,
        path,
        form,
        &format!("Authorization: Bearer {token}\r\n"),
    )
}

/// The same with further headers, each ended by a line break.
pub(crate) fn post_with(base: &str, path: &str, form: &[(&str, String)], headers: &str) -> Vec<u8> {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        address(base),
        body.len()
    )
    .into_bytes()
}

/// The bytes of a GET with a bearer token.
pub(crate) fn get_as(base: &str, path: &str, token: &str) -> Vec<u8> {
    bare(
        "GET",
        base,
        path,
        &[("Authorization", &format!("Bearer {token}"))],
    )
}

/// The bytes of a request without a body.
pub(crate) fn bare(method: &str, base: &str, path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", address(base));
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    request.into_bytes()
}

fn address(base: &str) -> &str {
    base.trim_start_matches("http://")
}

fn broken(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
