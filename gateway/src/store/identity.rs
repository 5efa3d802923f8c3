//! Who signed in, and which patient that is (wire contract, section 3).

use bluegate_shared::id::{Issuer, PatientId, Subject};

use crate::ports::{Database, Durability, UnixMillis};

use super::row::{Row, StoreError, one};

/// A link between a subject and a patient.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// Row id.
    pub id: i64,
    /// The patient.
    pub patient_id: PatientId,
    /// Held by an unresolved conflict: no new sign-in.
    pub held: bool,
}

/// What a sign-in found.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Linked {
    /// The link stands, old or new.
    Identity(Identity),
    /// It would have broken the one-to-one rule, or an operator has to resolve an earlier conflict.
    Conflict,
}

/// Links `subject` to `patient`, or confirms the link, or records the conflict. Never overwrites.
///
/// # Errors
///
/// The store's error.
pub async fn link(
    database: &dyn Database,
    issuer: &Issuer,
    subject: &Subject,
    patient: &PatientId,
    now: UnixMillis,
    request_id: &str,
) -> Result<Linked, StoreError> {
    let known = by_subject(database, issuer, subject).await?;
    let known = match known {
        Some(identity) => Some(identity),
        None => insert(database, issuer, subject, patient, now, request_id).await?,
    };
    // A link that another request made between the two statements is found by reading once more.
    let known = match known {
        Some(identity) => Some(identity),
        None => by_subject(database, issuer, subject).await?,
    };
    let reason = match known {
        Some(identity) if identity.patient_id == *patient => {
            return Ok(if identity.held {
                Linked::Conflict
            } else {
                Linked::Identity(identity)
            });
        }
        Some(_) => "patient_changed",
        None => "patient_taken",
    };
    record_conflict(database, issuer, subject, patient, reason, now, request_id).await?;
    Ok(Linked::Conflict)
}

/// The patient of an identity that is not held.
///
/// # Errors
///
/// The store's error.
pub async fn patient_of(database: &dyn Database, id: i64) -> Result<Option<PatientId>, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        "SELECT id, patient_id, held_at FROM identity WHERE id = ? AND held_at IS NULL",
        vec![id.into()],
    )
    .await?;
    Ok(row
        .as_ref()
        .map(identity)
        .transpose()?
        .map(|identity| identity.patient_id))
}

/// What userinfo tells about a person, beside the patient id.
#[non_exhaustive]
#[derive(Debug)]
pub struct Account {
    /// Sealed names and e-mail, where the grant has them.
    pub profile_sealed: Option<Vec<u8>>,
    /// When the person first signed in.
    pub created_at: UnixMillis,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            profile_sealed: None,
            created_at: UnixMillis(0),
        }
    }
}

/// The account behind a grant.
///
/// # Errors
///
/// The store's error.
pub async fn account(
    database: &dyn Database,
    grant_id: i64,
) -> Result<Option<Account>, StoreError> {
    let row = one(
        database,
        Durability::Relaxed,
        "SELECT g.profile_sealed, i.created_at FROM consent_grant g JOIN identity i ON i.id = g.identity_id WHERE g.id = ?",
        vec![grant_id.into()],
    )
    .await?;
    row.map(|row| {
        Ok(Account {
            profile_sealed: row.optional_blob(0)?.map(<[u8]>::to_vec),
            created_at: row.instant(1)?,
        })
    })
    .transpose()
}

async fn by_subject(
    database: &dyn Database,
    issuer: &Issuer,
    subject: &Subject,
) -> Result<Option<Identity>, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        "SELECT id, patient_id, held_at FROM identity WHERE issuer = ? AND subject = ?",
        vec![issuer.as_str().into(), Vec::from(subject.whole()).into()],
    )
    .await?;
    row.as_ref().map(identity).transpose()
}

async fn insert(
    database: &dyn Database,
    issuer: &Issuer,
    subject: &Subject,
    patient: &PatientId,
    now: UnixMillis,
    request_id: &str,
) -> Result<Option<Identity>, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        "INSERT INTO identity (issuer, subject, subject_length, patient_id, created_at, request_id)
         VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING
         RETURNING id, patient_id, held_at",
        vec![
            issuer.as_str().into(),
            Vec::from(subject.whole()).into(),
            length(subject).into(),
            patient.as_str().into(),
            now.into(),
            request_id.into(),
        ],
    )
    .await?;
    row.as_ref().map(identity).transpose()
}

async fn record_conflict(
    database: &dyn Database,
    issuer: &Issuer,
    subject: &Subject,
    patient: &PatientId,
    reason: &'static str,
    now: UnixMillis,
    request_id: &str,
) -> Result<(), StoreError> {
    one(
        database,
        Durability::Durable,
        "INSERT INTO identity_conflict (issuer, subject, subject_length, patient_id, reason, seen_at, request_id)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        vec![
            issuer.as_str().into(),
            Vec::from(subject.whole()).into(),
            length(subject).into(),
            patient.as_str().into(),
            reason.into(),
            now.into(),
            request_id.into(),
        ],
    )
    .await
    .map(drop)
}

