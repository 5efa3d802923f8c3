-- The store of the gateway; its version is in migrate.rs. docs/storage.md explains each table and state.
--
-- Rules: times are Unix milliseconds. Tokens, codes and ids of transactions are kept as SHA-256 only.
-- Rows that are purged while others still name them have ids that are never given out again (AUTOINCREMENT).
-- Every state change is ONE statement; what must happen with it happens in a trigger, so that no
-- transaction is ever held open by a component that may stop at any time.
--
-- `event` is the audit event of the action that changed the row last, as the statement carries it: a trigger
-- puts it into `audit` in the same commit. The triggers of both layers of the audit are made from the lists in
-- store/layers.rs and follow this file.

-- Who signed in and which patient that is. This table is where the fault of December 2019 is stopped
-- a second time: a subject is stored byte for byte, beside the length that was measured where the
-- id_token was parsed, and neither side of the link can occur twice. v3 numbers people differently, so
-- that its id has a column, and an id space, of its own; not everybody has one.
CREATE TABLE identity (
    id             INTEGER PRIMARY KEY,
    issuer         TEXT    NOT NULL CHECK (issuer <> ''),
    subject        BLOB    NOT NULL CHECK (typeof(subject) = 'blob'),
    subject_length INTEGER NOT NULL CHECK (subject_length BETWEEN 1 AND 255),
    patient_id     TEXT    NOT NULL CHECK (
        length(patient_id) BETWEEN 1 AND 20
        AND ltrim(patient_id, '-') <> ''
        AND ltrim(patient_id, '-') NOT GLOB '*[^0-9]*'
        AND length(patient_id) - length(ltrim(patient_id, '-')) <= 1),
    patient_id_v3  TEXT CHECK (
        length(patient_id_v3) BETWEEN 1 AND 20
        AND ltrim(patient_id_v3, '-') <> ''
        AND ltrim(patient_id_v3, '-') NOT GLOB '*[^0-9]*'
        AND length(patient_id_v3) - length(ltrim(patient_id_v3, '-')) <= 1),
    -- Keyed hashes (`audit_key`) of `patient_id` and of issuer and subject: what the audit calls them.
    person         BLOB,
    account        BLOB,
    key_id         TEXT,
    held_at        INTEGER,
    created_at     INTEGER NOT NULL,
    -- Ended by two operators; the row stays for the audit, and the person signs in anew.
    ended_at       INTEGER,
    request_id     TEXT    NOT NULL,
    event          TEXT,
    CHECK (length(subject) = subject_length)
) STRICT;
CREATE UNIQUE INDEX identity_of_subject ON identity (issuer, subject) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX identity_of_patient ON identity (patient_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX identity_of_patient_v3 ON identity (patient_id_v3) WHERE ended_at IS NULL;

-- A link is never rewritten. (Operators resolve conflicts by ending one link, never by editing it.)
CREATE TRIGGER identity_is_final
BEFORE UPDATE OF issuer, subject, subject_length, patient_id ON identity
BEGIN
    SELECT RAISE(ABORT, 'an identity link is never changed');
END;

-- The id of v3 may be filled in, once: at the first sign-in after v3 was switched on.
CREATE TRIGGER identity_is_final_in_v3
BEFORE UPDATE OF patient_id_v3 ON identity WHEN OLD.patient_id_v3 IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'an identity link is never changed');
END;

-- A sign-in that would have broken the one-to-one rule, with the patient ids that it found. Both people are
-- held until operators resolve it.
CREATE TABLE identity_conflict (
    id             INTEGER PRIMARY KEY,
    issuer         TEXT    NOT NULL,
    subject        BLOB    NOT NULL,
    subject_length INTEGER NOT NULL,
    patient_id     TEXT    NOT NULL,
    patient_id_v3  TEXT,
    person         BLOB,
    account        BLOB,
    key_id         TEXT,
    reason         TEXT    NOT NULL CHECK (reason IN ('patient_changed', 'patient_taken')),
    seen_at        INTEGER NOT NULL,
    resolved_at    INTEGER,
    request_id     TEXT    NOT NULL,
    event          TEXT,
    CHECK (length(subject) = subject_length)
) STRICT;
CREATE INDEX identity_conflict_by_subject ON identity_conflict (issuer, subject) WHERE resolved_at IS NULL;

CREATE TRIGGER identity_conflict_holds_both
AFTER INSERT ON identity_conflict
BEGIN
    UPDATE identity SET held_at = NEW.seen_at, request_id = NEW.request_id
    WHERE held_at IS NULL AND ended_at IS NULL
      AND ((issuer = NEW.issuer AND subject = NEW.subject)
           OR patient_id = NEW.patient_id OR patient_id_v3 = NEW.patient_id_v3);
END;

CREATE TRIGGER identity_stays_ended
BEFORE UPDATE OF ended_at ON identity WHEN OLD.ended_at IS NOT NULL AND NEW.ended_at IS NOT OLD.ended_at
BEGIN
    SELECT RAISE(ABORT, 'an ended link stays ended');
END;

-- The way out of a conflict: one operator proposes to end a link, another one confirms it.
CREATE TABLE identity_resolution (
    id           INTEGER PRIMARY KEY,
    identity_id  INTEGER NOT NULL REFERENCES identity (id),
    reason       TEXT    NOT NULL CHECK (reason <> ''),
    proposed_by  TEXT    NOT NULL CHECK (proposed_by <> ''),
    proposed_at  INTEGER NOT NULL,
    confirmed_by TEXT             CHECK (confirmed_by <> '' AND confirmed_by <> proposed_by),
    confirmed_at INTEGER          CHECK ((confirmed_at IS NULL) = (confirmed_by IS NULL)),
    request_id   TEXT    NOT NULL,
    event        TEXT
) STRICT;
CREATE UNIQUE INDEX identity_resolution_open ON identity_resolution (identity_id) WHERE confirmed_at IS NULL;

