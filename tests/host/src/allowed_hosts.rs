//! Which origins a component may call: `allowed_outbound_hosts`, matched as Spin matches it.
//!
//! An entry is `scheme://host[:port]`, each part may be `*`. Hosts are compared as written: `127.0.0.1`
//! does not cover `localhost`, an IP network (`10.0.0.0/8`) covers literal addresses only. Without a
//! port the scheme's own is meant. `self` stands for requests without a host.

use anyhow::{Context as _, Result, bail, ensure};
use http::Uri;
use ip_network::IpNetwork;
use url::Host;

use crate::variables::{Template, Variables};

/// The domain under which components reach each other in-process.
const INTERNAL_SUFFIX: &str = ".spin.internal";

/// The entries of one component, variables filled in.
#[derive(Debug, Default, Clone)]
pub struct AllowedHosts(Vec<Entry>);

impl AllowedHosts {
    /// Parses `entries` with the final values of the variables. `components` are the ids that
    /// `*.spin.internal` stands for.
    pub fn resolve(entries: &[String], variables: &Variables, components: &[&str]) -> Result<Self> {
        let mut hosts = Vec::new();
        for entry in entries {
            let Some(parsed) = parse_template(entry, variables)? else {
                continue;
            };
            if matches!(&parsed.host, HostRule::Below(suffix) if suffix == INTERNAL_SUFFIX) {
                hosts.extend(components.iter().map(|id| Entry {
                    host: HostRule::Literal(Host::Domain(format!("{id}{INTERNAL_SUFFIX}"))),
                    ..parsed.clone()
                }));
            } else {
                hosts.push(parsed);
            }
        }
        Ok(Self(hosts))
    }

    /// Whether a request to `uri` (absolute) is allowed.
    pub fn allows(&self, uri: &Uri) -> bool {
        // The same parser reads both sides, so that other spellings of a host cannot slip by.
        let Ok(url) = url::Url::parse(&uri.to_string()) else {
            return false;
        };
        let Some(host) = url.host() else {
            return false;
        };
        self.0
            .iter()
            .any(|e| e.allows(url.scheme(), &host.to_owned(), url.port()))
    }

    /// Whether requests that name no host (meaning this application) are allowed.
    pub fn allows_self(&self) -> bool {
        self.0.iter().any(|entry| {
            matches!(entry.host, HostRule::Any | HostRule::ToSelf)
                && (entry.scheme.allows("http") || entry.scheme.allows("https"))
        })
    }
}

/// The component that a host such as `id.spin.internal` names.
pub fn internal_component(host: &str) -> Option<&str> {
    let (id, domain) = host.trim().split_once('.')?;
    (domain == "spin.internal").then_some(id)
}

/// Checks `entries` as far as default values allow it, as Spin does on loading a manifest.
pub fn check_defaults(entries: &[String], defaults: &Variables) -> Result<()> {
    for entry in entries {
        parse_template(entry, defaults)?;
    }
    Ok(())
}

#[derive(Debug, Clone)]
struct Entry {
    scheme: SchemeRule,
    host: HostRule,
    port: PortRule,
}

#[derive(Debug, Clone)]
enum SchemeRule {
    Any,
    Only(String),
}

#[derive(Debug, Clone)]
enum HostRule {
    Any,
    /// `*.domain`, kept as `.domain`.
    Below(String),
    ToSelf,
    Literal(Host),
    Network(IpNetwork),
}

#[derive(Debug, Clone)]
enum PortRule {
    Any,
    One(u16),
    /// From the first up to, not including, the last.
    Range(u16, u16),
}

/// `None` for an entry that stays away: a variable in it is empty, which means "not used",
/// or has no value yet.
fn parse_template(entry: &str, variables: &Variables) -> Result<Option<Entry>> {
    let template = Template::parse(entry)?;
    if template.is_literal() {
        return parse_entry(entry).map(Some);
    }
    template.check_names(variables)?;
    match template.render(variables).as_deref() {
        None | Some("" | "http://" | "https://") => Ok(None),
        Some(text) => parse_entry(text)
            .with_context(|| format!("template {entry:?}"))
            .map(Some),
    }
}

