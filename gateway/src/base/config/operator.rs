//! Operators: named people with a token and a role (docs/contract/01-routes.md, `/ops/*`).

use crate::base::secret::SecretHash;

/// One operator.
#[non_exhaustive]
#[derive(Clone)]
pub struct Operator {
    /// The name that the audit shows.
    pub name: String,
    /// What the operator may do.
    pub role: Role,
    /// SHA-256 of the token.
    hash: [u8; 32],
}

/// What an operator may do; each role includes the ones before.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// Look.
    Read,
    /// Approve, suspend and resume applications.
    Approve,
    /// Stop the release of data.
    Lock,
}

impl Role {
    /// As written in the variable.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Approve => "approve",
            Self::Lock => "lock",
        }
    }
}

impl Operator {
    /// Reads the variable `operators`: `name:role:sha256(token)` in hexadecimal, separated by commas.
    #[must_use]
    pub fn parse_list(text: &str) -> Option<Vec<Self>> {
        text.split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(Self::parse)
            .collect()
    }

    /// Finds the operator of a token.
    #[must_use]
    pub fn find<'a>(operators: &'a [Self], token: &str) -> Option<&'a Self> {
        let presented = SecretHash::of(token);
        operators
            .iter()
            .find(|operator| presented.is(&operator.hash))
    }

    /// SHA-256 of the token, to bind a session to it.
    #[must_use]
    pub const fn token_hash(&self) -> &[u8] {
        &self.hash
    }

    fn parse(item: &str) -> Option<Self> {
        let mut parts = item.split(':');
        let (name, role, hash) = (parts.next()?, parts.next()?, parts.next()?);
        let named = !name.is_empty()
            && name.len() <= 64
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if !named || parts.next().is_some() || hash.len() != 64 || !hash.is_ascii() {
            return None;
        }
        let role = match role {
            "read" => Role::Read,
            "approve" => Role::Approve,
            "lock" => Role::Lock,
            _ => return None,
        };
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(hash.get(2 * index..2 * index + 2)?, 16).ok()?;
        }
        Some(Self {
            name: name.to_owned(),
            role,
            hash: bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_found_by_their_token() {
        let hash = SecretHash::of("t1").hex();
        let list = Operator::parse_list(&format!(
            "ann:approve:{hash}, bob:read:{}",
            SecretHash::of("t2").hex()
        ))
        .unwrap();
        assert_eq!(
            Operator::find(&list, "t1").map(|operator| operator.name.as_str()),
            Some("ann")
        );
        assert_eq!(
            Operator::find(&list, "t2").map(|operator| operator.role),
            Some(Role::Read)
        );
        assert!(Operator::find(&list, "t3").is_none());
        assert!(Role::Lock > Role::Approve && Role::Approve > Role::Read);
    }

    #[test]
    fn a_malformed_list_is_refused_whole() {
        let hash = SecretHash::of("t").hex();
        for bad in [
            "x",
            "a:b",
            "ann:king:00",
            &format!("ann:king:{hash}"),
            &format!(":read:{hash}"),
            &format!("ann:read:{}", &hash[1..]),
            &format!("ann:read:{hash}:x"),
        ] {
            assert!(Operator::parse_list(bad).is_none(), "{bad}");
        }
        assert!(Operator::parse_list("").is_some_and(|list| list.is_empty()));
    }
}