-- The link ends, and with it what was granted on its strength; the conflicts that it was part of are resolved,
-- and who was held by nothing else is held no more.
CREATE TRIGGER identity_resolution_confirmed
AFTER UPDATE OF confirmed_at ON identity_resolution
WHEN OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL
BEGIN
    UPDATE identity SET ended_at = NEW.confirmed_at, request_id = NEW.request_id
    WHERE id = NEW.identity_id AND ended_at IS NULL;

    UPDATE consent_grant SET ended_at = NEW.confirmed_at, end_reason = 'identity_ended', request_id = NEW.request_id
    WHERE identity_id = NEW.identity_id AND ended_at IS NULL;

    UPDATE authorization_request SET identity_id = NULL, signed_in_at = NULL, request_id = NEW.request_id
    WHERE identity_id = NEW.identity_id AND decided_at IS NULL;

    UPDATE identity_conflict SET resolved_at = NEW.confirmed_at, request_id = NEW.request_id
    WHERE resolved_at IS NULL
      AND EXISTS (SELECT 1 FROM identity i WHERE i.id = NEW.identity_id
                  AND ((i.issuer = identity_conflict.issuer AND i.subject = identity_conflict.subject)
                       OR i.patient_id = identity_conflict.patient_id
                       OR i.patient_id_v3 = identity_conflict.patient_id_v3));

    UPDATE identity SET held_at = NULL, request_id = NEW.request_id
    WHERE held_at IS NOT NULL AND ended_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM identity_conflict c
                      WHERE c.resolved_at IS NULL
                        AND ((c.issuer = identity.issuer AND c.subject = identity.subject)
                             OR c.patient_id = identity.patient_id
                             OR c.patient_id_v3 = identity.patient_id_v3));
END;

-- OAuth clients. `client_name_key` is what names that look alike have in common (gateway/oauth/src/name.rs): it is unique.
CREATE TABLE application (
    id                         INTEGER PRIMARY KEY,
    client_id                  TEXT    NOT NULL UNIQUE CHECK (length(client_id) = 40 AND client_id NOT GLOB '*[^A-Za-z0-9]*'),
    client_name                TEXT    NOT NULL,
    client_name_key            TEXT    NOT NULL UNIQUE,
    secret_hash                BLOB             CHECK (secret_hash IS NULL OR length(secret_hash) = 32),
    token_endpoint_auth_method TEXT    NOT NULL CHECK (token_endpoint_auth_method IN ('client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none')),
    redirect_uris              TEXT    NOT NULL CHECK (json_valid(redirect_uris)),
    scope                      TEXT    NOT NULL,
    scope_bits                 INTEGER NOT NULL,
    data_access_type           TEXT    NOT NULL CHECK (data_access_type IN ('THIRTEEN_MONTH', 'ONE_TIME', 'RESEARCH_STUDY')),
    requires_demographics      INTEGER NOT NULL CHECK (requires_demographics IN (0, 1)),
    require_par                INTEGER NOT NULL DEFAULT 0 CHECK (require_par IN (0, 1)),
    -- The remaining RFC 7591 metadata, as the JSON object that a registration answers with.
    metadata                   TEXT    NOT NULL CHECK (json_valid(metadata)),
    registration_token_hash    BLOB             CHECK (registration_token_hash IS NULL OR length(registration_token_hash) = 32),
    status                     TEXT    NOT NULL CHECK (status IN ('pending', 'active', 'rejected', 'suspended', 'deleted')),
    -- Suspended by its developer, who may let it go on; where an operator did it, only operators may.
    suspended_by_developer     INTEGER NOT NULL DEFAULT 0 CHECK (suspended_by_developer IN (0, 1)),
    -- `metadata` as an operator approved it last. Empty where nobody did, as in the sandbox.
    approved_metadata          TEXT             CHECK (json_valid(approved_metadata)),
    approved_at                INTEGER          CHECK ((approved_at IS NULL) = (approved_metadata IS NULL)),
    -- What the operator said who approved or rejected it last. The developer of one that is rejected reads it.
    decision_reason            TEXT             CHECK (length(decision_reason) BETWEEN 1 AND 1000),
    created_at                 INTEGER NOT NULL,
    updated_at                 INTEGER NOT NULL,
    request_id                 TEXT    NOT NULL,
    event                      TEXT
) STRICT;

-- Logos, uploaded by whoever has the registration token, served by the gateway: no page of ours loads a picture
-- from elsewhere.
CREATE TABLE application_logo (
    application_id      INTEGER PRIMARY KEY REFERENCES application (id),
    media_type          TEXT    NOT NULL CHECK (media_type IN ('image/png', 'image/jpeg')),
    bytes               BLOB    NOT NULL CHECK (length(bytes) BETWEEN 1 AND 102400),
    updated_at          INTEGER NOT NULL,
    -- The picture that the application had when an operator approved it last.
    approved_media_type TEXT,
    approved_bytes      BLOB             CHECK ((approved_bytes IS NULL) = (approved_media_type IS NULL)),
    request_id          TEXT    NOT NULL,
    event               TEXT
) STRICT;

-- Applications as people may see them: where an operator has not approved what is registered now, as it was approved.
-- (Only operators see what was never approved, and its name in the message that it is inactive.)
CREATE VIEW application_shown AS
SELECT id, client_id, status,
       IIF(status = 'active' OR approved_at IS NULL, client_name, json_extract(approved_metadata, '$.client_name')) AS client_name,
       status = 'active' OR (status = 'suspended' AND approved_at IS NULL) AS as_registered
FROM application;

-- What is approved is approved with the picture that it has.
CREATE TRIGGER application_approved
AFTER UPDATE OF approved_at ON application
WHEN NEW.approved_at IS NOT NULL
BEGIN
    UPDATE application_logo SET approved_media_type = media_type, approved_bytes = bytes, request_id = NEW.request_id
    WHERE application_id = NEW.id;
END;

-- Where an operator approved an application, another picture waits for one, as any other change does.
CREATE TRIGGER application_logo_added
AFTER INSERT ON application_logo
BEGIN
    UPDATE application SET status = 'pending', updated_at = NEW.updated_at, request_id = NEW.request_id
    WHERE id = NEW.application_id AND status = 'active' AND approved_at IS NOT NULL;
END;
CREATE TRIGGER application_logo_replaced
AFTER UPDATE OF bytes ON application_logo
WHEN NEW.bytes IS NOT NEW.approved_bytes
BEGIN
    UPDATE application SET status = 'pending', updated_at = NEW.updated_at, request_id = NEW.request_id
    WHERE id = NEW.application_id AND status = 'active' AND approved_at IS NOT NULL;
