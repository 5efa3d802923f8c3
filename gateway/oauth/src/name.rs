//! Names of applications: what people read when they decide who may see their claims. A name is made of characters
//! that can be seen, and no two names look alike (UTS 39).

use std::collections::BTreeSet;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{
    DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup, Script,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_security::skeleton;

/// Checks a name. `reserved` are the words that only the operator may use.
///
/// # Errors
///
/// What is wrong with it, in words that follow its name.
pub fn check(name: &str, reserved: &[String]) -> Result<(), &'static str> {
    if name.trim().is_empty() || name.chars().count() > 255 || name.trim() != name {
        return Err("must be 1 to 255 printable characters, without spaces at its ends");
    }
    if !name.chars().all(is_visible) {
        return Err(
            "must have visible characters and single spaces only: no control, zero-width, directional or blank characters",
        );
    }
    if has_piled_marks(name) {
        return Err(
            "must not have more than three combining marks on a character, or the same one twice",
        );
    }
    if name
        .split(|c: char| !c.is_alphanumeric())
        .any(mixes_alphabets)
    {
        return Err("must not mix letters of different alphabets in a word");
    }
    if is_reserved(name, reserved) {
        return Err("has a word that is reserved here; choose another");
    }
    Ok(())
}

/// What two names that look alike have in common, whatever their case.
#[must_use]
pub fn key(name: &str) -> String {
    let shape = skeleton(&composed(name)).collect::<String>();
    // Case makes `I` and `i` one letter, and `I` looks like `l`: all three are one.
    let folded: String = shape
        .chars()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect();
    let key = skeleton(&folded).collect::<String>().replace('i', "l");
    key.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Not a space of another width, nothing that is not drawn, and nothing that has no meaning of its own.
fn is_visible(c: char) -> bool {
    // Drawn as nothing, though Unicode counts them as symbols: the empty Braille pattern, a note without a head, and
    // what stands for an object.
    const BLANK: [char; 3] = ['\u{2800}', '\u{1d159}', '\u{fffc}'];
    if c == ' ' {
        return true;
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    !GeneralCategoryGroup::Other.contains(category)
        && !GeneralCategoryGroup::Separator.contains(category)
        && !CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        && !BLANK.contains(&c)
}

/// UTS 39, section 5.4. A mark needs a character to stand on.
fn has_piled_marks(name: &str) -> bool {
    let categories = CodePointMapData::<GeneralCategory>::new();
    let (mut run, mut last) = (0, ' ');
    for c in name.chars() {
        let category = categories.get(c);
        if matches!(
            category,
            GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark
        ) {
            run += 1;
            if run > MOST_MARKS || last == c || last == ' ' {
                return true;
            }
        } else {
            run = 0;
        }
        last = c;
    }
    false
}

/// A Cyrillic `a` in a Latin word deceives; Latin beside Han, Kana or Hangul is how names are written there
/// (UTS 39, section 5.2: highly restrictive).
fn mixes_alphabets(word: &str) -> bool {
    const TOGETHER: [&[Script]; 3] = [
        &[
            Script::Latin,
            Script::Han,
            Script::Hiragana,
            Script::Katakana,
        ],
        &[Script::Latin, Script::Han, Script::Bopomofo],
        &[Script::Latin, Script::Han, Script::Hangul],
    ];
    let data = CodePointMapData::<Script>::new();
    let scripts: BTreeSet<_> = word
        .chars()
        .map(|c| data.get(c))
        .filter(|script| !matches!(*script, Script::Common | Script::Inherited))
        .collect();
    scripts.len() > 1
        && !TOGETHER
            .iter()
            .any(|set| scripts.iter().all(|script| set.contains(script)))
}

/// A long word is found anywhere in a name, whatever stands between its letters; a short one as a word of its own.
fn is_reserved(name: &str, reserved: &[String]) -> bool {
    let letters = |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).collect() };
    let key_of_name = key(name);
    let joined = letters(&key_of_name);
    reserved.iter().any(|word| {
        let wanted = letters(&key(word));
        if word.chars().count() < LONG_WORD {
            key_of_name
                .split(|c: char| !c.is_alphanumeric())
                .any(|own| own == wanted)
        } else {
            joined.contains(&wanted)
        }
    })
}

fn composed(name: &str) -> String {
    ComposingNormalizerBorrowed::new_nfkc()
        .normalize(name)
        .into_owned()
}

