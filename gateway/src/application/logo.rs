//! Logos of applications: PNG or JPEG, at most 100 KB (docs/contract/09-applications.md).

/// An uploaded picture that is what it says.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Logo {
    /// `image/png` or `image/jpeg`, found by its first bytes.
    pub media_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

impl Logo {
    /// Reads an upload. The declared type does not count: the first bytes do.
    ///
    /// # Errors
    ///
    /// What to send instead, in words.
    pub fn parse(body: &[u8]) -> Result<Self, &'static str> {
        if body.len() > LIMIT {
            return Err("a logo may have 100 KB");
        }
        let media_type = if body.starts_with(PNG) && body.get(12..16) == Some(b"IHDR") {
            "image/png"
        } else if body.starts_with(JPEG) {
            "image/jpeg"
        } else {
            return Err("a logo must be a PNG or a JPEG file");
        };
        Ok(Self {
            media_type,
            bytes: body.to_vec(),
        })
    }

    /// A stored picture.
    #[must_use]
    pub fn from_store(media_type: &str, bytes: Vec<u8>) -> Option<Self> {
        let media_type = ["image/png", "image/jpeg"]
            .into_iter()
            .find(|known| *known == media_type)?;
        Some(Self { media_type, bytes })
    }
}

const LIMIT: usize = 102_400;
/// ISO/IEC 15948, section 5.2.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Start of image, and the marker that follows (ITU-T T.81, annex B).
const JPEG: &[u8] = b"\xff\xd8\xff";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_png_and_jpeg_up_to_100_kb() {
        let png = [PNG, b"\0\0\0\rIHDR"].concat();
        assert_eq!(
            Logo::parse(&png).map(|logo| logo.media_type),
            Ok("image/png")
        );
        assert_eq!(
            Logo::parse(b"\xff\xd8\xff\xe0").map(|logo| logo.media_type),
            Ok("image/jpeg")
        );
        for bad in [
            &b"<svg onload='alert(1)'/>"[..],
            b"GIF89a",
            b"",
            b"\x89PNG\r\n\x1a\n<script>",
        ] {
            assert!(Logo::parse(bad).is_err());
        }
        let mut large = png;
        large.resize(LIMIT + 1, 0);
        assert!(Logo::parse(&large).is_err());
    }
}
