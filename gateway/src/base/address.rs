//! Whose address a request comes from, in the one form in which addresses are counted.
//!
//! An IPv4 address counts whole. Of IPv6 the first 64 bits do: whoever has one address of such a network has all of
//! them (RFC 4291, section 2.5.1). What stands for an IPv4 address is that address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::{HeaderMap, HeaderName};

use crate::base::key::Key;
use crate::base::secret::keyed_hash;

/// An address as it is counted.
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Address {
    /// The host does not say, or not an address.
    Unknown,
    /// IPv4.
    V4(Ipv4Addr),
    /// The first 64 bits of IPv6.
    V6([u8; 8]),
}

impl Address {
    /// The bytes that tell it from all others.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Unknown => Vec::new(),
            Self::V4(address) => address.octets().to_vec(),
            Self::V6(network) => network.to_vec(),
        }
    }

    /// What the store keeps of it.
    #[must_use]
    pub fn keyed(&self, key: &Key) -> Vec<u8> {
        keyed_hash(key, "address", &[&self.bytes()])[..16].to_vec()
    }
}

impl From<IpAddr> for Address {
    fn from(address: IpAddr) -> Self {
        match canonical(address) {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let mut network = [0; 8];
                network.copy_from_slice(&address.octets()[..8]);
                Self::V6(network)
            }
        }
    }
}

/// The one form of an address: `::ffff:a.b.c.d` (RFC 4291, section 2.5.5.2) and `64:ff9b::a.b.c.d` (RFC 6052) are
/// the IPv4 address that they stand for.
#[must_use]
pub fn canonical(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if address.octets()[..12] == NAT64 => {
            let mut last = [0; 4];
            last.copy_from_slice(&address.octets()[12..]);
            IpAddr::V4(last.into())
        }
        canonical => canonical,
    }
}

/// The header in which trusted proxies say whom they spoke to.
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ForwardedHeader {
    /// `Forwarded` (RFC 7239).
    Forwarded,
    /// `X-Forwarded-For`.
    XForwardedFor,
}

/// The client's address: the direct peer, or what trusted proxies say. `trusted` is in the canonical form.
///
/// Each proxy appends whom it spoke to: from the right, the first that is not trusted is the client. What stands
/// further left was written by the client, and a name that is no address (`unknown`, `_hidden`) leaves the proxy's.
#[must_use]
pub fn of_client(headers: &HeaderMap, header: ForwardedHeader, trusted: &[IpAddr]) -> Address {
    let Some(mut address) = peer(headers) else {
        return Address::Unknown;
    };
    let hops = match header {
        ForwardedHeader::Forwarded => forwarded(headers),
        ForwardedHeader::XForwardedFor => x_forwarded_for(headers),
    };
    for hop in hops.into_iter().rev() {
        if !trusted.contains(&address) {
            break;
        }
        let Some(hop) = hop else {
            break;
        };
        address = hop;
    }
    address.into()
}

/// The direct peer as the host names it. Spin appends its header to whatever the client sent, so only the last one
/// is believed.
fn peer(headers: &HeaderMap) -> Option<IpAddr> {
    let peers = headers.get_all(HeaderName::from_static("spin-client-addr"));
    node(peers.iter().next_back()?.to_str().ok()?)
}

fn x_forwarded_for(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    fields(headers, "x-forwarded-for")
        .flat_map(|value| value.split(','))
        .map(node)
        .collect()
}

/// The `for` of each element (RFC 7239, section 4).
fn forwarded(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    fields(headers, "forwarded")
        .flat_map(|value| split(value, ','))
        .map(|element| {
            split(element, ';').into_iter().find_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                let is_for = name.trim().eq_ignore_ascii_case("for");
                is_for.then(|| node(value)).flatten()
            })
        })
        .collect()
}

/// Values of a header; one that is no text is a hop that cannot be read.
fn fields<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).iter();
    values.map(|value| value.to_str().unwrap_or_default())
}

/// Splits where `separator` stands outside of quotes (RFC 9110, section 5.6.4).
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(|character| {
        let separates = character == separator && !quoted;
        if escaped {
            escaped = false;
        } else if character == '\\' && quoted {
            escaped = true;
        } else if character == '"' {
            quoted = !quoted;
        }
        separates
    })
    .collect()
}

/// An address with or without a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`,
/// `[2001:db8::1]:80`, quoted or not, the port also a made-up one (RFC 7239, section 6).
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let text = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text);
    let found = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((address, port)) if port.is_empty() || port.starts_with(':') => v6(address),
        Some(_) => None,
        None => match text.parse::<SocketAddr>() {
            Ok(address) => Some(address.ip()),
            Err(_) => v6(text).or_else(|| {
                let address = text.split_once(':').map_or(text, |(address, _)| address);
                address.parse::<Ipv4Addr>().ok().map(IpAddr::V4)
            }),
        },
    };
    found.map(canonical)
}

