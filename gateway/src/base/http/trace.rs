//! Trace context (W3C Trace Context, level 1): the trace that a request belongs to, and its child for the backend.

use http::HeaderMap;

use crate::base::http::Request;

/// The trace of one request.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trace {
    /// 32 hexadecimal digits.
    pub id: String,
    /// Id of our own span: 16 hexadecimal digits.
    pub span: String,
    sampled: bool,
}

impl Trace {
    /// The trace that the client's `traceparent` names, or a new one that has the id of the request. Nothing of the
    /// header but the ids goes on, and where it is not exactly of its form, nothing at all.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        // Our request id has 128 random bits; its second half is the id of our span.
        let id = request.request_id.as_str();
        let span = id
            .get(16..32)
            .filter(|span| is_id(span, 16))
            .unwrap_or("0000000000000001");
        let (id, sampled) = parent(&request.headers).unwrap_or((id, true));
        Self {
            id: id.to_owned(),
            span: span.to_owned(),
            sampled,
        }
    }

    /// The `traceparent` of a call that this request makes.
    #[must_use]
    pub fn header(&self) -> String {
        format!("00-{}-{}-0{}", self.id, self.span, u8::from(self.sampled))
    }
}

/// Id and sampling of the client's trace. A later version may have more parts (section 4.3 of the specification).
fn parent(headers: &HeaderMap) -> Option<(&str, bool)> {
    let mut values = headers.get_all("traceparent").iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let mut parts = value.trim().split('-');
    let (version, id, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let known =
        is_hex(version, 2) && version != "ff" && (version != "00" || parts.next().is_none());
    if !known || !is_id(id, 32) || !is_id(span, 16) || !is_hex(flags, 2) {
        return None;
    }
    let flags = u8::from_str_radix(flags, 16).ok()?;
    Some((id, flags & 1 == 1))
}

/// An id of nothing but zeros is none.
fn is_id(text: &str, length: usize) -> bool {
    is_hex(text, length) && text.bytes().any(|byte| byte != b'0')
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEIRS: &str = "0af7651916cd43dd8448eb211c80319c";

    fn parent_of(value: &str) -> Option<(String, bool)> {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", value.parse().unwrap());
        parent(&headers).map(|(id, sampled)| (id.to_owned(), sampled))
    }

    #[test]
    fn a_trace_is_gone_on_with_where_its_parent_is_well_formed() {
        for (value, sampled) in [
            (format!("00-{THEIRS}-b7ad6b7169203331-01"), true),
            (format!("00-{THEIRS}-b7ad6b7169203331-00"), false),
            (format!("00-{THEIRS}-b7ad6b7169203331-ff"), true),
            (format!("01-{THEIRS}-b7ad6b7169203331-01-more"), true),
        ] {
            assert_eq!(
                parent_of(&value),
                Some((THEIRS.to_owned(), sampled)),
                "{value}"
            );
        }
    }

    #[test]
    fn anything_else_begins_a_new_trace() {
        for value in [
            String::new(),
            "x".to_owned(),
            format!("00-{THEIRS}-b7ad6b7169203331"),
            format!("00-{THEIRS}-b7ad6b7169203331-01-more"),
            format!("ff-{THEIRS}-b7ad6b7169203331-01"),
            format!("00-{}-b7ad6b7169203331-01", "0".repeat(32)),
            format!("00-{THEIRS}-{}-01", "0".repeat(16)),
            format!("00-{}-b7ad6b7169203331-01", THEIRS.to_uppercase()),
            format!("00-{}-b7ad6b7169203331-01", &THEIRS[1..]),
        ] {
            assert_eq!(parent_of(&value), None, "{value}");
        }
        let mut twice = HeaderMap::new();
        for _ in 0..2 {
            let value = format!("00-{THEIRS}-b7ad6b7169203331-01");
            twice.append("traceparent", value.parse().unwrap());
        }
        assert_eq!(parent(&twice), None);
    }
}
