//! Text that names another person by an id, found by trying each place of it.

use bluegate_shared::id::PatientId;

use super::Person;
use super::names::{Owned, numbers_of};

impl Person<'_> {
    /// Whether any text names another person: in one of the forms of a reference, with a number behind it.
    pub(super) fn mentions_another(&self, text: &str) -> bool {
        self.readings(text, |text| self.names_another(text, false))
    }

    /// Whether a link of a Bundle does, or asks for another person's resources.
    pub(super) fn link_names_another(&self, url: &str) -> bool {
        if self.readings(url, |url| self.names_another(url, true)) {
            return true;
        }
        let Some(query) = url.find('?').map(|at| &url[at + 1..]) else {
            return false;
        };
        pairs(query).iter().any(|(name, value)| {
            ["patient", "beneficiary", "subject", "subscriber"].contains(name)
                && self
                    .readings_of(value)
                    .is_none_or(|readings| readings.last().is_none_or(|value| self.is_other(value)))
        })
    }

    /// Tries a text and what it is without percent escapes; text that is still escaped after four rounds names anybody.
    fn readings(&self, text: &str, found: impl Fn(&str) -> bool) -> bool {
        match self.readings_of(text) {
            Some(readings) => [readings.first(), readings.last()]
                .into_iter()
                .flatten()
                .any(|text| found(text)),
            None => true,
        }
    }

    /// A text, and what it is after each round of decoding.
    pub(super) fn readings_of(&self, text: &str) -> Option<Vec<String>> {
        let mut readings = vec![text.to_owned()];
        for _ in 0..5 {
            let last = readings.last()?;
            let next = percent_decoded(last.as_bytes());
            if next == last.as_bytes() {
                return Some(readings);
            }
            readings.push(String::from_utf8_lossy(&next).into_owned());
        }
        None
    }

    fn names_another(&self, text: &str, is_link: bool) -> bool {
        let lower = text.to_ascii_lowercase();
        let begins = |word: &str, at: usize| {
            lower[at..].starts_with(word)
                && !lower[..at]
                    .chars()
                    .next_back()
                    .is_some_and(|before| before.is_ascii_alphanumeric())
        };
        lower.char_indices().any(|(at, _)| {
            let patient = at + "patient".len();
            if begins("patient=", at) {
                return self.other_number(&text[patient + 1..]);
            }
            if begins("patient?", at) {
                return self.other_asked(&text[patient + 1..], is_link);
            }
            if begins("patient/", at) {
                let mut rest = &text[patient + 1..];
                while let Some(shorter) = rest.strip_prefix('/').or_else(|| rest.strip_prefix("./"))
                {
                    rest = shorter;
                }
                let asked = rest
                    .strip_prefix('?')
                    .or_else(|| rest.strip_prefix("_search?"));
                return match asked {
                    Some(query) => self.other_asked(query, is_link),
                    None => self.other_number(rest),
                };
            }
            if begins("dual-", at) {
                return self.other_number(&text[at + "dual-".len()..]);
            }
            if begins("part-", at) {
                let rest = &text[at + "part-".len()..];
                let behind = rest.trim_start_matches(|c: char| c.is_ascii_alphabetic());
                return behind.len() < rest.len()
                    && behind
                        .strip_prefix('-')
                        .is_some_and(|number| self.other_number(number));
            }
            false
        })
    }

    /// Whether a number begins here that is not the person's, or goes on in a longer word.
    fn other_number(&self, text: &str) -> bool {
        let mut number = String::new();
        for c in text.chars() {
            if (number.is_empty() && c == '-') || c.is_ascii_digit() {
                number.push(c);
            } else {
                let is_longer = c.is_ascii_alphanumeric();
                return number.ends_with(|c: char| c.is_ascii_digit())
                    && (is_longer || number != self.id.as_str());
            }
        }
        number.ends_with(|c: char| c.is_ascii_digit()) && number != self.id.as_str()
    }

    /// Whether a search for Patients is one for another.
    fn other_asked(&self, query: &str, is_link: bool) -> bool {
        let end = query
            .find(|c: char| c.is_whitespace() || ['"', '\'', '<', '>'].contains(&c))
            .unwrap_or(query.len());
        pairs(&query[..end])
            .iter()
            .any(|(name, value)| match *name {
                "_id" => self.is_other(value),
                "identifier" => match value.find('|') {
                    Some(bar) if numbers_of(&value[..bar]) == Some(Owned::ById) => {
                        &value[bar + 1..] != self.id.as_str()
                    }
                    _ => !is_link,
                },
                _ => false,
            })
    }

    /// Whether a parameter has the number of another person, alone or as the end of a reference.
    fn is_other(&self, value: &str) -> bool {
        value.split(',').any(|value| {
            let begin = value.rfind('/').map_or(0, |at| at + 1);
            PatientId::parse(&value[begin..]).is_ok_and(|id| id != *self.id)
        })
    }
}

/// Parameters, names without modifiers and chains.
fn pairs(query: &str) -> Vec<(&str, &str)> {
    query
        .split(['&', ';'])
        .map(|pair| match pair.find('=') {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, ""),
        })
        .map(|(name, value)| {
            let end = name.find([':', '.']).unwrap_or(name.len());
            (&name[..end], value)
        })
        .collect()
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%'
            && let [high, low, ..] = *after
            && let (Some(high), Some(low)) = (hex(high), hex(low))
        {
            decoded.push(high << 4 | low);
            rest = &after[2..];
        } else {
            decoded.push(byte);
        }
    }
    decoded
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}
