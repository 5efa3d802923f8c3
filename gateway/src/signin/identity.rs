//! Who signed in, and which patient that is (docs/contract/03-sign-in.md).

use bluegate_shared::id::{Issuer, PatientId, Subject};

use crate::audit::event::{Event, Level};
use crate::base::ports::{Database, Durability, UnixMillis};
use crate::base::store::row::{Row, StoreError, one};
use crate::base::version::PatientIds;

/// A link between a subject and a patient.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// Row id.
    pub id: i64,
    /// The patient.
    pub patients: PatientIds,
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

/// Who signs in, and what the audit calls the two ids.
#[allow(clippy::exhaustive_structs)]
#[derive(Clone, Copy)]
pub struct SignIn<'a> {
    /// The provider.
    pub issuer: &'a Issuer,
    /// The person at the provider.
    pub subject: &'a Subject,
    /// The person at the claims backend.
    pub found: &'a PatientIds,
    /// Keyed hash of the patient id.
    pub person: &'a [u8],
    /// Keyed hash of issuer and subject.
    pub account: &'a [u8],
    /// Id of the key of both.
    pub key_id: &'a str,
    /// Now.
    pub now: UnixMillis,
    /// What the audit says of a link; of a conflict it says another action.
    pub event: &'a Event<'a>,
}

/// Links a subject to the patient that was found, or confirms the link, or records the conflict. Never
/// overwrites: an id of v3 is filled in where the link has none yet, and a sign-in that finds none there
/// leaves the link as it is.
///
/// # Errors
///
/// The store's error.
pub async fn link(database: &dyn Database, sign_in: SignIn<'_>) -> Result<Linked, StoreError> {
    let found = sign_in.found;
    let known = by_subject(database, sign_in).await?;
    let known = match known {
        Some(identity) => Some(identity),
        None => insert(database, sign_in).await?,
    };
    // A link that another request made between the two statements is found by reading once more.
    let known = match known {
        Some(identity) => Some(identity),
        None => by_subject(database, sign_in).await?,
    };
    let known = match (known, found.v3()) {
        (Some(identity), Some(v3)) if lacks_v3(&identity, found) => {
            fill(database, identity.id, v3, sign_in.event).await?;
            by_subject(database, sign_in).await?
        }
        (known, _) => known,
    };
    let reason = match known {
        Some(identity) if agree(&identity.patients, found) => {
            return Ok(if identity.held {
                Linked::Conflict
            } else {
                Linked::Identity(identity)
            });
        }
        // Held already: whatever v3 says counts only once that is resolved.
        Some(identity) if identity.held && lacks_v3(&identity, found) => {
            return Ok(Linked::Conflict);
        }
        // Its id of v3 could not be filled in: it is somebody else's.
        Some(identity) if lacks_v3(&identity, found) => "patient_taken",
        Some(_) => "patient_changed",
        None => "patient_taken",
    };
    record_conflict(database, sign_in, reason).await?;
    Ok(Linked::Conflict)
}

/// Whether a sign-in found the person of the link. A version in which it found nobody says nothing.
fn agree(linked: &PatientIds, found: &PatientIds) -> bool {
    linked.shared() == found.shared() && (found.v3().is_none() || linked.v3() == found.v3())
}

/// Whether the link has no id of v3 yet, and is the person's otherwise.
fn lacks_v3(identity: &Identity, found: &PatientIds) -> bool {
    identity.patients.v3().is_none() && identity.patients.shared() == found.shared()
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
        "SELECT id, patient_id, held_at, patient_id_v3 FROM identity WHERE id = ? AND held_at IS NULL AND ended_at IS NULL",
        vec![id.into()],
    )
    .await?;
    Ok(row
        .as_ref()
        .map(identity)
        .transpose()?
        .map(|identity| identity.patients.shared().clone()))
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
    sign_in: SignIn<'_>,
) -> Result<Option<Identity>, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        "SELECT id, patient_id, held_at, patient_id_v3 FROM identity
         WHERE issuer = ? AND subject = ? AND ended_at IS NULL",
        vec![
            sign_in.issuer.as_str().into(),
            Vec::from(sign_in.subject.whole()).into(),
        ],
    )
    .await?;
    row.as_ref().map(identity).transpose()
}

