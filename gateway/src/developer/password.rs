//! Passwords of developers: Argon2id with 19 MiB of memory and two passes (OWASP Password Storage Cheat Sheet).

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

use crate::base::ports::{Entropy, EntropyError};
use crate::base::secret::Secret;

/// Fewest characters of a password (NIST SP 800-63B-4 asks for 15 where it is the only factor).
pub const SHORTEST: usize = 15;
/// Most bytes of a password: hashing a longer one would only cost time.
const LONGEST: usize = 256;

/// A password that is long enough to be set.
pub struct NewPassword<'a>(&'a Secret);

impl<'a> NewPassword<'a> {
    /// Takes a password as it was typed. `None` if it is too short or too long, or is the name.
    #[must_use]
    pub fn parse(password: &'a Secret, name: &str) -> Option<Self> {
        let text = password.expose();
        let fits = text.chars().count() >= SHORTEST && text.len() <= LONGEST;
        (fits && !text.eq_ignore_ascii_case(name)).then_some(Self(password))
    }

    /// What the store keeps: the PHC string with its own salt.
    ///
    /// # Errors
    ///
    /// [`EntropyError`] where the platform has no random bytes.
    pub fn hash(&self, entropy: &dyn Entropy) -> Result<String, EntropyError> {
        let salt = entropy.bytes32()?;
        let hash: PasswordHash = Argon2::default()
            .hash_password_with_salt(self.0.expose().as_bytes(), &salt[..16])
            .map_err(|_| EntropyError)?;
        Ok(hash.to_string())
    }
}

/// Whether `password` is the one behind `hash`. Where there is no hash, as much work is done in vain, so that the
/// time does not tell which names exist.
#[must_use]
pub fn verify(password: &Secret, hash: Option<&str>) -> bool {
    let text = password.expose().as_bytes();
    if text.len() > LONGEST {
        return false;
    }
    match hash.and_then(|hash| PasswordHash::new(hash).ok()) {
        Some(hash) => Argon2::default().verify_password(text, &hash).is_ok(),
        None => {
            let wasted: Result<PasswordHash, _> =
                Argon2::default().hash_password_with_salt(text, &[0; 16]);
            drop(wasted);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::adapters::native::CountingEntropy;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[test]
    fn a_password_is_verified_against_its_own_hash_only() {
        let entropy = CountingEntropy::new();
        let password = secret("correct horse battery");
        let hash = || {
            NewPassword::parse(&password, "anne")
                .unwrap()
                .hash(&entropy)
                .unwrap()
        };
        let (first, second) = (hash(), hash());
        assert!(
            first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{first}"
        );
        assert_ne!(first, second, "each has its own salt");
        assert!(verify(&password, Some(&first)) && verify(&password, Some(&second)));
        assert!(!verify(&secret("correct horse batterz"), Some(&first)));
        assert!(!verify(&password, None));
        assert!(!verify(&password, Some("$argon2id$broken")));
    }

    #[test]
    fn a_short_long_or_obvious_password_cannot_be_set() {
        for (password, name) in [
            ("fourteen chars", "anne"),
            ("somebody@example.org", "Somebody@Example.org"),
            (&"x".repeat(257), "anne"),
        ] {
            assert!(NewPassword::parse(&secret(password), name).is_none());
        }
        assert!(NewPassword::parse(&secret("ñandú ñandú ñan"), "anne").is_some());
    }
}
