//! Lists with weights (RFC 9110, section 12.4.2), as in `Accept`, `Accept-Encoding` and `Accept-Language`: the one reader
//! of them.

/// Each item of a list, without its parameters, and its weight: 1 where none is given, 0 where none can be read.
pub fn weighted(list: &str) -> impl Iterator<Item = (&str, f32)> {
    list.split(',')
        .map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            (name, parts.find_map(weight).unwrap_or(1.0))
        })
        .filter(|(name, _)| !name.is_empty())
}

fn weight(parameter: &str) -> Option<f32> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let value = value.trim();
    // What Rust reads beside digits (`inf`, `nan`, `1e3`, `-1`) is no weight.
    let is_number = value
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let read = value.parse::<f32>().ok().filter(|_| is_number);
    Some(read.map_or(0.0, |weight| weight.min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_has_the_weight_that_it_is_given() {
        for (list, expected) in [
            ("gzip", vec![("gzip", 1.0)]),
            ("gzip;q=0.5, br", vec![("gzip", 0.5), ("br", 1.0)]),
            ("a ; x=1 ;Q = 0.25", vec![("a", 0.25)]),
            (
                "a;q=0, b;q=0.000, c;q=1.000",
                vec![("a", 0.0), ("b", 0.0), ("c", 1.0)],
            ),
            (" , a,, ", vec![("a", 1.0)]),
            ("", vec![]),
            (";q=1", vec![]),
        ] {
            assert_eq!(weighted(list).collect::<Vec<_>>(), expected, "{list:?}");
        }
    }

    #[test]
    fn a_weight_that_cannot_be_read_is_none_at_all() {
        for weight in ["", "x", "nan", "inf", "-1", "1e3", "0.5.5", "0,5", "0x1"] {
            let list = format!("a;q={weight}");
            assert_eq!(weighted(&list).next(), Some(("a", 0.0)), "{weight:?}");
        }
        assert_eq!(weighted("a;q=7").next(), Some(("a", 1.0)));
    }
}