/// Nothing is linked while a conflict about the subject or a patient is unresolved: both people are held, also
/// where one of them has no link yet. Not ON CONFLICT DO NOTHING: the event is written before the row, so
/// there must be none for nothing.
async fn insert(
    database: &dyn Database,
    sign_in: SignIn<'_>,
) -> Result<Option<Identity>, StoreError> {
    let row = one(
        database,
        Durability::Durable,
        "INSERT INTO identity (issuer, subject, subject_length, patient_id, patient_id_v3, person, account, key_id,
             created_at, request_id, event)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11
         WHERE NOT EXISTS (SELECT 1 FROM identity_conflict
                           WHERE resolved_at IS NULL
                             AND ((issuer = ?1 AND subject = ?2) OR patient_id = ?4 OR patient_id_v3 = ?5))
           AND NOT EXISTS (SELECT 1 FROM identity WHERE ended_at IS NULL AND issuer = ?1 AND subject = ?2)
           AND NOT EXISTS (SELECT 1 FROM identity WHERE ended_at IS NULL AND patient_id = ?4)
           AND NOT EXISTS (SELECT 1 FROM identity WHERE ended_at IS NULL AND patient_id_v3 = ?5)
         RETURNING id, patient_id, held_at, patient_id_v3",
        vec![
            sign_in.issuer.as_str().into(),
            Vec::from(sign_in.subject.whole()).into(),
            length(sign_in.subject).into(),
            sign_in.found.shared().as_str().into(),
            sign_in.found.v3().map(PatientId::as_str).into(),
            sign_in.person.into(),
            sign_in.account.into(),
            sign_in.key_id.into(),
            sign_in.now.into(),
            sign_in.event.request_id.into(),
            sign_in.event.carried(),
        ],
    )
    .await?;
    row.as_ref().map(identity).transpose()
}

/// Gives a link its id of v3, where it has none and nobody else has that one.
async fn fill(
    database: &dyn Database,
    id: i64,
    v3: &PatientId,
    event: &Event<'_>,
) -> Result<(), StoreError> {
    let event = Event {
        code: "v3",
        ..event.clone()
    };
    one(
        database,
        Durability::Durable,
        "UPDATE identity SET patient_id_v3 = ?1, request_id = ?2, event = ?3
         WHERE id = ?4 AND patient_id_v3 IS NULL AND held_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM identity WHERE ended_at IS NULL AND patient_id_v3 = ?1)",
        vec![
            v3.as_str().into(),
            event.request_id.into(),
            event.carried(),
            id.into(),
        ],
    )
    .await
    .map(drop)
}

async fn record_conflict(
    database: &dyn Database,
    sign_in: SignIn<'_>,
    reason: &'static str,
) -> Result<(), StoreError> {
    // The alert is the event of the refused sign-in itself; this one says what was found.
    let event = Event {
        action: "identity.conflict",
        outcome: "refused",
        code: reason,
        level: Level::Warning,
        ..sign_in.event.clone()
    };
    one(
        database,
        Durability::Durable,
        "INSERT INTO identity_conflict (issuer, subject, subject_length, patient_id, patient_id_v3, person, account, key_id,
             reason, seen_at, request_id, event)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        vec![
            sign_in.issuer.as_str().into(),
            Vec::from(sign_in.subject.whole()).into(),
            length(sign_in.subject).into(),
            sign_in.found.shared().as_str().into(),
            sign_in.found.v3().map(PatientId::as_str).into(),
            sign_in.person.into(),
            sign_in.account.into(),
            sign_in.key_id.into(),
            reason.into(),
            sign_in.now.into(),
            event.request_id.into(),
            event.carried(),
        ],
    )
    .await
    .map(drop)
}

