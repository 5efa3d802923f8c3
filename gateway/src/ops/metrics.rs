//! `/ops/metrics`: what all instances together have done, in the text format of Prometheus.
//!
//! Counters come from the rows of the audit, which the watch adds up once each, so they are right whichever
//! instance answers, and none of them is ever reset. A scrape adds up what is new and reads a small table.

use std::fmt::Write as _;

use axum::Extension;
use axum::extract::State;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::caller::{May, Read};
use crate::base::http::reply::{Answer, set};
use crate::base::http::{Reply, Request};
use crate::base::site::Site;
use crate::base::store::StoreError;
use crate::maintenance as drain;
use crate::ops::statements::metric::{self, Counter, Gauge};

/// GET. A machine's call: not audited.
pub(super) async fn show(
    State(site): State<Site>,
    Extension(request): Extension<Request>,
    May { caller, .. }: May<Read>,
) -> Answer {
    match text(&site, &request).await {
        Ok(text) => {
            let mut reply = Reply::new(Bytes::from(text));
            set(
                &mut reply,
                CONTENT_TYPE,
                "text/plain; version=0.0.4; charset=utf-8",
            );
            set(&mut reply, CACHE_CONTROL, "no-store");
            reply.into()
        }
        Err(cause) => caller.answer(&site, &request, "ops.metrics", Err(cause.into())),
    }
}

async fn text(site: &Site, request: &Request) -> Result<String, StoreError> {
    let app = &site.app;
    let database = app.database.as_ref();
    drain::watch(app).await?;
    let counters = metric::counters(database).await?;
    let gauges = metric::gauges(database, app.clock.now().0).await?;
    let mut out = Exposition(String::with_capacity(16 * 1024));
    out.family(
        "bluegate_build_info",
        "gauge",
        "Version of the gateway; always 1.",
    );
    out.sample(
        "bluegate_build_info",
        &[("version", env!("CARGO_PKG_VERSION"))],
        1,
    );
    out.requests(&counters);
    out.histogram(
        &counters,
        "duration",
        "bluegate_request_duration_seconds",
        "Time from a request to its outcome, by action.",
    );
    out.histogram(
        &counters,
        "backend_duration",
        "bluegate_backend_duration_seconds",
        "Time that the claims backend took for a call.",
    );
    for (name, title, label, help) in [
        (
            "backend",
            "bluegate_backend_calls_total",
            "status",
            "Calls of the claims backend, by status; none: no answer.",
        ),
        (
            "bytes",
            "bluegate_response_bytes_total",
            "action",
            "Bytes of FHIR answers before compression.",
        ),
    ] {
        out.family(title, "counter", help);
        for counter in counters.iter().filter(|counter| counter.name == name) {
            out.sample(title, &[(label, &counter.labels[0])], counter.value);
        }
    }
    for (name, title, label, help) in GAUGES {
        let kind = if title.ends_with("_total") {
            "counter"
        } else {
            "gauge"
        };
        out.family(title, kind, help);
        for gauge in gauges.iter().filter(|gauge: &&Gauge| gauge.name == name) {
            let labels = [(label, gauge.label.as_str())];
            out.sample(
                title,
                if label.is_empty() { &[] } else { &labels },
                gauge.value,
            );
        }
    }
    match metric::bytes(database).await {
        Ok(bytes) => {
            out.family("bluegate_store_bytes", "gauge", "Size of the store.");
            out.sample("bluegate_store_bytes", &[], bytes);
        }
        // One number less is no reason to tell none.
        Err(cause) => site.failed(request, "ops.metrics", &cause),
    }
    Ok(out.0)
}

struct Exposition(String);

