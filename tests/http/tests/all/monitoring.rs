//! The files of `deploy/monitoring` against what a running gateway tells, by Prometheus' own tool.
//!
//! `cargo xtask test` unpacks Debian's package and names the tool in `BLUEGATE_PROMTOOL`.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use bluegate_http_tests::{Consent, Flow, Stack};
use serde_json::Value;

use crate::operators::{act, operated};
use crate::support::public;

/// What `/ops/metrics` says after something of everything has happened.
fn exposition() -> String {
    let stack = operated();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let tokens = flow.tokens(&stack, &app, "BBUser00014", Consent::ALLOW);
    for url in [
        "/v2/fhir/ExplanationOfBenefit",
        "/v2/fhir/Coverage",
        "/v2/fhir/Patient/-1",
        "/v2/connect/userinfo",
    ] {
        stack.browser().get_as(&tokens.access, url);
    }
    flow.refresh(&stack, &app, &tokens.refresh, None)
        .expect(200);
    act(&stack, "approver", &app, "suspend").expect(200);
    scrape(&stack)
}

fn scrape(stack: &Stack) -> String {
    stack
        .browser()
        .get_as("reader", "/ops/metrics")
        .expect(200)
        .text()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy/monitoring")
}

fn file(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).expect("a file of deploy/monitoring")
}

/// Every expression of the dashboard, with the title of its panel.
fn expressions() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(&file("dashboard.json")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let found: Vec<_> = panels
        .iter()
        .flat_map(|panel| {
            let title = panel["title"].as_str().expect("a title");
            let targets = panel["targets"].as_array().expect("targets");
            targets.iter().map(move |target| {
                let expression = target["expr"].as_str().expect("an expression");
                (title.to_owned(), expression.to_owned())
            })
        })
        .collect();
    assert!(found.len() >= 20, "{found:?}");
    found
}

/// Names of metrics in a text, without what a histogram adds to its own.
fn metrics_in(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_ascii_lowercase() && c != '_')
        .filter(|word| word.starts_with("bluegate_"))
        .map(|word| {
            ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| word.strip_suffix(end))
                .unwrap_or(word)
                .to_owned()
        })
        .collect()
}

#[test]
fn rules_and_dashboard_use_only_metrics_that_the_gateway_has_and_the_dashboard_shows_all() {
    let exposition = exposition();
    let told: BTreeSet<_> = exposition
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect();
    assert!(told.len() >= 15, "{told:?}");
    let shown = metrics_in(&file("dashboard.json"));
    for used in [&shown, &metrics_in(&file("alerts.yml"))] {
        let unknown: Vec<_> = used.difference(&told).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
    let mut not_shown: Vec<_> = told.difference(&shown).collect();
    not_shown.retain(|name| *name != "bluegate_build_info");
    assert!(not_shown.is_empty(), "{not_shown:?}");
}

#[test]
fn prometheus_own_tool_accepts_the_metrics_the_rules_and_the_dashboard() {
    let Some(tool) = tool() else {
        println!("skipped: no promtool; `cargo xtask test` unpacks one");
        return;
    };
    promtool(&tool, &["check", "metrics"], &exposition());
    let folder = folder();
    let rules = folder.join("alerts.yml");
    promtool(
        &tool,
        &["check", "rules", rules.to_str().expect("a path")],
        "",
    );
    let tests = folder.join("alerts.test.yml");
    promtool(
        &tool,
        &["test", "rules", tests.to_str().expect("a path")],
        "",
    );

    // What a dashboard asks for is an expression like that of a rule.
    let place = tempfile::tempdir().expect("a folder");
    let mut text = "groups:\n  - name: dashboard\n    rules:\n".to_owned();
    for (number, (_, expression)) in expressions().iter().enumerate() {
        let expression = Value::from(expression.as_str());
        text.push_str(&format!(
            "      - record: panel_{number}\n        expr: {expression}\n"
        ));
    }
    let panels = place.path().join("panels.yml");
    std::fs::write(&panels, text).expect("the rules");
    promtool(
        &tool,
        &["check", "rules", panels.to_str().expect("a path")],
        "",
    );

    // The configuration names a token and the rules, both beside it.
    for name in ["prometheus.yml", "alerts.yml"] {
        std::fs::copy(folder.join(name), place.path().join(name)).expect("a copy");
    }
    std::fs::write(place.path().join("token"), "x").expect("a token");
    let config = place.path().join("prometheus.yml");
    promtool(
        &tool,
        &["check", "config", config.to_str().expect("a path")],
        "",
    );
}

fn tool() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("BLUEGATE_PROMTOOL") {
        return Some(named.into());
    }
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join("promtool"))
        .find(|path| path.is_file())
}

#[track_caller]
fn promtool(tool: &PathBuf, arguments: &[&str], input: &str) {
    let mut child = Command::new(tool)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool");
    let mut stdin = child.stdin.take().expect("its input");
    stdin.write_all(input.as_bytes()).expect("its input");
    drop(stdin);
    let done = child.wait_with_output().expect("its end");
    assert!(
        done.status.success(),
        "{arguments:?}\n{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
}
