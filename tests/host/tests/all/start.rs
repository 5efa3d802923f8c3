//! Starting and ending: what is refused, with which words; what a second start costs.

use std::time::Duration;

use crate::support::{Start, directory, guest, manifest, probe};

const ROUTE: &str = "[[trigger.http]]\nroute = \"/...\"\ncomponent = \"web\"\n";

/// The complaint is one line and says `why`.
#[track_caller]
fn refused(text: &str, why: &str) {
    let complaint = Start::new(text).refused();
    assert_eq!(complaint.trim_end().lines().count(), 1, "{complaint}");
    assert!(
        complaint.contains(why),
        "{complaint:?} does not say {why:?}"
    );
}

fn web(keys: &str) -> String {
    format!(
        "{ROUTE}[component.web]\nsource = {:?}\n{keys}",
        guest("probe")
    )
}

#[test]
fn a_required_variable_without_a_value_stops_the_start() {
    let text = manifest("key = { required = true }", &web(""));
    refused(
        &text,
        "no value for required variable(s): key (set SPIN_VARIABLE_KEY)",
    );
    let host = Start::new(&text).environment("SPIN_VARIABLE_KEY", "x").up();
    host.get("/hello").is(200, "hello");
}

#[test]
fn mistakes_in_the_manifest_stop_the_start() {
    refused(
        &manifest("", &web("[component.web.variables]\na = \"{{ b }}\"")),
        "unknown variable \"b\"",
    );
    refused(
        &manifest("", &web("allowed_outbound_hosts = [\"http://a/b\"]")),
        "must not include a path",
    );
    refused(
        &manifest("", &web("allowed_outbound_hosts = [\"\"]")),
        "not an allowed outbound host",
    );
    refused(
        &manifest("", &web("allowed_hosts = []")),
        "unknown field `allowed_hosts`",
    );
    refused(
        &manifest("Key = { default = \"\" }", &web("")),
        "variable \"Key\"",
    );
    refused(
        "spin_manifest_version = 1\n[application]\nname = \"a\"\n[trigger]\n",
        "must be 2",
    );
}

#[test]
fn a_component_that_is_missing_or_is_none_stops_the_start() {
    let with = |source: &str| {
        manifest(
            "",
            &format!("{ROUTE}[component.web]\nsource = {source:?}\n"),
        )
    };
    refused(&with("nowhere.wasm"), "nowhere.wasm (was it built?)");
    refused(&with("spin.toml"), "is not a component");
}

#[test]
fn a_component_that_wants_more_than_there_is_stops_the_start() {
    let text = manifest(
        "",
        &format!(
            "{ROUTE}[component.web]\nsource = {:?}\n",
            guest("wants-key-value")
        ),
    );
    let complaint = Start::new(&text).refused();
    assert!(
        complaint.contains("component \"web\" wants something that this host does not offer"),
        "{complaint}"
    );
    assert!(complaint.contains("key-value"), "{complaint}");
}

#[test]
fn an_address_in_use_stops_the_start() {
    let host = Start::new(&probe("")).up();
    let complaint = Start::new(&probe(""))
        .option("--listen", &host.address.to_string())
        .refused();
    assert!(complaint.contains("cannot listen on"), "{complaint}");
}

#[test]
fn a_second_start_is_quick_and_keeps_the_database() {
    let directory = directory();
    let first = Start::in_directory(directory.clone(), &probe("")).up();
    first
        .post("/sql", "CREATE TABLE kept AS SELECT 5 AS x")
        .is(200, "");
    assert!(
        directory.join("data/sqlite_db.db").is_file(),
        "named as Spin names it"
    );
    // The end of the first one removes the directory, so it is moved away before.
    let moved = directory.with_extension("again");
    let _ = std::fs::remove_dir_all(&moved);
    std::fs::rename(&directory, &moved).expect("moved");
    let (code, took) = first.stop();
    assert_eq!(code, Some(0), "a clean end");
    assert!(took < Duration::from_secs(2), "it took {took:?} to end");

    let second = Start::in_directory(moved, &probe("")).up();
    assert!(
        second.started_in < Duration::from_secs(5),
        "{:?}",
        second.started_in
    );
    second.post("/sql", "SELECT x FROM kept").is(200, "5\n");
}

#[test]
fn each_start_names_what_is_left_out_as_the_readme_does() {
    let said = Start::new(&probe("")).up().errors();
    let line = said.lines().next().expect("a line");
    let readme = include_str!("../../README.md");
    let (_, list) = readme.split_once("## Left out").expect("the list");
    let list = list.split("\n## ").next().unwrap_or_default();
    let list = list.split_whitespace().collect::<Vec<_>>().join(" ");
    for one in bluegate_host::LEFT_OUT {
        assert!(line.contains(one), "{line:?} does not name {one}");
        assert!(list.contains(one), "the README's list does not name {one}");
    }
}

#[test]
fn it_ends_at_once_though_a_request_is_not_answered() {
    let host = Start::new(&probe("")).up();
    let _waiting = host.send("GET", "/wait/60000", &[], b"");
    std::thread::sleep(Duration::from_millis(200));
    let said = host.errors();
    assert_eq!(said.lines().count(), 1, "only what it leaves out: {said}");
    let errors = host.directory.join("host_stderr.txt");
    let errors = std::fs::File::open(errors).expect("its errors");
    let (code, took) = host.stop();
    // Read by the open file: the directory is gone by now.
    assert_eq!(
        std::io::read_to_string(errors).expect("its errors"),
        said,
        "no complaint"
    );
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(2), "it took {took:?}");
}