fn identity(row: &Row) -> Result<Identity, StoreError> {
    Ok(Identity {
        id: row.integer(0)?,
        patient_id: PatientId::parse(row.text(1)?)
            .map_err(|_| StoreError::Shape("identity.patient_id"))?,
        held: row.optional_integer(2)?.is_some(),
    })
}

fn length(subject: &Subject) -> i64 {
    i64::try_from(subject.length()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::adapters::native::SqliteDatabase;
    use crate::ports::Value;

    const NOW: UnixMillis = UnixMillis(1_000);

    fn sign_in(database: &SqliteDatabase, subject: &str, patient: &str) -> Linked {
        let issuer = Issuer::new("https://id.example");
        block_on(link(
            database,
            &issuer,
            &Subject::parse(subject).unwrap(),
            &PatientId::parse(patient).unwrap(),
            NOW,
            "r",
        ))
        .unwrap()
    }

    fn accepted(linked: &Linked) -> bool {
        matches!(linked, Linked::Identity(_))
    }

    #[test]
    fn first_and_later_sign_ins_give_the_same_identity() {
        let database = SqliteDatabase::in_memory();
        let first = sign_in(&database, "a", "-1");
        assert!(accepted(&first));
        assert_eq!(sign_in(&database, "a", "-1"), first);
    }

    #[test]
    fn subjects_that_share_96_bits_are_two_people() {
        let database = SqliteDatabase::in_memory();
        let one = sign_in(&database, "0b54e1a7-7c0d-4c4e-9d2b-61e3f0a1b2c3", "-1");
        let two = sign_in(&database, "0b54e1a7-7c0d-4c4e-9d2b-61e3ffffffff", "-2");
        assert!(accepted(&one) && accepted(&two) && one != two);
    }

    #[test]
    fn a_changed_patient_id_is_refused_and_both_people_are_held() {
        let database = SqliteDatabase::in_memory();
        assert!(accepted(&sign_in(&database, "a", "-1")));
        assert!(accepted(&sign_in(&database, "b", "-2")));
        assert_eq!(sign_in(&database, "a", "-2"), Linked::Conflict);
        assert_eq!(sign_in(&database, "a", "-1"), Linked::Conflict);
        assert_eq!(sign_in(&database, "b", "-2"), Linked::Conflict);
    }

    #[test]
    fn two_subjects_for_one_patient_are_refused() {
        let database = SqliteDatabase::in_memory();
        assert!(accepted(&sign_in(&database, "a", "-1")));
        assert_eq!(sign_in(&database, "b", "-1"), Linked::Conflict);
        assert_eq!(sign_in(&database, "a", "-1"), Linked::Conflict);
    }

    #[test]
    fn subjects_that_differ_in_case_unicode_form_or_trailing_space_are_different_people() {
        let database = SqliteDatabase::in_memory();
        for (patient, subject) in ["abc", "abC", "abc ", "é", "e\u{301}", "x", &"y".repeat(255)]
            .iter()
            .enumerate()
        {
            assert!(
                accepted(&sign_in(&database, subject, &patient.to_string())),
                "{subject:?}"
            );
        }
    }

    #[test]
    fn the_store_refuses_a_subject_that_lost_a_byte() {
        let database = SqliteDatabase::in_memory();
        let insert = |subject: &[u8], length: i64| {
            block_on(database.execute(
                Durability::Durable,
                "INSERT INTO identity (issuer, subject, subject_length, patient_id, created_at, request_id) VALUES ('i', ?, ?, '-1', 0, 'r')",
                vec![Value::from(subject), Value::Integer(length)],
            ))
        };
        let error = insert(b"0b54e1a7-7c0d-4c4e-9d2b-61e3", 36).unwrap_err();
        assert!(error.0.contains("CHECK constraint failed"), "{error}");
        insert(b"0b54e1a7-7c0d-4c4e-9d2b-61e3f0a1b2c3", 36).unwrap();
    }

    #[test]
    fn the_store_refuses_to_change_a_link() {
        let database = SqliteDatabase::in_memory();
        sign_in(&database, "a", "-1");
        for column in [
            "issuer = 'x'",
            "subject = x'61'",
            "subject_length = 1",
            "patient_id = '-3'",
        ] {
            let sql = format!("UPDATE identity SET {column}");
            let error = block_on(database.execute(Durability::Durable, &sql, vec![])).unwrap_err();
            assert!(error.0.contains("never changed"), "{column}: {error}");
        }
    }
}