fn parse_entry(text: &str) -> Result<Entry> {
    let text = text.trim();
    ensure!(
        text != "insecure:allow-all",
        "'insecure:allow-all' is not allowed; '*://*:*' would allow everything"
    );
    let Some((scheme, rest)) = text.split_once("://") else {
        ensure!(
            !matches!(text, "" | "*" | ":" | "?"),
            "{text:?} is not an allowed outbound host: it must be <scheme>://<host>[:<port>]"
        );
        bail!("{text:?} does not contain a scheme (as in 'http://' or '*://')");
    };
    let (host, port) = split_port(rest);
    let port = match port.split_once('/') {
        Some((port, "")) => port,
        Some(_) => bail!("{text:?} has a path, but must not include a path"),
        None => port,
    };
    Ok(Entry {
        port: parse_port(port, scheme).with_context(|| format!("{text:?}: port"))?,
        scheme: parse_scheme(scheme).with_context(|| format!("{text:?}: scheme"))?,
        host: parse_host(host).with_context(|| format!("{text:?}: host"))?,
    })
}

/// Splits at the last colon, unless that belongs to an IPv6 address.
fn split_port(rest: &str) -> (&str, &str) {
    match rest.rsplit_once(':') {
        None => (rest, ""),
        Some((host, "")) => (host, ""),
        Some(_) if parse_host(rest).is_ok() => (rest, ""),
        Some(split) => split,
    }
}

fn parse_scheme(scheme: &str) -> Result<SchemeRule> {
    if scheme == "*" {
        return Ok(SchemeRule::Any);
    }
    ensure!(
        scheme.chars().all(char::is_alphabetic),
        "only alphabetic characters are allowed"
    );
    Ok(SchemeRule::Only(scheme.to_owned()))
}

fn parse_host(host: &str) -> Result<HostRule> {
    let host = host.trim();
    match host {
        "*" => return Ok(HostRule::Any),
        "self" | "self.alt" => return Ok(HostRule::ToSelf),
        _ => {}
    }
    ensure!(!host.starts_with('{'), "lists of hosts are not supported");
    if let Ok(network) = IpNetwork::from_str_truncate(host) {
        return Ok(HostRule::Network(network));
    }
    let host = host.strip_suffix('/').unwrap_or(host);
    ensure!(!host.contains('/'), "must not include a path");
    if let Some(domain) = host.strip_prefix("*.") {
        ensure!(!domain.contains('*'), "a wildcard may only stand first");
        let Host::Domain(domain) = Host::parse(domain)? else {
            bail!("a wildcard must stand before a domain");
        };
        return Ok(HostRule::Below(format!(".{domain}")));
    }
    ensure!(
        !host.contains('*'),
        "a wildcard may only stand for a whole subdomain"
    );
    Ok(HostRule::Literal(Host::parse(host)?))
}

fn parse_port(port: &str, scheme: &str) -> Result<PortRule> {
    match port {
        "" => match well_known_port(scheme) {
            Some(port) => Ok(PortRule::One(port)),
            None => bail!("no port is given and the scheme {scheme:?} has no known one"),
        },
        "*" => Ok(PortRule::Any),
        _ => match port.split_once("..") {
            Some((first, end)) => Ok(PortRule::Range(number(first)?, number(end)?)),
            None => number(port).map(PortRule::One),
        },
    }
}

fn number(port: &str) -> Result<u16> {
    port.parse()
        .with_context(|| format!("{port:?} is not a port number"))
}

fn well_known_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        "postgres" => Some(5432),
        "mysql" => Some(3306),
        "redis" => Some(6379),
        "mqtt" => Some(1883),
        _ => None,
    }
}

impl Entry {
    fn allows(&self, scheme: &str, host: &Host, port: Option<u16>) -> bool {
        self.scheme.allows(scheme)
            && self.host.allows(host)
            && self.port.allows(port.or_else(|| well_known_port(scheme)))
    }
}

impl SchemeRule {
    fn allows(&self, scheme: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(only) => only == scheme,
        }
    }
}

