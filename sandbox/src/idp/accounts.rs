//! The accounts that can sign in.
//!
//! `BBUser00000` with `PW00000!` to `BBUser29999` with `PW29999!` are the 30,000 documented people, each with a
//! subject of 128 bits in UUID form. `BBHard01` with `PWHard01!` to `BBHard08` with `PWHard08!` are the hard cases; the table
//! in `sandbox/README.md` says what each one shows.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::people::{DOCUMENTED, Mbi, Person, PersonNumber};

/// How many hard cases there are.
pub const HARD_ACCOUNTS: u8 = 8;

/// Whoever signed in, and what the id_token says of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Account {
    /// A documented person.
    Documented(PersonNumber),
    /// A hard case, from 1.
    Hard(u8),
}

impl Account {
    /// The account of a user name, compared exactly.
    #[must_use]
    pub fn of_username(username: &str) -> Option<Self> {
        if let Some(digits) = username.strip_prefix("BBUser") {
            let number = exactly(digits, 5)?;
            return (number < DOCUMENTED)
                .then(|| PersonNumber::new(number).map(Self::Documented))
                .flatten();
        }
        let number = u8::try_from(exactly(username.strip_prefix("BBHard")?, 2)?).ok()?;
        (1..=HARD_ACCOUNTS)
            .contains(&number)
            .then_some(Self::Hard(number))
    }

    /// The account, where the password is its own.
    #[must_use]
    pub fn sign_in(username: &str, password: &str) -> Option<Self> {
        Self::of_username(username).filter(|account| account.password() == password)
    }

    /// The user name.
    #[must_use]
    pub fn username(self) -> String {
        match self {
            Self::Documented(person) => format!("BBUser{:05}", person.get()),
            Self::Hard(number) => format!("BBHard{number:02}"),
        }
    }

    /// Its password, which is documented.
    pub(super) fn password(self) -> String {
        match self {
            Self::Documented(person) => format!("PW{:05}!", person.get()),
            Self::Hard(number) => format!("PWHard{number:02}!"),
        }
    }

    /// The value of `sub`.
    #[must_use]
    pub fn subject(self) -> String {
        match self {
            Self::Documented(person) => uuid(random_bits(&format!("person {}", person.get()))),
            // The incident of 2019 in one pair: equal in the first 96 bits, different in the last 32.
            Self::Hard(number @ 1..=2) => {
                let mut bits = random_bits("pair");
                bits[12..].copy_from_slice(&random_bits(&format!("pair {number}"))[12..]);
                uuid(bits)
            }
            // The longest subject that OpenID Connect Core, section 2, allows.
            Self::Hard(5) => {
                let mut long = String::from("sandbox|");
                while long.len() < 255 {
                    let _ = write!(long, "{:02x}", long.len());
                }
                long.truncate(255);
                long
            }
            Self::Hard(number) => uuid(random_bits(&format!("hard {number}"))),
        }
    }

    /// The value of `mbi`, absent for one hard case.
    #[must_use]
    pub fn mbi(self) -> Option<Mbi> {
        match self {
            Self::Hard(3) => None,
            Self::Hard(6) => Some(Mbi::unknown()),
            _ => self.person_number().map(Mbi::of),
        }
    }

    /// The person behind the account; the hard case with an unknown Medicare number has nobody at the backend.
    #[must_use]
    pub fn person_number(self) -> Option<PersonNumber> {
        let offset = match self {
            Self::Documented(person) => return Some(person),
            Self::Hard(1) => 0,
            Self::Hard(2) => 1,
            Self::Hard(3) => 2,
            // Two patients have this one's Medicare number: the third and the fourth.
            Self::Hard(4) => 3,
            Self::Hard(5) => 5,
            // Two accounts, one person.
            Self::Hard(7 | 8) => 6,
            Self::Hard(_) => return None,
        };
        PersonNumber::new(DOCUMENTED + offset)
    }

