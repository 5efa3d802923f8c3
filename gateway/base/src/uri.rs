//! URIs of applications: held against the text of RFC 3986, and not against what a browser makes of a text that it
//! has to repair first.
//!
//! People and operators read the text, browsers follow what they make of it. So the two readings must agree: the text
//! is a URI as RFC 3986 writes it, and browsers find the same host, port and path in it.

use fluent_uri::Uri;
use fluent_uri::component::Host;
use url::Url;

/// A URI whose text says where it leads.
#[derive(Debug)]
pub struct PlainUri<'a> {
    text: Uri<&'a str>,
    url: Url,
}

impl<'a> PlainUri<'a> {
    /// Reads the text of an absolute URI.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words that follow its name.
    pub fn parse(text: &'a str) -> Result<Self, &'static str> {
        if text.len() > 2000 {
            return Err("must have at most 2000 characters");
        }
        let uri = Uri::parse(text).map_err(|_| {
            "must be an absolute URI as RFC 3986 writes it: ASCII, with everything else percent-encoded"
        })?;
        let url = Url::parse(text).map_err(|_| "must be an address that browsers can read")?;
        if let Some(authority) = uri.authority() {
            if authority.has_userinfo() {
                return Err("must not have a user or password");
            }
            let port = authority.port().map(|port| port.as_str());
            if port.is_some_and(|text| parse_port(text).is_none()) {
                return Err("must have a port from 1 to 65535, without leading zeros, or none");
            }
            if authority.host().ends_with('.') {
                return Err("must not have a host that ends in a dot");
            }
        }
        let plain = Self { text: uri, url };
        if plain.is_web() && !plain.has_plain_host() {
            return Err("must have //, and behind it a host name or address written in full");
        }
        if !plain.has_plain_path() {
            return Err("must not have . or .. as a part of its path");
        }
        Ok(plain)
    }

    /// An `http` or `https` address.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse_web(text: &'a str) -> Result<Self, &'static str> {
        let uri = Self::parse(text)?;
        if uri.is_web() {
            Ok(uri)
        } else {
            Err("must be an http or https address")
        }
    }

    /// The scheme, in lower case.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.url.scheme()
    }

    /// Whether it has a fragment, even an empty one.
    #[must_use]
    pub fn has_fragment(&self) -> bool {
        self.text.has_fragment()
    }

    /// The names in its query, decoded.
    pub fn query_names(&self) -> impl Iterator<Item = String> + '_ {
        let query = self.text.query().map_or("", |query| query.as_str());
        form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.into_owned())
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Where it leads, in a word for people: the host; of a scheme that only an application on the device takes, the
    /// scheme.
    #[must_use]
    pub fn leads(&self) -> String {
        match self.url.host_str() {
            Some(host) if self.is_web() => host.to_owned(),
            _ => format!("{}:", self.url.scheme()),
        }
    }

    /// Whether it stays on the machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }

    /// Whether it leads to the server at `base`; on one machine, under any of its names.
    #[must_use]
    pub fn leads_to(&self, base: &str) -> bool {
        let Ok(base) = Url::parse(base) else {
            return false;
        };
        self.url.origin() == base.origin()
            || (self.is_loopback()
                && is_loopback(&base)
                && self.url.port_or_known_default() == base.port_or_known_default())
    }

    fn is_web(&self) -> bool {
        matches!(self.scheme(), "http" | "https")
    }

    /// The host as the text says it is the one that browsers go to: they read `127.1` and `0x7f.1` as addresses,
    /// decode `%2e`, and take the first part of the path for the host where there is none.
    fn has_plain_host(&self) -> bool {
        let Some(authority) = self.text.authority() else {
            return false;
        };
        match (authority.host_parsed(), self.url.host()) {
            (Host::Ipv4(text), Some(url::Host::Ipv4(read))) => text == read,
            (Host::Ipv6(text), Some(url::Host::Ipv6(read))) => text == read,
            (Host::RegName(text), Some(url::Host::Domain(read))) => {
                is_name(text.as_str()) && text.as_str().eq_ignore_ascii_case(read)
            }
            _ => false,
        }
    }

    /// Browsers take `.` and `..` out of a path, encoded ones too.
    fn has_plain_path(&self) -> bool {
        let path = self.text.path().as_str();
        let read = self.url.path();
        path == read || (path.is_empty() && read == "/")
    }
}

