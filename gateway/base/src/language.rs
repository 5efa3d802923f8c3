//! The languages that people read.

use crate::weights::weighted;

/// The languages of the pages.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Language {
    /// English.
    English,
    /// Spanish.
    Spanish,
}

impl Language {
    /// The BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    /// The one that is not this one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::English => Self::Spanish,
            Self::Spanish => Self::English,
        }
    }

    /// Reads the tag.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        match tag {
            "en" => Some(Self::English),
            "es" => Some(Self::Spanish),
            _ => None,
        }
    }

    /// The best of `Accept-Language` (RFC 9110, section 12.5.4), English where nothing fits.
    #[must_use]
    pub fn accepted(header: Option<&str>) -> Self {
        let mut best = (0.0, Self::English);
        for (tag, quality) in weighted(header.unwrap_or_default()) {
            let primary = tag.split('-').next().unwrap_or_default();
            let primary = primary.to_ascii_lowercase();
            if let Some(language) = Self::parse(&primary)
                && quality > best.0
            {
                best = (quality, language);
            }
        }
        best.1
    }
}
