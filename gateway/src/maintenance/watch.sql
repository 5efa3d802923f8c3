-- What is drawn from the audit outside the request path: metrics, the watch for anomalies, and alerts
-- (docs/contract/10-audit.md). Applied after schema.sql. docs/storage.md explains each table.
--
-- All of it happens in the trigger that moves `watch_position`: one statement looks at the rows of the audit
-- between the old position and the new one, so that each row counts exactly once, whichever instance moves on.

CREATE TABLE watch_position (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    audit_id INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    -- Key of the hashes of people. With another key the watch learns anew: it could only compare in vain.
    key_id   TEXT    NOT NULL,
    -- When an instance last took the turn to drain.
    turn_at  INTEGER NOT NULL
) STRICT;
INSERT INTO watch_position (id, audit_id, at, key_id, turn_at) VALUES (1, 0, 0, '', 0);

-- Counters, by name and up to three labels; gateway/src/ops/metrics.rs says what they are called outside.
CREATE TABLE metric (
    name  TEXT    NOT NULL,
    a     TEXT    NOT NULL,
    b     TEXT    NOT NULL,
    c     TEXT    NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (name, a, b, c)
) STRICT, WITHOUT ROWID;

-- Calls of each application in each of the last 70 minutes.
CREATE TABLE watch_minute (
    client_id TEXT    NOT NULL,
    minute    INTEGER NOT NULL,
    calls     INTEGER NOT NULL,
    refused   INTEGER NOT NULL,
    failed    INTEGER NOT NULL,
    -- Searches for all claims of a person, and those of them that found none.
    searches  INTEGER NOT NULL,
    empty     INTEGER NOT NULL,
    PRIMARY KEY (client_id, minute)
) STRICT, WITHOUT ROWID;

