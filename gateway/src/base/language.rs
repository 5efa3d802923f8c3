//! The languages that people read.

/// The languages of the pages.
#[non_exhaustive]
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
        for item in header.unwrap_or_default().split(',') {
            let mut parts = item.split(';');
            let primary = parts
                .next()
                .unwrap_or_default()
                .trim()
                .split('-')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase();
            let quality = parts
                .find_map(|part| part.trim().strip_prefix("q="))
                .map_or(1.0, |text| text.trim().parse().unwrap_or(0.0_f32));
            if let Some(language) = Self::parse(&primary)
                && quality > best.0
            {
                best = (quality, language);
            }
        }
        best.1
    }
}