/// IPv6 without brackets; a zone (RFC 4007) is of the proxy's machine and tells no clients apart.
fn v6(text: &str) -> Option<IpAddr> {
    let address = text.split_once('%').map_or(text, |(address, _)| address);
    address.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

/// `64:ff9b::/96`.
const NAT64: [u8; 12] = [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(peer: &str, fields: &[(&'static str, &str)]) -> Address {
        of(ForwardedHeader::XForwardedFor, peer, fields)
    }

    fn of(header: ForwardedHeader, peer: &str, fields: &[(&'static str, &str)]) -> Address {
        let mut headers = HeaderMap::new();
        headers.append("spin-client-addr", peer.parse().unwrap());
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        let trusted = ["192.0.2.9", "2001:db8:ffff::9"].map(|text| text.parse().unwrap());
        of_client(&headers, header, &trusted)
    }

    fn v4(text: &str) -> Address {
        Address::V4(text.parse().unwrap())
    }

    #[test]
    fn all_spellings_of_an_address_are_one() {
        for spelling in [
            "198.51.100.7",
            "198.51.100.7:5000",
            "::ffff:198.51.100.7",
            "[::ffff:198.51.100.7]:5000",
            "[::ffff:c633:6407]",
            "64:ff9b::198.51.100.7",
            "::FFFF:C633:6407",
        ] {
            assert_eq!(counted(spelling, &[]), v4("198.51.100.7"), "{spelling}");
            let hop = [("x-forwarded-for", spelling)];
            assert_eq!(
                counted("192.0.2.9:1", &hop),
                v4("198.51.100.7"),
                "{spelling}"
            );
        }
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_and_of_two_are_two() {
        let one = counted("[2001:db8:1:2::1]:443", &[]);
        for same in [
            "2001:db8:1:2::1",
            "[2001:db8:1:2:ffff:ffff:ffff:ffff]:1",
            "2001:0DB8:0001:0002:0:0:0:9",
            "2001:db8:1:2::1%eth0",
        ] {
            assert_eq!(counted(same, &[]), one, "{same}");
        }
        assert_ne!(counted("2001:db8:1:3::1", &[]), one);
        assert_ne!(counted("2001:db9:1:2::1", &[]), one);
    }

    #[test]
    fn each_form_of_a_hop_is_read() {
        for (hop, address) in [
            ("203.0.113.1", Some("203.0.113.1")),
            (" 203.0.113.1:8080 ", Some("203.0.113.1")),
            ("[2001:db8::1]:80", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("\"[2001:db8::1]:_obf\"", Some("2001:db8::1")),
            ("\"203.0.113.1:_obf\"", Some("203.0.113.1")),
            ("unknown", None),
            ("_hidden", None),
            ("", None),
            ("[203.0.113.1]", None),
            ("[2001:db8::1]x", None),
            ("203.0.113.256", None),
        ] {
            let expected = address.map(|text| canonical(text.parse().unwrap()));
            assert_eq!(node(hop), expected, "{hop}");
        }
    }

    #[test]
    fn what_a_client_writes_never_counts() {
        let peer = "198.51.100.7:1";
        for (name, value) in [
            ("x-forwarded-for", "203.0.113.1"),
            ("forwarded", "for=203.0.113.1"),
            ("spin-client-addr", "198.51.100.7:1"),
        ] {
            assert_eq!(
                counted(peer, &[(name, value)]),
                v4("198.51.100.7"),
                "{name}"
            );
        }
        // Behind a proxy, the other header is the client's too.
        let both = [
            ("x-forwarded-for", "203.0.113.1"),
            ("forwarded", "for=203.0.113.2"),
        ];
        assert_eq!(counted("192.0.2.9:1", &both), v4("203.0.113.1"));
        let header = ForwardedHeader::Forwarded;
        assert_eq!(of(header, "192.0.2.9:1", &both), v4("203.0.113.2"));
        // From the right, the first that is not trusted.
        let chain = [(
            "x-forwarded-for",
            "10.0.0.1, 203.0.113.1:9, [2001:db8:ffff::9]:1",
        )];
        assert_eq!(counted("[::ffff:192.0.2.9]:1", &chain), v4("203.0.113.1"));
        // What cannot be read counts for the proxy, and is not skipped.
        let hidden = [("x-forwarded-for", "203.0.113.1, unknown")];
        assert_eq!(counted("192.0.2.9:1", &hidden), v4("192.0.2.9"));
        assert_eq!(counted("", &[]), Address::Unknown);
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_writes_it() {
        for (value, address) in [
            ("for=203.0.113.1", v4("203.0.113.1")),
            (
                "proto=https;For=\"203.0.113.1:47011\";by=x",
                v4("203.0.113.1"),
            ),
            (
                "for=\"_gaze;,\", for=203.0.113.1;host=\"a,b;for=9\"",
                v4("203.0.113.1"),
            ),
            ("for=203.0.113.1, for=192.0.2.9", v4("203.0.113.1")),
            (
                "for=\"[2001:db8:cafe::17]:4711\"",
                IpAddr::from([0x2001, 0xdb8, 0xcafe, 0, 0, 0, 0, 0x17]).into(),
            ),
            ("for=203.0.113.1, proto=https", v4("192.0.2.9")),
            ("for=unknown", v4("192.0.2.9")),
        ] {
            let fields = [("forwarded", value)];
            assert_eq!(
                of(ForwardedHeader::Forwarded, "192.0.2.9:1", &fields),
                address,
                "{value}"
            );
        }
    }
}