-- How many claims a person had when somebody looked last.
CREATE TABLE watch_person (
    person BLOB    PRIMARY KEY,
    claims INTEGER NOT NULL,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Which account signed in as which person. Learnt from the audit alone, beside the table `identity`.
CREATE TABLE watch_link (
    account BLOB NOT NULL,
    person  BLOB NOT NULL,
    PRIMARY KEY (account, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX watch_link_by_person ON watch_link (person);

-- Who was refused at an application within the last five minutes; nobody where the application spoke for itself.
CREATE TABLE watch_refused (
    client_id TEXT    NOT NULL,
    person    BLOB    NOT NULL,
    minute    INTEGER NOT NULL,
    PRIMARY KEY (client_id, person, minute)
) STRICT, WITHOUT ROWID;

-- Whose the tokens of a flow are.
CREATE TABLE watch_flow (
    flow_id TEXT    PRIMARY KEY,
    person  BLOB    NOT NULL,
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX watch_flow_by_age ON watch_flow (at);

-- One row for what goes on, however many events it has: `count` grows until an operator acknowledges it.
CREATE TABLE alert (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    kind            TEXT    NOT NULL,
    -- What tells two alerts of a kind apart: an application, a person, or nothing.
    key             TEXT    NOT NULL,
    first_at        INTEGER NOT NULL,
    last_at         INTEGER NOT NULL,
    count           INTEGER NOT NULL,
    client_id       TEXT    NOT NULL,
    person          BLOB    NOT NULL,
    -- The latest event.
    request_id      TEXT    NOT NULL,
    flow_id         TEXT    NOT NULL,
    detail          TEXT    NOT NULL,
    -- When it is to be sent to the webhook next; empty: no more.
    due_at          INTEGER,
    attempts        INTEGER NOT NULL DEFAULT 0,
    -- The instance that is sending it has it until then.
    leased_until    INTEGER NOT NULL DEFAULT 0,
    sent_at         INTEGER,
    sent            INTEGER NOT NULL DEFAULT 0,
    -- Whether a rule about lock-downs has seen it.
    ruled_at        INTEGER,
    acknowledged_at INTEGER,
    acknowledged_by TEXT CHECK ((acknowledged_by IS NULL) = (acknowledged_at IS NULL))
) STRICT;
CREATE UNIQUE INDEX alert_open ON alert (kind, key) WHERE acknowledged_at IS NULL;
CREATE INDEX alert_due ON alert (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX alert_unruled ON alert (id) WHERE ruled_at IS NULL;

-- What finds something reports it here. Nothing is kept in the view.
CREATE VIEW alert_report AS
SELECT kind, key, last_at AS at, count, client_id, person, request_id, flow_id, detail FROM alert WHERE 0;

-- No rule about lock-downs looks at a key that begins with `unproved:`: one person, or somebody who only names an
-- application, could bring it about.
--
-- The same thing again is the same alert. It is sent again where it still goes on an hour later.
CREATE TRIGGER alert_reported
INSTEAD OF INSERT ON alert_report
BEGIN
    INSERT INTO alert (kind, key, first_at, last_at, count, client_id, person, request_id, flow_id, detail, due_at, ruled_at)
    VALUES (NEW.kind, NEW.key, NEW.at, NEW.at, NEW.count, NEW.client_id, NEW.person, NEW.request_id, NEW.flow_id, NEW.detail,
            NEW.at, IIF(NEW.key LIKE 'unproved:%', NEW.at, NULL))
    ON CONFLICT (kind, key) WHERE acknowledged_at IS NULL DO UPDATE SET
        last_at = MAX(last_at, excluded.last_at), count = count + excluded.count,
        request_id = excluded.request_id, flow_id = excluded.flow_id, detail = excluded.detail,
        due_at = CASE WHEN due_at IS NULL AND excluded.last_at >= sent_at + 3600000 THEN excluded.last_at ELSE due_at END;
END;

-- Two operators ended a link: whoever signs in next may be somebody else.
CREATE TRIGGER watch_forgets_ended_links
AFTER UPDATE OF ended_at ON identity
WHEN OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL
BEGIN
    DELETE FROM watch_link WHERE person = NEW.person OR account = NEW.account;
END;

CREATE TRIGGER watch_counts
AFTER UPDATE OF audit_id ON watch_position
WHEN NEW.audit_id > OLD.audit_id
BEGIN
    INSERT INTO metric (name, a, b, c, value)
    -- A reason with a number in it is one of many, and no label.
    SELECT 'requests', action, outcome, IIF(code GLOB '*[0-9]*', 'other', code) AS reason, COUNT(*)
    FROM audit WHERE id > OLD.audit_id AND id <= NEW.audit_id
    GROUP BY action, outcome, reason
    ON CONFLICT DO UPDATE SET value = value + excluded.value;

    INSERT INTO metric (name, a, b, c, value)
    SELECT 'duration', action,
           CASE WHEN ended_at - started_at <= 5 THEN '5' WHEN ended_at - started_at <= 10 THEN '10'
                WHEN ended_at - started_at <= 25 THEN '25' WHEN ended_at - started_at <= 50 THEN '50'
                WHEN ended_at - started_at <= 100 THEN '100' WHEN ended_at - started_at <= 250 THEN '250'
                WHEN ended_at - started_at <= 500 THEN '500' WHEN ended_at - started_at <= 1000 THEN '1000'
                WHEN ended_at - started_at <= 2500 THEN '2500' WHEN ended_at - started_at <= 5000 THEN '5000'
                WHEN ended_at - started_at <= 10000 THEN '10000' WHEN ended_at - started_at <= 30000 THEN '30000'
                ELSE 'more' END AS bucket,
           '', COUNT(*)
    FROM audit WHERE id > OLD.audit_id AND id <= NEW.audit_id
    GROUP BY action, bucket
    ON CONFLICT DO UPDATE SET value = value + excluded.value;

    INSERT INTO metric (name, a, b, c, value)
    SELECT 'duration_ms', action, '', '', SUM(MAX(ended_at - started_at, 0))
    FROM audit WHERE id > OLD.audit_id AND id <= NEW.audit_id
    GROUP BY action
    ON CONFLICT DO UPDATE SET value = value + excluded.value;

    INSERT INTO metric (name, a, b, c, value)
    SELECT 'bytes', action, '', '', SUM(bytes)
    FROM audit WHERE id > OLD.audit_id AND id <= NEW.audit_id AND bytes IS NOT NULL
    GROUP BY action
    ON CONFLICT DO UPDATE SET value = value + excluded.value;

    INSERT INTO metric (name, a, b, c, value)
    SELECT 'backend', COALESCE(backend_status, 'none'), '', '', COUNT(*)
    FROM audit WHERE id > OLD.audit_id AND id <= NEW.audit_id AND backend_ms IS NOT NULL
    GROUP BY backend_status
    ON CONFLICT DO UPDATE SET value = value + excluded.value;

    INSERT INTO metric (name, a, b, c, value)
    SELECT 'backend_duration', '',
           CASE WHEN backend_ms <= 5 THEN '5' WHEN backend_ms <= 10 THEN '10' WHEN backend_ms <= 25 THEN '25'
                WHEN backend_ms <= 50 THEN '50' WHEN backend_ms <= 100 THEN '100' WHEN backend_ms <= 250 THEN '250'
                WHEN backend_ms <= 500 THEN '500' WHEN backend_ms <= 1000 THEN '1000' WHEN backend_ms <= 2500 THEN '2500'
                WHEN backend_ms <= 5000 THEN '5000' WHEN backend_ms <= 10000 THEN '10000'
                WHEN backend_ms <= 30000 THEN '30000' ELSE 'more' END AS bucket,
           '', COUNT(*)
    FROM audit WHERE id > OLD.audit_id AND id <= NEW.audit_id AND backend_ms IS NOT NULL
    GROUP BY bucket
    ON CONFLICT DO UPDATE SET value = value + excluded.value;

    INSERT INTO metric (name, a, b, c, value)
    SELECT 'backend_duration_ms', '', '', '', SUM(backend_ms)
    FROM audit WHERE id > OLD.audit_id AND id <= NEW.audit_id AND backend_ms IS NOT NULL
    HAVING COUNT(*) > 0
    ON CONFLICT DO UPDATE SET value = value + excluded.value;

    -- Whoever has proved nothing counts for no application, whichever they name.
    DELETE FROM watch_minute WHERE minute < NEW.at / 60000 - 70;
    INSERT INTO watch_minute (client_id, minute, calls, refused, failed, searches, empty)
    SELECT IIF(actor = 'unproved', '', client_id) AS proved, ended_at / 60000, COUNT(*), SUM(outcome = 'refused'), SUM(outcome = 'failed'),
           COUNT(matches), COALESCE(SUM(matches = 0), 0)
    FROM audit WHERE id > OLD.audit_id AND id <= NEW.audit_id
      AND (action LIKE 'fhir.%' OR action LIKE 'token.%' OR action = 'userinfo')
    GROUP BY proved, ended_at / 60000
    ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, refused = refused + excluded.refused,
        failed = failed + excluded.failed, searches = searches + excluded.searches, empty = empty + excluded.empty;

    DELETE FROM watch_refused WHERE minute < NEW.at / 60000 - 5;
    INSERT OR IGNORE INTO watch_refused (client_id, person, minute)
    SELECT client_id, person, ended_at / 60000
    FROM audit WHERE id > OLD.audit_id AND id <= NEW.audit_id AND outcome = 'refused' AND client_id <> '' AND actor <> 'unproved';

    -- Rules about the last five minutes against the hour before. Here, and not in a trigger of their own: the
    -- order of triggers is not defined.
    -- An application that is refused 30 times, and five times as often as before. A public one's tokens are in
    -- people's hands: what one person does is told, and stops nobody else.
    INSERT INTO alert_report (kind, key, at, count, client_id, person, request_id, flow_id, detail)
    SELECT 'refusals',
           IIF((SELECT COUNT(DISTINCT person) FROM watch_refused r WHERE r.client_id = watch_minute.client_id) > 1
               OR EXISTS (SELECT 1 FROM application a WHERE a.client_id = watch_minute.client_id
                          AND a.token_endpoint_auth_method <> 'none'), '', 'unproved:') || client_id,
           NEW.at, 1, client_id, x'', '', '',
           'an application is refused far more often than before'
    FROM watch_minute
    WHERE client_id <> '' AND minute >= NEW.at / 60000 - 65
    GROUP BY client_id
    HAVING SUM(IIF(minute > NEW.at / 60000 - 5, refused, 0)) >= 30
       AND SUM(IIF(minute > NEW.at / 60000 - 5, refused, 0)) * 12 > 5 * SUM(IIF(minute > NEW.at / 60000 - 5, 0, refused));

    -- 20 failures that are at least a tenth of all calls.
    INSERT INTO alert_report (kind, key, at, count, client_id, person, request_id, flow_id, detail)
    SELECT 'error_rate', '', NEW.at, MIN(1, COUNT(*)), '', x'', '', '', 'at least a tenth of the calls fail'
    FROM watch_minute
    WHERE minute > NEW.at / 60000 - 5
    HAVING SUM(failed) >= 20 AND SUM(failed) * 10 >= SUM(calls);

    -- A backend that says that nobody has claims, where most people had some.
    INSERT INTO alert_report (kind, key, at, count, client_id, person, request_id, flow_id, detail)
    SELECT 'backend_empty', '', NEW.at, MIN(1, COUNT(*)), '', x'', '', '', 'the backend answers 200 with no claims, where it had some'
    FROM watch_minute
    WHERE minute >= NEW.at / 60000 - 65
    HAVING SUM(IIF(minute > NEW.at / 60000 - 5, empty, 0)) >= 10
       AND SUM(IIF(minute > NEW.at / 60000 - 5, empty, 0)) * 2 >= SUM(IIF(minute > NEW.at / 60000 - 5, searches, 0))
       AND SUM(IIF(minute > NEW.at / 60000 - 5, 0, searches)) >= 10
       AND SUM(IIF(minute > NEW.at / 60000 - 5, 0, empty)) * 5 < SUM(IIF(minute > NEW.at / 60000 - 5, 0, searches));
END;

-- Events that are an alert by themselves. Those of a kind and key in the same batch are one report.
CREATE TRIGGER watch_reports_critical_events
AFTER UPDATE OF audit_id ON watch_position
WHEN EXISTS (SELECT 1 FROM audit WHERE id > OLD.audit_id AND id <= NEW.audit_id AND level <> 'info')
BEGIN
    INSERT INTO alert_report (kind, key, at, count, client_id, person, request_id, flow_id, detail)
    SELECT kind, key, MAX(ended_at), COUNT(*), client_id, person, request_id, flow_id, action || ' ' || code
    FROM (
        SELECT CASE WHEN code IN ('release_guard', 'release_guard_foreign') THEN 'release_guard'
                    WHEN action = 'identity.conflict' THEN 'identity_conflict'
                    WHEN code = 'refresh_reused' THEN 'refresh_reuse'
                    WHEN action = 'token.refresh' AND outcome = 'ok' THEN 'refresh_repeated'
                    WHEN code = 'breaker_open' THEN 'breaker_open'
                    WHEN action LIKE 'audit.%' THEN 'chain_broken'
                    WHEN action IN ('ops.lock_down', 'lock_down.rule') THEN 'lock_down'
                    ELSE 'critical_event' END AS kind,
               CASE WHEN action = 'identity.conflict' THEN lower(hex(person))
                    WHEN action IN ('ops.lock_down', 'lock_down.rule') THEN request_id
                    WHEN code = 'refresh_reused'
                        AND EXISTS (SELECT 1 FROM application a WHERE a.client_id = audit.client_id
                                    AND a.token_endpoint_auth_method = 'none')
                        AND NOT EXISTS (SELECT 1 FROM audit o WHERE o.level = 'critical' AND o.code = 'refresh_reused'
                                        AND o.client_id = audit.client_id AND o.person <> audit.person
                                        AND o.ended_at > audit.ended_at - 86400000)
                        THEN 'unproved:' || client_id
                    ELSE client_id END AS key,
               ended_at, client_id, person, request_id, flow_id, action, code
        FROM audit
        WHERE id > OLD.audit_id AND id <= NEW.audit_id AND level <> 'info'
          AND (level = 'critical' OR action = 'identity.conflict' OR (action = 'token.refresh' AND outcome = 'ok'))
          -- The conflict itself has an event of its own.
          AND NOT (action = 'signin' AND code = 'identity_conflict')
          -- Every call that an open breaker refuses says so; its opening is the alert.
          AND NOT (code = 'breaker_open' AND action <> 'backend.breaker')
        ORDER BY id
    )
    GROUP BY kind, key;
END;

-- Rules about people. They compare hashes, so a change of the key makes them learn anew.
CREATE TRIGGER watch_learns_anew
BEFORE UPDATE OF audit_id ON watch_position
WHEN NEW.key_id <> OLD.key_id
BEGIN
    DELETE FROM watch_person;
    DELETE FROM watch_link;
    DELETE FROM watch_flow;
END;

CREATE TRIGGER watch_people
AFTER UPDATE OF audit_id ON watch_position
WHEN NEW.audit_id > OLD.audit_id AND (NEW.key_id = OLD.key_id OR OLD.key_id = '')
BEGIN
    -- One account, one person, both ways: whatever the tables of the gateway say.
    INSERT OR IGNORE INTO watch_link (account, person)
    SELECT account, person FROM audit
    WHERE id > OLD.audit_id AND id <= NEW.audit_id
      AND action = 'signin' AND outcome = 'ok' AND account <> x'' AND person <> x'';

    INSERT INTO alert_report (kind, key, at, count, client_id, person, request_id, flow_id, detail)
    SELECT 'two_subjects', lower(hex(e.person)), MAX(e.ended_at), COUNT(*), e.client_id, e.person, e.request_id, e.flow_id,
           'one patient id is reached by more than one subject'
    FROM audit e
    WHERE e.id > OLD.audit_id AND e.id <= NEW.audit_id AND e.action = 'signin' AND e.outcome = 'ok' AND e.account <> x''
      AND EXISTS (SELECT 1 FROM watch_link l WHERE l.person = e.person AND l.account <> e.account)
    GROUP BY e.person;

    INSERT INTO alert_report (kind, key, at, count, client_id, person, request_id, flow_id, detail)
    SELECT 'two_patients', lower(hex(e.account)), MAX(e.ended_at), COUNT(*), e.client_id, e.person, e.request_id, e.flow_id,
           'one subject reaches more than one patient id'
    FROM audit e
    WHERE e.id > OLD.audit_id AND e.id <= NEW.audit_id AND e.action = 'signin' AND e.outcome = 'ok' AND e.account <> x''
      AND EXISTS (SELECT 1 FROM watch_link l WHERE l.account = e.account AND l.person <> e.person)
    GROUP BY e.account;

    -- The tokens of a flow are one person's for ever. (Before the decision another account may be used.)
    INSERT OR IGNORE INTO watch_flow (flow_id, person, at)
    SELECT flow_id, person, ended_at FROM audit
    WHERE id > OLD.audit_id AND id <= NEW.audit_id AND flow_id <> '' AND person <> x''
      AND (action LIKE 'token.%' OR action LIKE 'fhir.%' OR action = 'userinfo')
    ORDER BY id;

    INSERT INTO alert_report (kind, key, at, count, client_id, person, request_id, flow_id, detail)
    SELECT 'owner_changed', e.flow_id, MAX(e.ended_at), COUNT(*), e.client_id, e.person, e.request_id, e.flow_id,
           'the tokens of a flow are another person''s than before'
    FROM audit e JOIN watch_flow f ON f.flow_id = e.flow_id
    WHERE e.id > OLD.audit_id AND e.id <= NEW.audit_id AND e.person <> x'' AND e.person <> f.person
      AND (e.action LIKE 'token.%' OR e.action LIKE 'fhir.%' OR e.action = 'userinfo')
    GROUP BY e.flow_id;

    -- Claims do not vanish, and half as many again (and 25) do not come in a day.
    INSERT INTO alert_report (kind, key, at, count, client_id, person, request_id, flow_id, detail)
    SELECT 'claims_count', lower(hex(person)), MAX(ended_at), COUNT(*), client_id, person, request_id, flow_id,
           'a person''s number of claims is suddenly another'
    FROM (
        SELECT e.*,
               COALESCE(LAG(e.matches) OVER earlier, w.claims) AS before,
               COALESCE(LAG(e.ended_at) OVER earlier, w.at) AS before_at
        FROM audit e LEFT JOIN watch_person w ON w.person = e.person
        WHERE e.id > OLD.audit_id AND e.id <= NEW.audit_id AND e.matches IS NOT NULL AND e.outcome = 'ok'
        WINDOW earlier AS (PARTITION BY e.person ORDER BY e.id)
    )
    WHERE matches < before OR (matches > before + 25 AND matches * 2 > before * 3 AND ended_at < before_at + 86400000)
    GROUP BY person;

    INSERT INTO watch_person (person, claims, at)
    SELECT person, matches, ended_at FROM audit
    WHERE id > OLD.audit_id AND id <= NEW.audit_id AND matches IS NOT NULL AND outcome = 'ok'
    ORDER BY id
    ON CONFLICT DO UPDATE SET claims = excluded.claims, at = excluded.at;
END;