impl HostRule {
    fn allows(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Below(suffix), Host::Domain(domain)) => domain.ends_with(suffix.as_str()),
            (Self::Literal(literal), host) => literal == host,
            (Self::Network(network), Host::Ipv4(ip)) => network.contains(*ip),
            (Self::Network(network), Host::Ipv6(ip)) => network.contains(*ip),
            (Self::Below(_) | Self::Network(_) | Self::ToSelf, _) => false,
        }
    }
}

impl PortRule {
    fn allows(&self, port: Option<u16>) -> bool {
        match (self, port) {
            (Self::Any, _) => true,
            (Self::One(only), Some(port)) => *only == port,
            (Self::Range(first, end), Some(port)) => (*first..*end).contains(&port),
            (_, None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(entries: &[&str], uri: &str) -> bool {
        let entries: Vec<String> = entries.iter().map(|e| (*e).to_owned()).collect();
        AllowedHosts::resolve(&entries, &Variables::default(), &["web"])
            .expect("entries")
            .allows(&uri.parse().expect("uri"))
    }

    #[test]
    fn scheme_host_and_port_must_all_match() {
        let entry = &["http://127.0.0.1:3000"];
        assert!(allows(entry, "http://127.0.0.1:3000/path?query"));
        assert!(!allows(entry, "http://localhost:3000/"));
        assert!(!allows(entry, "http://127.0.0.1:3001/"));
        assert!(!allows(entry, "http://127.0.0.1/"));
        assert!(!allows(entry, "https://127.0.0.1:3000/"));
        assert!(!allows(&[], "http://127.0.0.1:3000/"));
    }

    #[test]
    fn a_missing_port_is_the_schemes_own() {
        assert!(allows(&["https://example.org"], "https://example.org/"));
        assert!(allows(&["https://example.org"], "https://example.org:443/"));
        assert!(!allows(
            &["https://example.org"],
            "https://example.org:8443/"
        ));
        assert!(!allows(&["https://example.org"], "http://example.org/"));
    }

    #[test]
    fn wildcards_stand_for_whole_parts() {
        assert!(allows(&["*://*:*"], "http://anything:1/"));
        assert!(allows(&["http://*.example.org"], "http://a.b.example.org/"));
        assert!(!allows(&["http://*.example.org"], "http://example.org/"));
        assert!(!allows(&["http://*.example.org"], "http://badexample.org/"));
        assert!(allows(&["http://10.0.0.0/8"], "http://10.1.2.3/"));
        assert!(allows(&["http://h:8000..8002"], "http://h:8001/"));
        assert!(!allows(&["http://h:8000..8002"], "http://h:8002/"));
    }

    #[test]
    fn user_information_does_not_disguise_the_host() {
        assert!(!allows(&["http://good"], "http://good@bad/"));
        assert!(!allows(&["http://good"], "http://good:80@bad/"));
    }

    #[test]
    fn internal_names_are_known_and_expanded() {
        assert_eq!(internal_component("web.spin.internal"), Some("web"));
        assert_eq!(internal_component("a.web.spin.internal"), None);
        assert_eq!(internal_component("spin.internal"), None);
        assert!(allows(
            &["http://*.spin.internal"],
            "http://web.spin.internal/x"
        ));
        assert!(!allows(
            &["http://*.spin.internal"],
            "http://other.spin.internal/x"
        ));
        assert!(!allows(&["http://127.0.0.1"], "http://web.spin.internal/x"));
    }

    #[test]
    fn bad_entries_are_refused() {
        for bad in [
            "",
            "*",
            "example.org",
            "http://",
            "http://a/b",
            "http://a:80/b",
            "ht-tp://a",
            "http://a.*",
            "ftp://a",
            "insecure:allow-all",
        ] {
            assert!(parse_entry(bad).is_err(), "{bad:?} was accepted");
        }
        for good in [
            "http://a/",
            "http://a:80/",
            "http://[::1]:80",
            "http://self",
            "*://a:80",
        ] {
            assert!(parse_entry(good).is_ok(), "{good:?} was refused");
        }
    }
}