const MOST_MARKS: usize = 3;
const LONG_WORD: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_world_are_accepted() {
        for good in [
            "My App",
            "Ärzte & Söhne, 2.0 (beta)",
            "e\u{323}\u{302} in two marks",
            "Здоровье Plus",
            "健康アプリ",
            "Healthアプリ",
            "My 건강",
            "בריאות",
            "صحتي",
            "สุขภาพดี",
            "स्वास्थ्य",
            "Heart ♥ 24/7 😀",
            "<b>Bold</b> \"'&",
        ] {
            assert_eq!(check(good, &[]), Ok(()), "{good}");
        }
        assert_eq!(check(&"x".repeat(255), &[]), Ok(()));
    }

    #[test]
    fn what_cannot_be_seen_is_refused() {
        for bad in [
            "",
            " ",
            " App",
            "App ",
            "A\u{7}pp",
            "A\npp",
            "A\u{a0}pp",
            "A\u{2003}pp",
            "A\u{3000}pp",
            "A\u{200b}pp",
            "A\u{200c}pp",
            "A\u{200d}pp",
            "A\u{2060}pp",
            "A\u{feff}pp",
            "A\u{ad}pp",
            "A\u{202e}pp",
            "A\u{2066}pp",
            "A\u{200f}pp",
            "A\u{61c}pp",
            "A\u{34f}pp",
            "A\u{fe0f}pp",
            "A\u{e0041}pp",
            "A\u{3164}pp",
            "A\u{115f}pp",
            "A\u{1160}pp",
            "A\u{ffa0}pp",
            "A\u{2800}pp",
            "A\u{1d159}pp",
            "A\u{2028}pp",
            "A\u{e000}pp",
            "A\u{180e}pp",
            "A\u{fffc}pp",
            "\u{3164}",
        ] {
            assert!(check(bad, &[]).is_err(), "{bad:?}");
        }
        assert!(check(&"x".repeat(256), &[]).is_err());
    }

    #[test]
    fn piles_of_marks_are_refused() {
        for bad in [
            "\u{301}App",
            "My \u{301}App",
            "Zx\u{301}\u{302}\u{303}\u{304}",
            "Zx\u{301}\u{301}",
            &format!("App{}", "\u{489}\u{301}".repeat(20)),
        ] {
            assert!(check(bad, &[]).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_word_has_one_alphabet() {
        for bad in [
            "Medic\u{430}re",
            "\u{391}pp",
            "Bl\u{443}e Button",
            "\u{13aa}pple",
        ] {
            assert!(check(bad, &[]).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_that_look_alike_have_one_key() {
        for (one, other) in [
            ("App", "aPP"),
            ("PayPal", "PayPaI"),
            ("PayPal", "PAYPA1"),
            ("Apollo", "Ap0llo"),
            ("BIG", "big"),
            ("Claims", "CIairns"),
            ("\u{410}\u{420}\u{420}", "App"),
            ("\u{ff2d}\u{ff45}\u{ff44}\u{ff49}", "medi"),
            ("\u{1d40c}edi", "Medi"),
            ("\u{e4}", "a\u{308}"),
            ("Stra\u{df}e", "STRA\u{df}E"),
            ("My  App", "My App"),
        ] {
            assert_eq!(key(one), key(other), "{one} {other}");
        }
        for (one, other) in [
            ("App", "Apps"),
            ("My App", "MyApp"),
            ("Medicare", "M\u{e9}dicare"),
        ] {
            assert_ne!(key(one), key(other), "{one} {other}");
        }
        for byte in 0x20..0x7f_u8 {
            let c = char::from(byte).to_string();
            assert_eq!(key(&c.to_uppercase()), key(&c.to_lowercase()), "{c}");
        }
    }

    #[test]
    fn reserved_words_are_found_however_they_are_written() {
        let reserved = ["Medicare".to_owned(), "cms".to_owned()];
        for bad in [
            "Medicare",
            "My MEDICARE App",
            "mymedicare",
            "Medi-care",
            "M e d i c a r e",
            "Med1care",
            "\u{ff2d}edicare",
            "\u{41c}\u{435}\u{501}\u{456}\u{441}\u{430}\u{433}\u{435} Medicare",
            "CMS",
            "The C\u{4d}S portal",
            "cms.gov",
        ] {
            assert!(check(bad, &reserved).is_err(), "{bad}");
        }
        for good in ["Medication List", "Basic Ms", "Acmsoft", "Care"] {
            assert_eq!(check(good, &reserved), Ok(()), "{good}");
        }
    }
}