/// A port from 1 to 65535 as it is usually written.
#[must_use]
pub fn parse_port(text: &str) -> Option<u16> {
    let usual = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| usual)
}

/// Whether an address stays on the machine.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        // RFC 6761, section 6.3: the names under it too.
        Some(url::Host::Domain(domain)) => domain == "localhost" || domain.ends_with(".localhost"),
        None => false,
    }
}

/// A host name: labels of letters, digits, hyphens and underscores (RFC 1123, section 2.1, and what networks use).
fn is_name(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    host.len() <= 253 && host.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_text_says_is_accepted() {
        for good in [
            "https://a.example",
            "https://a.example/",
            "HTTPS://A.Example/cb",
            "https://a.example:8443/cb/%C3%A9?tenant=1&q='x'#part",
            "https://a.example:443/",
            "https://a_b.example/a/.well-known/x",
            "http://127.0.0.1:3001/cb",
            "http://[::1]:3001/cb",
            "http://[0:0:0:0:0:0:0:1]/cb",
            "https://xn--bcher-kva.example/cb",
            "https://a.example//cb",
            "gov.cms.bluebutton.oauthtester:/callback",
            "com.example.app://done",
            "com.example.app:done",
        ] {
            assert_eq!(PlainUri::parse(good).map(drop), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_only_a_lenient_parser_reads_is_refused() {
        for bad in [
            "https:/a.example/cb",
            "https:a.example/cb",
            "https:///a.example/cb",
            "https://",
            "https:",
            r"https:\\a.example\cb",
            r"https://a.example\@b.example/cb",
            r"https://a.example/c\b",
            "https://a.example/<cb>",
            "https://a.example/\"cb",
            "https://a.example/{cb}",
            "https://a.example/c^b",
            "https://a.example/c|b?x=`y`",
            "https://a.example/%zz",
            "https://a.example/%4",
            "https://a.example/cb?x=%",
            "https://a.example/c b",
            " https://a.example/cb",
            "https://a.example/cb ",
            "https://a.exa\tmple/cb",
            "ht\ntps://a.example/cb",
            "https://a.example/\u{7f}",
            "https://a.example/caf\u{e9}",
            "https://b\u{fc}cher.example/",
            "https://a.example/\u{200b}cb",
            "//a.example/cb",
            "/cb",
            "",
            "https://a.example/x/../cb",
            "https://a.example/./cb",
            "https://a.example/x/%2E%2e/cb",
            "com.example.app:/x/../cb",
        ] {
            assert!(PlainUri::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn hosts_and_ports_that_browsers_read_otherwise_are_refused() {
        for bad in [
            "https://user@a.example/",
            "https://:@a.example/",
            "https://@a.example/",
            "com.example.app://user@done",
            "https://a.example:0/",
            "https://a.example:00443/",
            "https://a.example:/",
            "https://a.example:65536/",
            "com.example.app://done:0",
            "https://a.example./cb",
            "https://127.0.0.1./cb",
            "https://127.1/cb",
            "https://2130706433/cb",
            "https://0x7f.0.0.1/cb",
            "https://127.0.0.01/cb",
            "https://a%2eexample/cb",
            "https://a..example/cb",
            "https://a!b.example/cb",
            "https://[v1.x]/cb",
            "https://[::1/cb",
            "https://256.1.1.1/cb",
        ] {
            assert!(PlainUri::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_server_is_known_by_each_of_its_names_on_one_machine() {
        let leads = |uri: &str, base: &str| PlainUri::parse(uri).unwrap().leads_to(base);
        assert!(leads("https://GW.example/x", "https://gw.example"));
        assert!(leads("https://gw.example:443/", "https://gw.example"));
        assert!(leads("http://localhost:3000/", "http://127.0.0.1:3000"));
        assert!(leads("http://[::1]:3000/", "http://127.0.0.1:3000"));
        assert!(!leads("http://127.0.0.1:3001/", "http://127.0.0.1:3000"));
        assert!(!leads("http://gw.example/", "https://gw.example"));
        assert!(!leads("com.example.app:/x", "https://gw.example"));
    }
}