END;

-- Accounts of developers at /developer/. `password_hash` is an Argon2id PHC string.
CREATE TABLE developer (
    id            INTEGER PRIMARY KEY,
    name          TEXT    NOT NULL,
    name_key      TEXT    NOT NULL UNIQUE,
    password_hash TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    request_id    TEXT    NOT NULL
) STRICT;

CREATE TABLE developer_session (
    session_hash BLOB    PRIMARY KEY CHECK (length(session_hash) = 32),
    developer_id INTEGER NOT NULL REFERENCES developer (id),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    request_id   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX developer_session_by_expiry ON developer_session (expires_at);

-- Whoever knew the former password is out.
CREATE TRIGGER developer_password_changed
AFTER UPDATE OF password_hash ON developer
BEGIN
    DELETE FROM developer_session WHERE developer_id = NEW.id;
END;

-- Whose application it is. Those that registered over RFC 7591 have no row.
CREATE TABLE developer_application (
    application_id INTEGER PRIMARY KEY REFERENCES application (id),
    developer_id   INTEGER NOT NULL REFERENCES developer (id)
) STRICT;
CREATE INDEX developer_application_by_developer ON developer_application (developer_id);

-- One consent of one person to one application. At most one is live for each pair.
CREATE TABLE consent_grant (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    identity_id      INTEGER NOT NULL REFERENCES identity (id),
    application_id   INTEGER NOT NULL REFERENCES application (id),
    scope            TEXT    NOT NULL,
    scope_bits       INTEGER NOT NULL,
    data_access_type TEXT    NOT NULL,
    -- Name and e-mail as the provider gave them, sealed with `store_key`; only where `profile` was granted.
    profile_sealed   BLOB,
    -- Of the consent that made it what it is.
    flow_id          TEXT    NOT NULL DEFAULT '',
    created_at       INTEGER NOT NULL,
    consented_at     INTEGER NOT NULL,
    expires_at       INTEGER,
    ended_at         INTEGER,
    end_reason       TEXT CHECK ((end_reason IS NULL) = (ended_at IS NULL)),
    request_id       TEXT    NOT NULL,
    event            TEXT
) STRICT;
CREATE UNIQUE INDEX consent_grant_live ON consent_grant (identity_id, application_id) WHERE ended_at IS NULL;
CREATE INDEX consent_grant_by_end ON consent_grant (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX consent_grant_by_expiry ON consent_grant (expires_at) WHERE ended_at IS NULL;

-- An authorization request on its way through sign-in and consent (docs/contract/02-authorize.md, step 5).
CREATE TABLE authorization_request (
    id_hash            BLOB    PRIMARY KEY CHECK (length(id_hash) = 32),
    browser_hash       BLOB    NOT NULL CHECK (length(browser_hash) = 32),
    application_id     INTEGER NOT NULL REFERENCES application (id),
    version            TEXT    NOT NULL,
    redirect_uri       TEXT    NOT NULL,
    redirect_uri_given INTEGER NOT NULL,
    client_state       TEXT    NOT NULL,
    -- 1 in the implicit flow: the code is redeemed by the gateway itself, with a challenge of its own.
    implicit           INTEGER NOT NULL CHECK (implicit IN (0, 1)),
    code_challenge     TEXT    NOT NULL CHECK (length(code_challenge) = 43),
    scope              TEXT    NOT NULL,
    scope_bits         INTEGER NOT NULL,
    language           TEXT    NOT NULL,
    flow_id            TEXT    NOT NULL,
    created_at         INTEGER NOT NULL,
    expires_at         INTEGER NOT NULL,
    identity_id        INTEGER REFERENCES identity (id),
    signed_in_at       INTEGER,
    -- Written by the decision, and by a narrower one after it; the trigger below makes grant and code of them.
    decided_at         INTEGER,
    decision           TEXT CHECK (decision IN ('allow', 'deny')),
    granted_scope      TEXT,
    granted_bits       INTEGER,
    data_access_type   TEXT,
    grant_expires_at   INTEGER,
    profile_sealed     BLOB,
    code_hash          BLOB,
    code_expires_at    INTEGER,
    -- Hashes of all cookies that the browser showed at the sign-in, as a JSON list of hexadecimal.
    browsers           TEXT,
    -- The grant as an Allow found it, as JSON: what a later Deny of the same request goes back to. Empty where
    -- there was none, and where the Allow narrowed it, which ended all that there was.
    former             TEXT,
    request_id         TEXT    NOT NULL,
    event              TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX authorization_request_by_expiry ON authorization_request (expires_at);
CREATE INDEX authorization_request_by_browser ON authorization_request (browser_hash);

-- A visit to /account/: begun when the browser is sent to sign in, a session once somebody did. The name is not
-- here: it travels in a sealed cookie.
CREATE TABLE account_session (
    transaction_hash BLOB    PRIMARY KEY CHECK (length(transaction_hash) = 32),
    browser_hash     BLOB    NOT NULL CHECK (length(browser_hash) = 32),
    session_hash     BLOB    UNIQUE CHECK (session_hash IS NULL OR length(session_hash) = 32),
    identity_id      INTEGER REFERENCES identity (id),
    language         TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    signed_in_at     INTEGER,
    -- As in `authorization_request`.
    browsers         TEXT,
    request_id       TEXT    NOT NULL,
    event            TEXT,
    CHECK ((session_hash IS NULL) = (identity_id IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX account_session_by_expiry ON account_session (expires_at);
CREATE INDEX account_session_by_browser ON account_session (browser_hash);

-- One person for a browser (docs/contract/02-authorize.md, step 5): a sign-in ends what the browser has of anybody
-- else, on the way to an application and at /account/, where it also ends the session before.
CREATE TRIGGER authorization_request_signed_in
AFTER UPDATE OF browsers ON authorization_request
WHEN NEW.browsers IS NOT NULL
BEGIN
    UPDATE account_session SET expires_at = NEW.signed_in_at, request_id = NEW.request_id
    WHERE browser_hash IN (SELECT unhex(value) FROM json_each(NEW.browsers))
      AND identity_id <> NEW.identity_id AND expires_at > NEW.signed_in_at;

    UPDATE authorization_request SET expires_at = NEW.signed_in_at, request_id = NEW.request_id
    WHERE browser_hash IN (SELECT unhex(value) FROM json_each(NEW.browsers))
      AND identity_id <> NEW.identity_id AND expires_at > NEW.signed_in_at;
END;

CREATE TRIGGER account_session_opened
AFTER UPDATE OF browsers ON account_session
WHEN NEW.browsers IS NOT NULL
BEGIN
    UPDATE account_session SET expires_at = NEW.signed_in_at, request_id = NEW.request_id
    WHERE browser_hash IN (SELECT unhex(value) FROM json_each(NEW.browsers))
      AND session_hash IS NOT NEW.session_hash AND identity_id IS NOT NULL AND expires_at > NEW.signed_in_at;

    UPDATE authorization_request SET expires_at = NEW.signed_in_at, request_id = NEW.request_id
    WHERE browser_hash IN (SELECT unhex(value) FROM json_each(NEW.browsers))
      AND identity_id <> NEW.identity_id AND expires_at > NEW.signed_in_at;
END;

-- Sign-out: an insert ends everything of a browser; the trigger is all there is. `session_hash` is that of /account/.
CREATE VIEW sign_out AS
SELECT browsers, session_hash, signed_in_at AS at, request_id, event FROM account_session WHERE 0;

CREATE TRIGGER sign_out_ends_sessions
INSTEAD OF INSERT ON sign_out
BEGIN
    UPDATE account_session SET expires_at = NEW.at, request_id = NEW.request_id
    WHERE (browser_hash IN (SELECT unhex(value) FROM json_each(NEW.browsers)) OR session_hash = NEW.session_hash)
      AND expires_at > NEW.at;

    UPDATE authorization_request SET expires_at = NEW.at, request_id = NEW.request_id
    WHERE browser_hash IN (SELECT unhex(value) FROM json_each(NEW.browsers)) AND expires_at > NEW.at;
END;

-- Sessions of operators at /ops/, by the hash of their cookie.
CREATE TABLE operator_session (
    session_hash BLOB    PRIMARY KEY CHECK (length(session_hash) = 32),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    request_id   TEXT    NOT NULL,
    event        TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX operator_session_by_expiry ON operator_session (expires_at);

-- Pushed authorization requests (RFC 9126), 90 seconds, used once, bound to their client.
CREATE TABLE pushed_request (
    uri_hash       BLOB    PRIMARY KEY CHECK (length(uri_hash) = 32),
    application_id INTEGER NOT NULL REFERENCES application (id),
    parameters     TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    used_at        INTEGER,
    request_id     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX pushed_request_by_expiry ON pushed_request (expires_at);

-- Client assertions that were accepted (RFC 7523): a `jti` counts once.
CREATE TABLE client_assertion (
    application_id INTEGER NOT NULL REFERENCES application (id),
    jti_hash       BLOB    NOT NULL CHECK (length(jti_hash) = 32),
    expires_at     INTEGER NOT NULL,
    PRIMARY KEY (application_id, jti_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX client_assertion_by_expiry ON client_assertion (expires_at);

-- The ids of codes, chains and grants are never given again (AUTOINCREMENT), also where the last rows were purged:
-- a chain keeps the id of its code, and the audit names rows by their ids.

-- Authorization codes. A used row stays as a tombstone, so that a replay is seen and ends the chain.
CREATE TABLE authorization_code (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    code_hash          BLOB    NOT NULL UNIQUE CHECK (length(code_hash) = 32),
    grant_id           INTEGER NOT NULL REFERENCES consent_grant (id),
    application_id     INTEGER NOT NULL REFERENCES application (id),
    redirect_uri       TEXT    NOT NULL,
    redirect_uri_given INTEGER NOT NULL,
    code_challenge     TEXT    NOT NULL,
    scope              TEXT    NOT NULL,
    scope_bits         INTEGER NOT NULL,
    flow_id            TEXT    NOT NULL,
    created_at         INTEGER NOT NULL,
    expires_at         INTEGER NOT NULL,
    used_at            INTEGER,
    -- Written once, by the redemption; the trigger below makes chain and access token of them.
    access_hash        BLOB,
    access_expires_at  INTEGER,
    refresh_hash       BLOB,
    -- Keyed hash of whoever consented, for the event of the redemption.
    person             BLOB,
    request_id         TEXT    NOT NULL,
    event              TEXT
) STRICT;
CREATE INDEX authorization_code_by_expiry ON authorization_code (expires_at);
CREATE INDEX authorization_code_by_grant ON authorization_code (grant_id);

-- The tokens that descend from one redeemed code. `refresh_hash` is the current refresh token.
CREATE TABLE token_chain (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    code_id           INTEGER NOT NULL UNIQUE,
    grant_id          INTEGER NOT NULL REFERENCES consent_grant (id),
    application_id    INTEGER NOT NULL REFERENCES application (id),
    scope             TEXT    NOT NULL,
    scope_bits        INTEGER NOT NULL,
    flow_id           TEXT    NOT NULL,
    created_at        INTEGER NOT NULL,
    refresh_hash      BLOB UNIQUE,
    previous_hash     BLOB,
    generation        INTEGER NOT NULL DEFAULT 0,
    rotated_at        INTEGER,
    -- Keyed hash of the address that rotated last: a repeat from another one may be somebody else's.
    rotated_from      BLOB,
    access_hash       BLOB,
    access_expires_at INTEGER,
    ended_at          INTEGER,
    end_reason        TEXT CHECK ((end_reason IS NULL) = (ended_at IS NULL)),
    request_id        TEXT    NOT NULL,
    event             TEXT
) STRICT;
CREATE INDEX token_chain_by_grant ON token_chain (grant_id);
CREATE INDEX token_chain_by_end ON token_chain (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX token_chain_by_previous ON token_chain (previous_hash) WHERE previous_hash IS NOT NULL;

CREATE TABLE access_token (
    token_hash BLOB    PRIMARY KEY CHECK (length(token_hash) = 32),
    chain_id   INTEGER NOT NULL REFERENCES token_chain (id),
    scope      TEXT    NOT NULL,
    scope_bits INTEGER NOT NULL,
    issued_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- Only where a statement of its own issues it: the repeat of a refresh.
    request_id TEXT,
    event      TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX access_token_by_expiry ON access_token (expires_at);
CREATE INDEX access_token_by_chain ON access_token (chain_id);

-- Refresh tokens that were rotated away, kept until the chain is purged: presenting one is reuse.
CREATE TABLE retired_refresh (
    token_hash BLOB    PRIMARY KEY CHECK (length(token_hash) = 32),
    chain_id   INTEGER NOT NULL REFERENCES token_chain (id),
    generation INTEGER NOT NULL,
    retired_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX retired_refresh_by_chain ON retired_refresh (chain_id);

-- A decision. One that follows another of the same request takes that one back first; it is a narrower one, since
-- the statement that decides lets no other through (gateway/src/authorize/statements.rs). An Allow then ends the earlier tokens
-- where scopes were narrowed, and writes grant and code.
CREATE TRIGGER authorization_request_decided
AFTER UPDATE OF decision ON authorization_request
WHEN NEW.decision IS NOT OLD.decision OR NEW.granted_scope IS NOT OLD.granted_scope
BEGIN
    UPDATE authorization_code SET expires_at = MIN(expires_at, NEW.decided_at), request_id = NEW.request_id
    WHERE code_hash = OLD.code_hash AND used_at IS NULL;

    UPDATE token_chain SET ended_at = NEW.decided_at, end_reason = 'taken_back', request_id = NEW.request_id
    WHERE ended_at IS NULL AND code_id = (SELECT id FROM authorization_code WHERE code_hash = OLD.code_hash);

    -- What another request found was this consent: now it is what this one found.
    UPDATE authorization_request SET former = OLD.former
    WHERE OLD.decision = 'allow' AND identity_id = NEW.identity_id AND application_id = NEW.application_id
      AND json_extract(former, '$.flow_id') = NEW.flow_id;

    -- The grant goes back to what it was, or ends, unless a later consent has made something else of it.
    UPDATE consent_grant SET
        scope = json_extract(OLD.former, '$.scope'), scope_bits = json_extract(OLD.former, '$.scope_bits'),
        data_access_type = json_extract(OLD.former, '$.data_access_type'),
        profile_sealed = unhex(json_extract(OLD.former, '$.profile_sealed')),
        flow_id = json_extract(OLD.former, '$.flow_id'), consented_at = json_extract(OLD.former, '$.consented_at'),
        expires_at = json_extract(OLD.former, '$.expires_at'), request_id = NEW.request_id
    WHERE OLD.decision = 'allow' AND OLD.former IS NOT NULL
      AND identity_id = NEW.identity_id AND application_id = NEW.application_id AND ended_at IS NULL
      AND flow_id = NEW.flow_id AND (expires_at IS NULL OR expires_at > NEW.decided_at);

    UPDATE consent_grant SET ended_at = NEW.decided_at, end_reason = 'taken_back', request_id = NEW.request_id
    WHERE OLD.decision = 'allow' AND NEW.decision = 'deny' AND OLD.former IS NULL
      AND identity_id = NEW.identity_id AND application_id = NEW.application_id AND ended_at IS NULL
      AND flow_id = NEW.flow_id;

    -- A grant that ran out stays out: its tokens do not come back with the next consent.
    UPDATE consent_grant SET ended_at = NEW.decided_at, end_reason = 'expired', request_id = NEW.request_id
    WHERE NEW.decision = 'allow' AND identity_id = NEW.identity_id AND application_id = NEW.application_id
      AND ended_at IS NULL AND expires_at <= NEW.decided_at;

    UPDATE authorization_request SET former = (
        SELECT json_object('scope', scope, 'scope_bits', scope_bits, 'data_access_type', data_access_type,
                           'profile_sealed', NULLIF(hex(profile_sealed), ''), 'flow_id', flow_id,
                           'consented_at', consented_at, 'expires_at', expires_at)
        FROM consent_grant
        WHERE identity_id = NEW.identity_id AND application_id = NEW.application_id AND ended_at IS NULL
          AND flow_id <> NEW.flow_id AND (scope_bits & ~NEW.granted_bits) = 0)
    WHERE NEW.decision = 'allow' AND id_hash = NEW.id_hash;

    UPDATE token_chain SET ended_at = NEW.decided_at, end_reason = 'narrowed', request_id = NEW.request_id
    WHERE NEW.decision = 'allow' AND ended_at IS NULL
      AND grant_id IN (
          SELECT id FROM consent_grant
          WHERE identity_id = NEW.identity_id AND application_id = NEW.application_id
            AND ended_at IS NULL AND (scope_bits & ~NEW.granted_bits) <> 0);

    INSERT INTO consent_grant
        (identity_id, application_id, scope, scope_bits, data_access_type, profile_sealed, flow_id,
         created_at, consented_at, expires_at, request_id)
    SELECT
        NEW.identity_id, NEW.application_id, NEW.granted_scope, NEW.granted_bits, NEW.data_access_type,
        NEW.profile_sealed, NEW.flow_id, NEW.decided_at, NEW.decided_at, NEW.grant_expires_at, NEW.request_id
    WHERE NEW.decision = 'allow'
    ON CONFLICT (identity_id, application_id) WHERE ended_at IS NULL DO UPDATE SET
        scope = excluded.scope, scope_bits = excluded.scope_bits,
        data_access_type = excluded.data_access_type, profile_sealed = excluded.profile_sealed,
        flow_id = excluded.flow_id, consented_at = excluded.consented_at, expires_at = excluded.expires_at,
        request_id = excluded.request_id;

    INSERT INTO authorization_code
        (code_hash, grant_id, application_id, redirect_uri, redirect_uri_given, code_challenge,
         scope, scope_bits, flow_id, created_at, expires_at, person, request_id)
    SELECT NEW.code_hash, id, NEW.application_id, NEW.redirect_uri, NEW.redirect_uri_given,
           NEW.code_challenge, NEW.granted_scope, NEW.granted_bits, NEW.flow_id,
           NEW.decided_at, NEW.code_expires_at, unhex(json_extract(NEW.event, '$[5]')), NEW.request_id
    FROM consent_grant
    WHERE NEW.decision = 'allow'
      AND identity_id = NEW.identity_id AND application_id = NEW.application_id AND ended_at IS NULL;
END;

-- Redemption: chain and first access token. UNIQUE (code_id) makes a second redemption impossible
-- even if the condition of the statement were ever lost.
CREATE TRIGGER authorization_code_redeemed
AFTER UPDATE OF used_at ON authorization_code
WHEN OLD.used_at IS NULL AND NEW.used_at IS NOT NULL
BEGIN
    INSERT INTO token_chain
        (code_id, grant_id, application_id, scope, scope_bits, flow_id, created_at, refresh_hash, request_id)
    VALUES
        (NEW.id, NEW.grant_id, NEW.application_id, NEW.scope, NEW.scope_bits, NEW.flow_id,
         NEW.used_at, NEW.refresh_hash, NEW.request_id);

    INSERT INTO access_token (token_hash, chain_id, scope, scope_bits, issued_at, expires_at)
    SELECT NEW.access_hash, id, NEW.scope, NEW.scope_bits, NEW.used_at, NEW.access_expires_at
    FROM token_chain WHERE code_id = NEW.id;

    -- ONE_TIME access ends with the access token (contract, section 4).
    UPDATE consent_grant SET expires_at = NEW.access_expires_at, request_id = NEW.request_id
    WHERE id = NEW.grant_id AND data_access_type = 'ONE_TIME';
END;

-- Rotation: the former refresh token is remembered, and the new access token comes into being.
CREATE TRIGGER token_chain_rotated
AFTER UPDATE OF generation ON token_chain
WHEN NEW.generation > OLD.generation
BEGIN
    INSERT INTO retired_refresh (token_hash, chain_id, generation, retired_at)
    VALUES (OLD.refresh_hash, OLD.id, OLD.generation, NEW.rotated_at);

    INSERT INTO access_token (token_hash, chain_id, scope, scope_bits, issued_at, expires_at)
    VALUES (NEW.access_hash, NEW.id, NEW.scope, NEW.scope_bits, NEW.rotated_at, NEW.access_expires_at);
END;

-- The end of a grant is the end of everything under it.
CREATE TRIGGER consent_grant_ended
AFTER UPDATE OF ended_at ON consent_grant
WHEN OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL
BEGIN
    UPDATE token_chain SET ended_at = NEW.ended_at, end_reason = NEW.end_reason, request_id = NEW.request_id
    WHERE grant_id = NEW.id AND ended_at IS NULL;
END;

-- A deleted application keeps its row for the audit; everything that it was given ends.
CREATE TRIGGER application_deleted
AFTER UPDATE OF status ON application
WHEN OLD.status <> 'deleted' AND NEW.status = 'deleted'
BEGIN
    UPDATE consent_grant SET ended_at = NEW.updated_at, end_reason = 'application_deleted', request_id = NEW.request_id
    WHERE application_id = NEW.id AND ended_at IS NULL;
END;

-- Everybody, or the people of one application or issuer, must sign in and consent again: grants that were
-- consented to since an instant end, or, by the variable `token_epoch` after a restore, all tokens from before one.
CREATE TABLE reauthentication (
    id         INTEGER PRIMARY KEY,
    kind       TEXT    NOT NULL CHECK (kind IN ('all', 'application', 'issuer', 'epoch')),
    -- client_id or issuer.
    target     TEXT    NOT NULL CHECK ((target <> '') = (kind IN ('application', 'issuer'))),
    since      INTEGER NOT NULL,
    reason     TEXT    NOT NULL CHECK (reason <> ''),
    at         INTEGER NOT NULL,
    request_id TEXT    NOT NULL,
    event      TEXT
) STRICT;
CREATE UNIQUE INDEX reauthentication_of_epoch ON reauthentication (since) WHERE kind = 'epoch';

CREATE TRIGGER reauthentication_ends_grants
AFTER INSERT ON reauthentication
WHEN NEW.kind <> 'epoch'
BEGIN
    UPDATE consent_grant SET ended_at = NEW.at, end_reason = 'reauthenticate', request_id = NEW.request_id
    WHERE ended_at IS NULL AND consented_at >= NEW.since
      AND (NEW.kind <> 'application'
           OR application_id = (SELECT id FROM application WHERE client_id = NEW.target))
      AND (NEW.kind <> 'issuer'
           OR identity_id IN (SELECT id FROM identity WHERE issuer = NEW.target));

    UPDATE authorization_request SET identity_id = NULL, signed_in_at = NULL, request_id = NEW.request_id
    WHERE decided_at IS NULL AND signed_in_at >= NEW.since
      AND (NEW.kind <> 'application'
           OR application_id = (SELECT id FROM application WHERE client_id = NEW.target))
      AND (NEW.kind <> 'issuer'
           OR identity_id IN (SELECT id FROM identity WHERE issuer = NEW.target));

    UPDATE account_session SET expires_at = MIN(expires_at, NEW.at), request_id = NEW.request_id
    WHERE expires_at > NEW.at AND created_at >= NEW.since AND NEW.kind <> 'application'
      AND (NEW.kind <> 'issuer'
           OR identity_id IN (SELECT id FROM identity WHERE issuer = NEW.target));
END;

CREATE TRIGGER reauthentication_ends_tokens
AFTER INSERT ON reauthentication
WHEN NEW.kind = 'epoch'
BEGIN
    UPDATE token_chain SET ended_at = NEW.at, end_reason = 'epoch', request_id = NEW.request_id
    WHERE ended_at IS NULL AND created_at < NEW.since;

    UPDATE authorization_code SET expires_at = MIN(expires_at, NEW.at), request_id = NEW.request_id
    WHERE used_at IS NULL AND created_at < NEW.since;

    UPDATE authorization_request SET expires_at = MIN(expires_at, NEW.at), request_id = NEW.request_id
    WHERE decided_at IS NULL AND created_at < NEW.since;
END;

-- Ended stays ended.
CREATE TRIGGER token_chain_stays_ended
BEFORE UPDATE ON token_chain WHEN OLD.ended_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'an ended chain is never changed');
END;

CREATE TRIGGER consent_grant_stays_ended
BEFORE UPDATE ON consent_grant WHEN OLD.ended_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'an ended grant is never changed');
END;

-- Requests counted in one bucket of docs/limits.md in one minute; instances lease blocks of it. `told:` and the name of
-- a bucket: that it was used up is written down.
CREATE TABLE rate_window (
    who    TEXT    NOT NULL,
    window INTEGER NOT NULL,
    used   INTEGER NOT NULL,
    leased INTEGER NOT NULL,
    -- Of what is used: leased, perhaps not made yet, and lost where the instance is gone.
    held   INTEGER NOT NULL,
    PRIMARY KEY (who, window)
) STRICT, WITHOUT ROWID;

-- Calls of the claims backend that ended in one second; written only while some of them fail.
CREATE TABLE backend_second (
    second   INTEGER PRIMARY KEY,
    calls    INTEGER NOT NULL,
    failures INTEGER NOT NULL
) STRICT;

-- For whom calls failed in one second, as a keyed hash: what one person draws stops nobody else.
CREATE TABLE backend_failure (
    second INTEGER NOT NULL,
    who    BLOB    NOT NULL,
    PRIMARY KEY (second, who)
) STRICT, WITHOUT ROWID;

-- The circuit breaker before the claims backend, open while `opened_at` is set. No row: nothing has failed yet.
CREATE TABLE breaker (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    opened_at  INTEGER,
    closed_at  INTEGER NOT NULL,
    -- From when on one request may try the backend.
    probe_at   INTEGER NOT NULL,
    request_id TEXT    NOT NULL
) STRICT;

-- What instances report: the trigger below adds it up. Nothing is kept here.
CREATE VIEW backend_report AS
SELECT second, calls, failures, x'' AS who, 0 AS began_at, 0 AS first_second, 0 AS reported_at, 0 AS probe_at, '' AS request_id
FROM backend_second WHERE 0;

-- 20 failures or more that are at least half of the calls within 10 seconds, of two people or more, open the breaker
-- (contract, 7.5).
-- Calls that began before it last closed say nothing about the backend as it is now.
CREATE TRIGGER backend_report_added
INSTEAD OF INSERT ON backend_report
WHEN NEW.began_at >= COALESCE((SELECT closed_at FROM breaker WHERE id = 1), 0)
BEGIN
    DELETE FROM backend_second WHERE second < NEW.first_second;
    DELETE FROM backend_failure WHERE second < NEW.first_second;

    INSERT OR IGNORE INTO backend_failure (second, who) SELECT NEW.second, NEW.who WHERE NEW.failures > 0;

    INSERT INTO backend_second (second, calls, failures) VALUES (NEW.second, NEW.calls, NEW.failures)
    ON CONFLICT (second) DO UPDATE SET calls = calls + excluded.calls, failures = failures + excluded.failures;

    INSERT INTO breaker (id, opened_at, closed_at, probe_at, request_id)
    VALUES (1, NULL, 0, 0, NEW.request_id)
    ON CONFLICT (id) DO NOTHING;

    UPDATE breaker SET opened_at = NEW.reported_at, probe_at = NEW.probe_at, request_id = NEW.request_id
    WHERE id = 1 AND opened_at IS NULL
      AND (SELECT SUM(failures) >= 20 AND SUM(failures) * 2 >= SUM(calls) FROM backend_second)
      AND (SELECT COUNT(DISTINCT who) > 1 FROM backend_failure);
END;

CREATE TRIGGER breaker_opened
AFTER UPDATE OF opened_at ON breaker
WHEN OLD.opened_at IS NULL AND NEW.opened_at IS NOT NULL
BEGIN
    INSERT INTO audit (started_at, ended_at, request_id, flow_id, actor, client_id, person, action, outcome, code, level)
    VALUES (NEW.opened_at, NEW.opened_at, NEW.request_id, '', 'gateway', '', x'', 'backend.breaker', 'failed', 'breaker_open', 'critical');
END;

CREATE TRIGGER breaker_closed
AFTER UPDATE OF opened_at ON breaker
WHEN OLD.opened_at IS NOT NULL AND NEW.opened_at IS NULL
BEGIN
    DELETE FROM backend_second;
    DELETE FROM backend_failure;

    INSERT INTO audit (started_at, ended_at, request_id, flow_id, actor, client_id, person, action, outcome, code, level)
    VALUES (OLD.opened_at, NEW.closed_at, NEW.request_id, '', 'gateway', '', x'', 'backend.breaker', 'ok', 'breaker_closed', 'info');
END;

-- What the last probe for /health/ready found, by a keyed hash of whom it asks.
CREATE TABLE readiness (
    of            BLOB    PRIMARY KEY,
    checked_at    INTEGER,
    backend       INTEGER,
    provider      INTEGER,
    -- Somebody is asking until then.
    probing_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A lock-down that holds has no `lifted_at`. `target` is the client_id or the version, '' for everything.
-- `operator` is a name, or `rule` where the variable `lock_down_rules` asked for it.
CREATE TABLE lock_down (
    id          INTEGER PRIMARY KEY,
    kind        TEXT    NOT NULL CHECK (kind IN ('all', 'application', 'version')),
    target      TEXT    NOT NULL,
    reason      TEXT    NOT NULL CHECK (reason <> ''),
    operator    TEXT    NOT NULL,
    started_at  INTEGER NOT NULL,
    lifted_at   INTEGER,
    lift_reason TEXT             CHECK ((lift_reason IS NULL) = (lifted_at IS NULL) AND lift_reason <> ''),
    lifted_by   TEXT             CHECK ((lifted_by IS NULL) = (lifted_at IS NULL)),
    request_id  TEXT    NOT NULL,
    event       TEXT
) STRICT;
CREATE UNIQUE INDEX lock_down_holding ON lock_down (kind, target) WHERE lifted_at IS NULL;

-- Why and when release was stopped stays as it was written; a lock-down is lifted once.
CREATE TRIGGER lock_down_is_final
BEFORE UPDATE ON lock_down
WHEN OLD.lifted_at IS NOT NULL
  OR NEW.kind <> OLD.kind OR NEW.target <> OLD.target OR NEW.reason <> OLD.reason
  OR NEW.operator <> OLD.operator OR NEW.started_at <> OLD.started_at
BEGIN
    SELECT RAISE(ABORT, 'a lock-down is only ever lifted, once');
END;
CREATE TRIGGER lock_down_is_never_removed BEFORE DELETE ON lock_down
BEGIN
    SELECT RAISE(ABORT, 'lock-downs are never removed');
END;

-- The API layer of the audit. One row for each action; for FHIR calls the row is the release permit.
CREATE TABLE audit (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at     INTEGER NOT NULL,
    ended_at       INTEGER NOT NULL,
    request_id     TEXT    NOT NULL,
    flow_id        TEXT    NOT NULL,
    actor          TEXT    NOT NULL,
    client_id      TEXT    NOT NULL,
    person         BLOB    NOT NULL,
    action         TEXT    NOT NULL,
    outcome        TEXT    NOT NULL,
    code           TEXT    NOT NULL,
    backend_status INTEGER,
    bytes          INTEGER,
    level          TEXT    NOT NULL CHECK (level IN ('info', 'warning', 'critical')),
    -- Keyed hash of issuer and subject, where somebody signed in: as they came, before anything was made of them.
    account        BLOB    NOT NULL DEFAULT x'',
    -- How long the backend took, and how many claims it counts for the person, where all were asked for.
    backend_ms     INTEGER,
    matches        INTEGER
) STRICT;
-- What was done with one person's data: for /account/, and for operators who must find it.
CREATE INDEX audit_by_person ON audit (person) WHERE person <> x'';
CREATE INDEX audit_alerts ON audit (level, id) WHERE level <> 'info';

-- The store layer of the audit. One row for each insert, update and delete on the tables that
-- store/layers.rs lists, written by triggers. `audit_id` is the event that the same commit wrote: a change that
-- came without one points at an event of something else, which `bluegate audit reconcile` names.
CREATE TABLE store_event (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    -- By the clock of the store's machine; the same for all that one statement does.
    at         INTEGER NOT NULL,
    request_id TEXT    NOT NULL,
    audit_id   INTEGER NOT NULL,
    source     TEXT    NOT NULL,
    row_id     INTEGER NOT NULL,
    operation  TEXT    NOT NULL CHECK (operation IN ('insert', 'update', 'delete')),
    -- JSON; of an update only what it changed. Hashes and sealed values are shown as 'hidden'.
    before     TEXT,
    after      TEXT
) STRICT;
CREATE INDEX store_event_by_audit ON store_event (audit_id);
CREATE INDEX store_event_by_row ON store_event (source, row_id);

-- Each link covers the rows of both layers that came after the link before it. gateway/src/audit/chain.rs says of what
-- `hash` is made; the signature is made with `chain_key` over the hash.
CREATE TABLE chain_link (
    id        INTEGER PRIMARY KEY,
    audit_to  INTEGER NOT NULL,
    store_to  INTEGER NOT NULL,
    previous  BLOB    NOT NULL CHECK (length(previous) = 32),
    hash      BLOB    NOT NULL CHECK (length(hash) = 32),
    sealed_at INTEGER NOT NULL,
    key_id    TEXT    NOT NULL,
    signature BLOB    NOT NULL CHECK (length(signature) = 64)
) STRICT;

-- Up to which link the rows were purged, signed: the one way for rows of the audit to go. Six years is the law
-- (45 CFR 164.316(b)(2)(i)); the store refuses less by its own clock, whatever the gateway says.
CREATE TABLE chain_anchor (
    id         INTEGER PRIMARY KEY,
    link_id    INTEGER NOT NULL REFERENCES chain_link (id),
    purged_at  INTEGER NOT NULL,
    request_id TEXT    NOT NULL,
    key_id     TEXT    NOT NULL,
    signature  BLOB    NOT NULL CHECK (length(signature) = 64)
) STRICT;

CREATE TRIGGER chain_anchor_is_old_enough
BEFORE INSERT ON chain_anchor
WHEN NOT EXISTS (SELECT 1 FROM chain_link
                 WHERE id = NEW.link_id AND sealed_at < (unixepoch() - 6 * 31557600) * 1000)
BEGIN
    SELECT RAISE(ABORT, 'audit rows are kept for six years');
END;

-- The request on whose behalf a statement removes rows; empty between statements.
CREATE TABLE removal (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    request_id TEXT    NOT NULL
) STRICT;

-- Grants and chains that ended long ago are removed, at most `most` of each at once: what they were stays in the
-- audit. A grant that ran out ends first.
CREATE TABLE purge (
    id         INTEGER PRIMARY KEY,
    before     INTEGER NOT NULL,
    most       INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    request_id TEXT    NOT NULL,
    event      TEXT
) STRICT;

CREATE TRIGGER purge_removes
AFTER INSERT ON purge
BEGIN
    INSERT INTO removal (id, request_id) VALUES (1, NEW.request_id);

    UPDATE consent_grant SET ended_at = expires_at, end_reason = 'expired', request_id = NEW.request_id
    WHERE id IN (SELECT id FROM consent_grant WHERE ended_at IS NULL AND expires_at < NEW.before ORDER BY id LIMIT NEW.most);

    DELETE FROM access_token WHERE chain_id IN
        (SELECT id FROM token_chain WHERE ended_at < NEW.before ORDER BY id LIMIT NEW.most);
    DELETE FROM retired_refresh WHERE chain_id IN
        (SELECT id FROM token_chain WHERE ended_at < NEW.before ORDER BY id LIMIT NEW.most);
    DELETE FROM token_chain WHERE id IN
        (SELECT id FROM token_chain WHERE ended_at < NEW.before ORDER BY id LIMIT NEW.most);
    DELETE FROM consent_grant WHERE id IN
        (SELECT g.id FROM consent_grant g
         WHERE g.ended_at < NEW.before
           AND NOT EXISTS (SELECT 1 FROM token_chain c WHERE c.grant_id = g.id)
           AND NOT EXISTS (SELECT 1 FROM authorization_code a WHERE a.grant_id = g.id)
         ORDER BY g.id LIMIT NEW.most);

    DELETE FROM removal;
END;
