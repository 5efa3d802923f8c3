//! A browser as far as HTTP goes: cookies, and redirects that are followed only by hand.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::Duration;

use http::{HeaderMap, Method, Request, StatusCode};
use serde_json::Value;

use crate::{Raw, Stack};

/// Keeps cookies; never follows a redirect on its own.
#[derive(Clone)]
pub struct Browser {
    agent: ureq::Agent,
    base: String,
    cookies: BTreeMap<String, String>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body as it travelled.
    pub body: Vec<u8>,
}

impl Browser {
    /// A browser without cookies.
    pub fn new(base: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .allow_non_standard_methods(true)
            .accept_encoding("identity")
            .build()
            .new_agent();
        Self {
            agent,
            base: base.to_owned(),
            cookies: BTreeMap::new(),
        }
    }

    /// Whether it keeps a cookie of this name.
    pub fn has_cookie(&self, name: &str) -> bool {
        self.cookies.contains_key(name)
    }

    /// GET.
    pub fn get(&mut self, url: &str) -> Answer {
        self.send(Method::GET, url, &[], Vec::new())
    }

    /// GET with headers.
    pub fn get_with(&mut self, url: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, url, headers, Vec::new())
    }

    /// GET with a bearer token.
    pub fn get_as(&mut self, token: &str, url: &str) -> Answer {
        self.send(
            Method::GET,
            url,
            &[("authorization", &format!("Bearer {token}"))],
            Vec::new(),
        )
    }

    /// POST of a form.
    pub fn post(&mut self, url: &str, form: &[(&str, &str)]) -> Answer {
        self.post_with(url, &[], form)
    }

    /// POST of a form with headers.
    pub fn post_with(
        &mut self,
        url: &str,
        headers: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        self.send(Method::POST, url, &all, body.into_bytes())
    }

    /// A request as it stands, with the cookies of this browser.
    pub fn send_raw(&mut self, stack: &Stack, request: Raw) -> Answer {
        let request = match self.cookie_header() {
            Some(cookies) => request.header("Cookie", &cookies),
            None => request,
        };
        let answer = request.send(stack);
        self.keep_cookies(&answer);
        answer
    }

    /// Any request. `url` is absolute or begins with a slash.
    pub fn send(
        &mut self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let url = if url.starts_with('/') {
            format!("{}{url}", self.base)
        } else {
            url.to_owned()
        };
        let mut request = Request::builder().method(method).uri(&url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookies) = self.cookie_header() {
            request = request.header("cookie", cookies);
        }
        let (asked, sent) = (request.method_ref().cloned(), body.clone());
        let request = request.body(body).expect("a request");
        let mut response = self
            .agent
            .run(request)
            .unwrap_or_else(|error| panic!("{url}: {error}"));
        let body = response
            .body_mut()
            .with_config()
            .limit(64 * 1024 * 1024)
            .read_to_vec()
            .expect("a whole body");
        let answer = Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body,
        };
        crate::witness::note(&self.base, &asked.unwrap_or_default(), &url, &sent, &answer);
        self.keep_cookies(&answer);
        answer
    }

    fn cookie_header(&self) -> Option<String> {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        (!cookies.is_empty()).then(|| cookies.join("; "))
    }

    fn keep_cookies(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().expect("a cookie");
            let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
            let (name, value) = pair.split_once('=').expect("a cookie");
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

impl Answer {
    /// The body, decompressed where it was compressed.
    pub fn plain(&self) -> Vec<u8> {
        if self.header("content-encoding") != "gzip" {
            return self.body.clone();
        }
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&self.body[..])
            .read_to_end(&mut plain)
            .expect("gzip");
        plain
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.plain()).expect("UTF-8")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text())
            .unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }

    /// A text at the top of a JSON body, such as `error` or `code`.
    #[track_caller]
    pub fn field(&self, name: &str) -> String {
        let body = self.json();
        body[name]
            .as_str()
            .unwrap_or_else(|| panic!("no text {name} in {body}"))
            .to_owned()
    }

    /// A header, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("text"))
    }

    /// A parameter of the address that it redirects to.
    pub fn redirected(&self, name: &str) -> Option<String> {
        let (_, query) = self.header("location").split_once('?')?;
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The value of a hidden field of a page.
    #[track_caller]
    pub fn hidden(&self, name: &str) -> String {
        let text = self.text();
        let (_, after) = text
            .split_once(&format!("name=\"{name}\" value=\""))
            .unwrap_or_else(|| panic!("no field {name} in {text}"));
        let (value, _) = after.split_once('"').expect("a value");
        value
            .replace("&quot;", "\"")
            .replace("&amp;", "&")
            .replace("&#38;", "&")
    }

    /// The first link whose address contains `part`.
    pub fn link_containing(&self, part: &str) -> String {
        self.text()
            .split("href=\"")
            .skip(1)
            .filter_map(|after| after.split('"').next())
            .find(|link| link.contains(part))
            .unwrap_or_else(|| panic!("no link with {part} in {}", self.text()))
            .replace("&amp;", "&")
            .replace("&#38;", "&")
    }

    /// The code of a page that tells what went wrong.
    #[track_caller]
    pub fn page_code(&self) -> String {
        let text = self.text();
        let (_, after) = text
            .split_once("name=\"error-code\" content=\"")
            .unwrap_or_else(|| panic!("no error-code in {text}"));
        after.split('"').next().unwrap_or_default().to_owned()
    }

    /// Fails with the whole answer where the status is another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status.as_u16(),
            status,
            "{} {}",
            self.header("location"),
            String::from_utf8_lossy(&self.body)
        );
        self
    }
}