fn identity(row: &Row) -> Result<Identity, StoreError> {
    Ok(Identity {
        id: row.integer(0)?,
        patients: row.patients(1, 3)?,
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
    use crate::base::adapters::native::SqliteDatabase;
    use crate::base::ports::Value;

    const NOW: UnixMillis = UnixMillis(1_000);

    fn sign_in(database: &SqliteDatabase, subject: &str, patient: &str) -> Linked {
        sign_in_v3(database, subject, patient, None)
    }

    fn sign_in_v3(
        database: &SqliteDatabase,
        subject: &str,
        patient: &str,
        v3: Option<&str>,
    ) -> Linked {
        let parse = |id| PatientId::parse(id).unwrap();
        let event = Event {
            started_at: NOW,
            ended_at: NOW,
            request_id: "r",
            flow_id: "",
            actor: "beneficiary",
            client_id: "",
            person: &[],
            account: &[],
            action: "identity.link",
            outcome: "ok",
            code: "",
            level: Level::Info,
        };
        let sign_in = SignIn {
            issuer: &Issuer::new("https://id.example"),
            subject: &Subject::parse(subject).unwrap(),
            found: &PatientIds::new(parse(patient), v3.map(parse)),
            person: &[1; 32],
            account: &[2; 32],
            key_id: "k",
            now: NOW,
            event: &event,
        };
        block_on(link(database, sign_in)).unwrap()
    }

    fn v3_of(linked: &Linked) -> Option<&str> {
        match linked {
            Linked::Identity(identity) => identity.patients.v3().map(PatientId::as_str),
            Linked::Conflict => panic!("a conflict"),
        }
    }

    fn conflicts(database: &SqliteDatabase) -> Vec<Vec<Value>> {
        let sql = "SELECT subject, patient_id_v3, reason FROM identity_conflict ORDER BY id";
        block_on(database.execute(Durability::Durable, sql, vec![])).unwrap()
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
    fn whoever_is_in_conflict_without_a_link_is_not_linked_later() {
        let database = SqliteDatabase::in_memory();
        assert!(accepted(&sign_in(&database, "a", "-1")));
        assert_eq!(sign_in(&database, "b", "-1"), Linked::Conflict);
        assert_eq!(sign_in(&database, "b", "-2"), Linked::Conflict);
        assert_eq!(sign_in(&database, "a", "-3"), Linked::Conflict);
        assert_eq!(sign_in(&database, "c", "-3"), Linked::Conflict);
        assert!(accepted(&sign_in(&database, "d", "-4")));
    }

    #[test]
    fn an_id_of_v3_is_filled_in_once_and_stays() {
        let database = SqliteDatabase::in_memory();
        assert_eq!(v3_of(&sign_in(&database, "a", "-1")), None);
        assert_eq!(
            v3_of(&sign_in_v3(&database, "a", "-1", Some("700"))),
            Some("700")
        );
        // A version that finds nobody says nothing about the link.
        assert_eq!(v3_of(&sign_in(&database, "a", "-1")), Some("700"));
        assert_eq!(
            v3_of(&sign_in_v3(&database, "b", "-2", Some("701"))),
            Some("701")
        );
        assert_eq!(conflicts(&database), Vec::<Vec<Value>>::new());
    }

    #[test]
    fn the_id_spaces_are_apart() {
        let database = SqliteDatabase::in_memory();
        // The same number is another person in the other space.
        assert!(accepted(&sign_in_v3(&database, "a", "-1", Some("-2"))));
        assert!(accepted(&sign_in_v3(&database, "b", "-2", Some("-1"))));
    }

    #[test]
    fn a_changed_id_of_v3_is_refused_and_both_people_are_held() {
        let database = SqliteDatabase::in_memory();
        assert!(accepted(&sign_in_v3(&database, "a", "-1", Some("700"))));
        assert!(accepted(&sign_in_v3(&database, "b", "-2", Some("701"))));
        assert!(accepted(&sign_in_v3(&database, "c", "-3", Some("702"))));
        assert_eq!(
            sign_in_v3(&database, "a", "-1", Some("701")),
            Linked::Conflict
        );
        let [subject, v3, reason] = &conflicts(&database)[0][..] else {
            panic!("no conflict");
        };
        assert_eq!(subject, &Value::Blob(b"a".to_vec()));
        assert_eq!(v3, &Value::from("701"));
        assert_eq!(reason, &Value::from("patient_changed"));
        for (subject, patient, v3) in [("a", "-1", "700"), ("b", "-2", "701")] {
            assert_eq!(
                sign_in_v3(&database, subject, patient, Some(v3)),
                Linked::Conflict
            );
        }
        assert!(accepted(&sign_in_v3(&database, "c", "-3", Some("702"))));
    }

    #[test]
    fn an_id_of_v3_that_somebody_has_is_refused_and_both_people_are_held() {
        for known in [false, true] {
            let database = SqliteDatabase::in_memory();
            assert!(accepted(&sign_in_v3(&database, "a", "-1", Some("700"))));
            if known {
                assert!(accepted(&sign_in(&database, "b", "-2")));
            }
            assert_eq!(
                sign_in_v3(&database, "b", "-2", Some("700")),
                Linked::Conflict
            );
            assert_eq!(conflicts(&database)[0][2], Value::from("patient_taken"));
            for (subject, patient, v3) in [("a", "-1", Some("700")), ("b", "-2", None)] {
                assert_eq!(
                    sign_in_v3(&database, subject, patient, v3),
                    Linked::Conflict
                );
            }
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
    fn the_store_refuses_what_is_no_patient_id_in_either_space() {
        let database = SqliteDatabase::in_memory();
        for id in ["", "-", "--1", "x", "1 ", "1-2", "123456789012345678901"] {
            for (shared, v3) in [(id, "1"), ("1", id)] {
                let error = block_on(database.execute(
                    Durability::Durable,
                    "INSERT INTO identity (issuer, subject, subject_length, patient_id, patient_id_v3, created_at, request_id)
                     VALUES ('i', x'61', 1, ?, ?, 0, 'r')",
                    vec![shared.into(), v3.into()],
                ))
                .unwrap_err();
                assert!(error.0.contains("CHECK constraint failed"), "{id}: {error}");
            }
        }
    }

    #[test]
    fn the_store_refuses_to_change_a_link() {
        let database = SqliteDatabase::in_memory();
        sign_in_v3(&database, "a", "-1", Some("700"));
        for column in [
            "issuer = 'x'",
            "subject = x'61'",
            "subject_length = 1",
            "patient_id = '-3'",
            "patient_id_v3 = '701'",
            "patient_id_v3 = NULL",
        ] {
            let sql = format!("UPDATE identity SET {column}");
            let error = block_on(database.execute(Durability::Durable, &sql, vec![])).unwrap_err();
            assert!(error.0.contains("never changed"), "{column}: {error}");
        }
    }
}