    /// Names and language for the id_token.
    #[must_use]
    pub fn profile(self) -> Profile {
        let (given, family, locale) = match self.person_number().map(Person::of) {
            Some(person) => (person.given, person.family, person.locale),
            None => ("Morgan", "Unlisted", "en"),
        };
        Profile {
            given,
            family,
            email: format!("{}@example.com", self.username().to_ascii_lowercase()),
            locale: if locale == "es" { "es-US" } else { "en-US" },
        }
    }
}

/// Names and language of an account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Profile {
    /// `given_name`.
    pub given: &'static str,
    /// `family_name`.
    pub family: &'static str,
    /// `email`.
    pub email: String,
    /// `locale`.
    pub locale: &'static str,
}

fn exactly(digits: &str, count: usize) -> Option<u16> {
    (digits.len() == count && digits.bytes().all(|b| b.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
}

fn random_bits(name: &str) -> [u8; 16] {
    let digest = Sha256::digest(format!("bluegate sandbox subject, version 1: {name}"));
    let mut bits = [0; 16];
    bits.copy_from_slice(&digest[..16]);
    bits
}

/// The form of a random UUID (RFC 9562, section 5.4).
fn uuid(mut bits: [u8; 16]) -> String {
    bits[6] = (bits[6] & 0x0f) | 0x40;
    bits[8] = (bits[8] & 0x3f) | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in bits.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn documented() -> impl Iterator<Item = Account> {
        (0..DOCUMENTED)
            .filter_map(PersonNumber::new)
            .map(Account::Documented)
    }

    #[test]
    fn all_subjects_differ_even_in_their_first_96_bits() {
        let subjects: HashSet<String> = documented().map(Account::subject).collect();
        assert_eq!(subjects.len(), 30_000);
        let cut: HashSet<String> = subjects
            .iter()
            .map(|s| s.replace('-', "")[..24].to_owned())
            .collect();
        assert_eq!(cut.len(), 30_000);
        assert!(subjects.iter().all(|subject| subject.len() == 36));
    }

    #[test]
    fn the_hard_pair_differs_only_after_96_bits() {
        let bits = |number| Account::Hard(number).subject().replace('-', "");
        assert_eq!(bits(1)[..24], bits(2)[..24]);
        assert_ne!(bits(1), bits(2));
        assert_ne!(
            Account::Hard(1).person_number(),
            Account::Hard(2).person_number()
        );
    }

    #[test]
    fn the_other_hard_cases_are_what_they_say() {
        assert_eq!(Account::Hard(3).mbi(), None);
        assert_eq!(
            Mbi::owners(Account::Hard(4).mbi().unwrap().as_str()).len(),
            2
        );
        assert_eq!(Account::Hard(5).subject().len(), 255);
        assert_eq!(Mbi::owners(Account::Hard(6).mbi().unwrap().as_str()), []);
        assert_eq!(Account::Hard(7).mbi(), Account::Hard(8).mbi());
        assert_ne!(Account::Hard(7).subject(), Account::Hard(8).subject());
    }

    #[test]
    fn user_names_have_exactly_five_digits() {
        for name in [
            "BBUser0",
            "BBUser000000",
            "BBUser30000",
            "bbuser00000",
            "BBUser-0001",
            "BBUser+0001",
            "",
            "BBHard00",
            "BBHard09",
        ] {
            assert_eq!(Account::of_username(name), None, "{name}");
        }
        for name in ["BBUser00000", "BBUser29999", "BBHard01", "BBHard08"] {
            assert_eq!(
                Account::of_username(name).map(Account::username).as_deref(),
                Some(name)
            );
        }
    }

    #[test]
    fn a_password_opens_its_own_account_only() {
        assert!(Account::sign_in("BBUser28324", "PW28324!").is_some());
        assert!(Account::sign_in("BBHard01", "PWHard01!").is_some());
        for (name, password) in [
            ("BBUser28324", "PW28325!"),
            ("BBUser28324", ""),
            ("BBHard01", "PW00001!"),
            ("nobody", "PW00000!"),
        ] {
            assert_eq!(Account::sign_in(name, password), None, "{name} {password}");
        }
    }
}
