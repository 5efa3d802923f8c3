//! Databases and networks of the runtime configuration. (`tls` has its certificates.)

use crate::support::{Start, directory, guest, manifest, probe};

/// A start with this runtime configuration.
fn with(manifest: &str, config: &str) -> (Start, std::path::PathBuf) {
    let folder = directory();
    let file = folder.join("runtime-config.toml");
    std::fs::write(&file, config).expect("written");
    let start =
        Start::new(manifest).option("--runtime-config-file", file.to_str().expect("a path"));
    (start, folder)
}

#[test]
fn two_processes_share_a_database_file() {
    let shared = directory();
    // A folder that is not there yet is made, as on Spin.
    let file = shared.join("store/shared.db");
    let config = format!("[sqlite_database.default]\ntype = \"spin\"\npath = {file:?}\n");
    let (one, first) = with(&probe(""), &config);
    let (two, second) = with(&probe(""), &config);
    let (one, two) = (one.up(), two.up());
    one.post("/sql", "CREATE TABLE c AS SELECT 7 AS n")
        .is(200, "");
    two.post("/sql", "UPDATE c SET n = n + 1").is(200, "");
    one.post("/sql", "SELECT n FROM c").is(200, "8\n");
    assert!(file.is_file());
    assert!(!one.directory.join("data/sqlite_db.db").exists());
    for folder in [shared, first, second] {
        let _ = std::fs::remove_dir_all(folder);
    }
}

#[test]
fn a_database_has_the_label_that_the_configuration_gives_it() {
    let text = manifest(
        "",
        &format!(
            "[[trigger.http]]\nroute = \"/...\"\ncomponent = \"probe\"\n\
             [component.probe]\nsource = {:?}\nsqlite_databases = [\"other\"]\n",
            guest("probe")
        ),
    );
    let complaint = Start::new(&text).refused();
    assert!(
        complaint.contains("sqlite database \"other\" is not defined"),
        "{complaint}"
    );
    let folder = directory();
    let file = folder.join("other.db");
    let config = format!("[sqlite_database.other]\ntype = \"spin\"\npath = {file:?}\n");
    let (start, second) = with(&text, &config);
    let host = start.up();
    host.get("/label/other").is(200, "opened");
    host.get("/label/default")
        .is(200, "error: Error::AccessDenied");
    for folder in [folder, second] {
        let _ = std::fs::remove_dir_all(folder);
    }
}

#[test]
fn a_blocked_network_is_not_reached_though_its_host_is_allowed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let (start, folder) = with(
        &probe(&format!("allowed_outbound_hosts = [\"http://{address}\"]")),
        "[outbound_networking]\nblock_networks = [\"private\"]\n",
    );
    let host = start.up();
    let url = format!("http://{address}/");
    host.request("GET", "/fetch", &[("x-url", &url)], b"")
        .is(200, "error: ErrorCode::DestinationIpProhibited");
    let _ = std::fs::remove_dir_all(folder);
}

#[test]
fn what_is_not_known_or_not_there_stops_the_start() {
    for (config, why) in [
        (
            "[llm_compute]\ntype = \"spin\"",
            "`llm_compute` is not offered by this host",
        ),
        (
            "[sqlite_database.default]\ntype = \"libsql\"",
            "type \"libsql\" is not offered",
        ),
        ("this is no TOML", "runtime-config.toml: line 1"),
    ] {
        let (start, folder) = with(&probe(""), config);
        let complaint = start.refused();
        assert!(
            complaint.contains(why),
            "{complaint:?} does not say {why:?}"
        );
        assert_eq!(complaint.trim_end().lines().count(), 1, "{complaint}");
        let _ = std::fs::remove_dir_all(folder);
    }
    let complaint = Start::new(&probe(""))
        .option("--runtime-config-file", "nowhere.toml")
        .refused();
    assert!(complaint.contains("nowhere.toml"), "{complaint}");
}