impl Exposition {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.0.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            self.0.push(if index == 0 { '{' } else { ',' });
            let text = text
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', "\\n");
            let _ = write!(self.0, "{label}=\"{text}\"");
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }

    /// All actions, and what is worth a name of its own among them.
    fn requests(&mut self, counters: &[Counter]) {
        let requests = || counters.iter().filter(|counter| counter.name == "requests");
        self.family(
            "bluegate_requests_total",
            "counter",
            "Actions as the audit has them, by outcome and reason.",
        );
        for counter in requests() {
            let [action, outcome, code] = &counter.labels;
            self.sample(
                "bluegate_requests_total",
                &[("action", action), ("outcome", outcome), ("code", code)],
                counter.value,
            );
        }
        let sum = |chosen: &dyn Fn(&[String; 3]) -> bool| -> i64 {
            requests()
                .filter(|counter| chosen(&counter.labels))
                .map(|counter| counter.value)
                .sum()
        };
        self.family(
            "bluegate_tokens_issued_total",
            "counter",
            "Token answers, by grant type.",
        );
        for (grant_type, action) in [
            ("authorization_code", "token.code"),
            ("refresh_token", "token.refresh"),
            ("implicit", "token.implicit"),
        ] {
            let value = sum(&|[found, outcome, _]| found == action && outcome == "ok");
            self.sample(
                "bluegate_tokens_issued_total",
                &[("grant_type", grant_type)],
                value,
            );
        }
        self.family(
            "bluegate_guard_refusals_total",
            "counter",
            "Answers of the backend that the release guard held back; other_person: refused before the backend was asked.",
        );
        for (reason, code) in [
            ("not_proved", "release_guard"),
            ("foreign_read", "release_guard_foreign"),
            ("other_person", "other_person"),
        ] {
            let value = sum(&|[_, _, found]| found == code);
            self.sample(
                "bluegate_guard_refusals_total",
                &[("reason", reason)],
                value,
            );
        }
    }

    /// Buckets are kept each for itself and told cumulatively. `name` has them, `name_ms` the sum.
    fn histogram(&mut self, counters: &[Counter], name: &str, title: &str, help: &str) {
        self.family(title, "histogram", help);
        let of = |wanted: &str| -> Vec<&Counter> {
            counters
                .iter()
                .filter(|counter| counter.name == wanted)
                .collect()
        };
        let buckets = of(name);
        for sum in of(&format!("{name}_ms")) {
            let action = sum.labels[0].as_str();
            let labels: &[(&str, &str)] = if action.is_empty() {
                &[]
            } else {
                &[("action", action)]
            };
            let mut count = 0;
            for (bound, seconds) in BUCKETS {
                count += buckets
                    .iter()
                    .filter(|counter| counter.labels[0] == action && counter.labels[1] == bound)
                    .map(|counter| counter.value)
                    .sum::<i64>();
                let with_bound = [labels, &[("le", seconds)]].concat();
                self.sample(&format!("{title}_bucket"), &with_bound, count);
            }
            self.sample(&format!("{title}_sum"), labels, sum.value as f64 / 1000.0);
            self.sample(&format!("{title}_count"), labels, count);
        }
    }
}

/// As watch.sql names them, and in seconds.
const BUCKETS: [(&str, &str); 13] = [
    ("5", "0.005"),
    ("10", "0.01"),
    ("25", "0.025"),
    ("50", "0.05"),
    ("100", "0.1"),
    ("250", "0.25"),
    ("500", "0.5"),
    ("1000", "1"),
    ("2500", "2.5"),
    ("5000", "5"),
    ("10000", "10"),
    ("30000", "30"),
    ("more", "+Inf"),
];

/// Name in the store, name outside, label, meaning.
const GAUGES: [(&str, &str, &str, &str); 12] = [
    (
        "grants",
        "bluegate_grants",
        "",
        "Grants that have not ended.",
    ),
    (
        "chains",
        "bluegate_token_chains",
        "",
        "Chains of tokens that have not ended.",
    ),
    (
        "access_tokens",
        "bluegate_access_tokens",
        "",
        "Access tokens that have not expired.",
    ),
    (
        "applications",
        "bluegate_applications",
        "status",
        "Applications, by status.",
    ),
    (
        "identity_conflicts",
        "bluegate_identity_conflicts",
        "",
        "Identity conflicts that nobody has resolved.",
    ),
    (
        "identities_held",
        "bluegate_identities_held",
        "",
        "People who cannot sign in because of a conflict.",
    ),
    (
        "lock_downs",
        "bluegate_lock_downs",
        "scope",
        "Lock-downs that hold, by scope.",
    ),
    (
        "alerts",
        "bluegate_alerts",
        "kind",
        "Alerts that nobody has acknowledged, by kind.",
    ),
    (
        "alerts_unsent",
        "bluegate_alerts_unsent",
        "",
        "Alerts that the webhook does not have yet.",
    ),
    (
        "breaker_open",
        "bluegate_breaker_open",
        "",
        "1 while the circuit breaker before the claims backend is open.",
    ),
    (
        "audit_rows",
        "bluegate_audit_rows_total",
        "",
        "Number of the latest row of the audit.",
    ),
    (
        "audit_waiting",
        "bluegate_audit_waiting",
        "",
        "Rows of the audit that the watch has not looked at.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_is_cumulative_and_its_last_bucket_is_its_count() {
        let counter = |name: &str, a: &str, b: &str, value| Counter {
            name: name.to_owned(),
            labels: [a.to_owned(), b.to_owned(), String::new()],
            value,
        };
        let counters = [
            counter("duration", "x", "5", 3),
            counter("duration", "x", "100", 2),
            counter("duration", "x", "more", 1),
            counter("duration_ms", "x", "", 40_500),
        ];
        let mut out = Exposition(String::new());
        out.histogram(&counters, "duration", "t", "h");
        for line in [
            "t_bucket{action=\"x\",le=\"0.005\"} 3",
            "t_bucket{action=\"x\",le=\"0.05\"} 3",
            "t_bucket{action=\"x\",le=\"0.1\"} 5",
            "t_bucket{action=\"x\",le=\"+Inf\"} 6",
            "t_sum{action=\"x\"} 40.5",
            "t_count{action=\"x\"} 6",
        ] {
            assert!(
                out.0.lines().any(|found| found == line),
                "{line}\n{}",
                out.0
            );
        }
    }

    #[test]
    fn labels_are_escaped() {
        let mut out = Exposition(String::new());
        out.sample("m", &[("a", "x\"y\\z\n")], 1);
        assert_eq!(out.0, "m{a=\"x\\\"y\\\\z\\n\"} 1\n");
    }
}
