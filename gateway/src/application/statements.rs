//! Registered applications.

use bluegate_shared::id::ClientId;

use crate::audit::event::Event;
use crate::base::ports::{Database, Durability, UnixMillis, Value};
use crate::base::secret::SecretHash;
use crate::base::store::row::{Row, StoreError, one};
use crate::oauth::application::{Application, AuthMethod, DataAccessType, GrantTypes, Status};
use crate::oauth::registration::Registration;

/// The columns of [`read`], for every statement that gives applications.
pub(crate) const COLUMNS: &str = "id, client_id, client_name, secret_hash, token_endpoint_auth_method, redirect_uris, scope, \
     data_access_type, requires_demographics, require_par, metadata, status, created_at, suspended_by_developer, updated_at, \
     CASE WHEN status = 'rejected' THEN decision_reason END";

/// Finds an application by its client id.
///
/// # Errors
///
/// The store's error.
pub async fn by_client_id(
    database: &dyn Database,
    client_id: &ClientId,
) -> Result<Option<Application>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM application WHERE client_id = ? AND status <> 'deleted'");
    let row = one(
        database,
        Durability::Relaxed,
        &sql,
        vec![client_id.as_str().into()],
    )
    .await?;
    row.as_ref().map(read).transpose()
}

/// Finds an application by its row id.
///
/// # Errors
///
/// The store's error.
pub async fn by_id(database: &dyn Database, id: i64) -> Result<Option<Application>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM application WHERE id = ?");
    let row = one(database, Durability::Durable, &sql, vec![id.into()]).await?;
    row.as_ref().map(read).transpose()
}

/// Writes a new application. Nothing is written where a name that looks like this one is taken.
///
/// # Errors
///
/// The store's error.
#[allow(clippy::too_many_arguments)]
pub async fn insert(
    database: &dyn Database,
    client_id: &ClientId,
    registration: &Registration,
    secret: Option<SecretHash>,
    registration_token: Option<SecretHash>,
    status: Status,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<Option<Application>, StoreError> {
    // Not ON CONFLICT DO NOTHING: the event is written before the row, so there must be none for nothing.
    let sql = format!(
        "INSERT INTO application (client_id, client_name, client_name_key, secret_hash, token_endpoint_auth_method,
             redirect_uris, scope, scope_bits, data_access_type, requires_demographics, require_par, metadata,
             registration_token_hash, status, created_at, updated_at, request_id, event)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18
         WHERE NOT EXISTS (SELECT 1 FROM application WHERE client_id = ?1 OR client_name_key = ?3)
         RETURNING {COLUMNS}"
    );
    let mut parameters = vec![
        client_id.as_str().into(),
        registration.name.as_str().into(),
        registration.name_key.as_str().into(),
        secret.into(),
    ];
    parameters.extend(described(registration));
    parameters.extend([
        registration_token.into(),
        status.as_str().into(),
        now.into(),
        now.into(),
        event.request_id.into(),
        event.carried(),
    ]);
    let row = one(database, Durability::Durable, &sql, parameters).await?;
    row.as_ref().map(read).transpose()
}

/// Finds an application by its client id and registration token.
///
/// # Errors
///
/// The store's error.
pub async fn by_registration_token(
    database: &dyn Database,
    client_id: &ClientId,
    token: SecretHash,
) -> Result<Option<Application>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM application WHERE client_id = ? AND registration_token_hash = ? AND status <> 'deleted'"
    );
    let row = one(
        database,
        Durability::Durable,
        &sql,
        vec![client_id.as_str().into(), token.into()],
    )
    .await?;
    row.as_ref().map(read).transpose()
}

/// Ends an application that nobody was told about, where its registration was stored all the same: its name
/// becomes free again.
///
/// # Errors
///
/// The store's error; the name then stays taken.
pub async fn discard(
    database: &dyn Database,
    client_id: &ClientId,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<bool, StoreError> {
    end(database, "client_id", client_id.as_str().into(), now, event).await
}

/// Replaces the metadata of an application (RFC 7592, section 2.2), and its secret where a new one is given.
/// Nothing is written where the name is another application's.
///
/// `fresh` is the status of a new registration. Where that waits for an operator, so does an active application, unless
/// it is still what one approved; one that was rejected comes in anew. Decided here, since an operator may act at once.
///
/// # Errors
///
/// The store's error.
pub async fn update(
    database: &dyn Database,
    id: i64,
    registration: &Registration,
    secret: Option<SecretHash>,
    fresh: Status,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<Option<Application>, StoreError> {
    let sql = format!(
        "UPDATE application SET client_name = ?, client_name_key = ?, secret_hash = CASE WHEN ? THEN COALESCE(?, secret_hash) END,
             token_endpoint_auth_method = ?, redirect_uris = ?, scope = ?, scope_bits = ?, data_access_type = ?,
             requires_demographics = ?, require_par = ?, metadata = ?,
             status = CASE WHEN status = 'rejected' OR (status = 'active' AND approved_metadata IS NOT ?) THEN ? ELSE status END,
             updated_at = ?, request_id = ?, event = ?
         WHERE id = ? AND status <> 'deleted'
           AND NOT EXISTS (SELECT 1 FROM application other WHERE other.client_name_key = ? AND other.id <> application.id)
         RETURNING {COLUMNS}"
    );
    let mut parameters = vec![
        registration.name.as_str().into(),
        registration.name_key.as_str().into(),
        registration.auth_method.has_secret().into(),
        secret.into(),
    ];
    parameters.extend(described(registration));
    parameters.extend([
        metadata(registration),
        fresh.as_str().into(),
        now.into(),
        event.request_id.into(),
        event.carried(),
        id.into(),
        registration.name_key.as_str().into(),
    ]);
    let row = one(database, Durability::Durable, &sql, parameters).await?;
    row.as_ref().map(read).transpose()
}

/// An operator changes the status, where it is one of `from`, for any reason but a decision about the sheet. An operator's suspension takes the place of a
/// developer's, so that only operators end it.
///
/// # Errors
///
/// The store's error.
pub async fn set_status(
    database: &dyn Database,
    client_id: &ClientId,
    from: [Status; 2],
    to: Status,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<Option<Application>, StoreError> {
    let sql = format!(
        "UPDATE application SET status = ?1, suspended_by_developer = 0, updated_at = ?2, request_id = ?3, event = ?4
         WHERE client_id = ?5
           AND (status IN (?6, ?7) OR (suspended_by_developer AND status = 'suspended' AND ?1 = 'suspended'))
         RETURNING {COLUMNS}"
    );
    let parameters = vec![
        to.as_str().into(),
        now.into(),
        event.request_id.into(),
        event.carried(),
        client_id.as_str().into(),
        from[0].as_str().into(),
        from[1].as_str().into(),
    ];
    let row = one(database, Durability::Durable, &sql, parameters).await?;
    row.as_ref().map(read).transpose()
}

/// Deletes an application: its row stays for the audit, its name becomes free, and by trigger every grant to
/// it ends. True where it was not deleted before.
///
/// # Errors
///
/// The store's error.
pub async fn delete(
    database: &dyn Database,
    id: i64,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<bool, StoreError> {
    end(database, "id", id.into(), now, event).await
}

async fn end(
    database: &dyn Database,
    column: &'static str,
    key: Value,
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<bool, StoreError> {
    let sql = format!(
        "UPDATE application SET status = 'deleted', client_name_key = client_id, secret_hash = NULL,
             registration_token_hash = NULL, updated_at = ?, request_id = ?, event = ?
         WHERE {column} = ? AND status <> 'deleted' RETURNING 1"
    );
    let parameters = vec![now.into(), event.request_id.into(), event.carried(), key];
    Ok(one(database, Durability::Durable, &sql, parameters)
        .await?
        .is_some())
}

/// Replaces the redirect URIs of an application where they differ: for the sandbox's own demo, whose address
/// follows `public_base_url`.
///
/// # Errors
///
/// The store's error.
pub async fn set_redirect_uris(
    database: &dyn Database,
    client_id: &ClientId,
    redirect_uris: &[String],
    now: UnixMillis,
    event: &Event<'_>,
) -> Result<(), StoreError> {
    let list = json_list(redirect_uris);
    one(
        database,
        Durability::Durable,
        "UPDATE application SET redirect_uris = ?, metadata = json_set(metadata, '$.redirect_uris', json(?)), updated_at = ?, request_id = ?, event = ?
         WHERE client_id = ? AND redirect_uris <> ?",
        vec![
            list.as_str().into(),
            list.as_str().into(),
            now.into(),
            event.request_id.into(),
            event.carried(),
            client_id.as_str().into(),
            list.as_str().into(),
        ],
    )
    .await
    .map(drop)
}

/// What a registration says, in the order of the columns from `token_endpoint_auth_method` to `metadata`.
fn described(registration: &Registration) -> [Value; 8] {
    [
        registration.auth_method.as_str().into(),
        json_list(&registration.redirect_uris).into(),
        registration.scopes.to_string().into(),
        registration.scopes.permissions().bits().into(),
        registration.data_access_type.as_str().into(),
        registration.requires_demographics.into(),
        registration.require_par.into(),
        metadata(registration),
    ]
}

fn metadata(registration: &Registration) -> Value {
    serde_json::Value::Object(registration.metadata.clone())
        .to_string()
        .into()
}

fn json_list(items: &[String]) -> String {
    serde_json::Value::from(items.to_vec()).to_string()
}

pub(crate) fn read(row: &Row) -> Result<Application, StoreError> {
    let metadata: serde_json::Value =
        serde_json::from_str(row.text(10)?).map_err(StoreError::of_json("application.metadata"))?;
    let granted = |name: &str| {
        metadata["grant_types"]
            .as_array()
            .is_some_and(|list| list.iter().any(|kind| kind == name))
    };
    Ok(Application {
        id: row.integer(0)?,
        client_id: ClientId::parse(row.text(1)?)
            .map_err(StoreError::of("application.client_id"))?,
        name: row.text(2)?.to_owned(),
        secret_hash: row.optional_blob(3)?.map(<[u8]>::to_vec),
        auth_method: AuthMethod::parse(row.text(4)?)
            .ok_or(StoreError::Shape("application.token_endpoint_auth_method"))?,
        redirect_uris: serde_json::from_str(row.text(5)?)
            .map_err(StoreError::of_json("application.redirect_uris"))?,
        scopes: row.scopes(6)?,
        data_access_type: DataAccessType::parse(row.text(7)?)
            .ok_or(StoreError::Shape("application.data_access_type"))?,
        requires_demographics: row.flag(8)?,
        require_par: row.flag(9)?,
        grant_types: GrantTypes {
            authorization_code: granted("authorization_code"),
            refresh_token: granted("refresh_token"),
            implicit: granted("implicit"),
        },
        metadata: row.text(10)?.to_owned(),
        status: Status::parse(row.text(11)?).ok_or(StoreError::Shape("application.status"))?,
        created_at: row.instant(12)?,
        suspended_by_developer: row.flag(13)?,
        updated_at: row.instant(14)?,
        rejected_because: row.optional_text(15)?.map(str::to_owned),
    })
}
