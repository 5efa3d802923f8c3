//! Requests that components send.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::support::{Host, Reply, Start, guest, manifest, probe};

/// A server that answers with the path, or never where the path is `/silent`,
/// or stops in the middle where it is `/half`.
struct Backend {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Backend {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counted.fetch_add(1, Relaxed);
                std::thread::spawn(move || Self::serve(stream));
            }
        });
        Self {
            address,
            connections,
        }
    }

    fn serve(mut stream: TcpStream) {
        let mut lines = BufReader::new(stream.try_clone().expect("a second handle")).lines();
        let mut seen = Vec::new();
        while let Some(Ok(line)) = lines.next() {
            if !line.is_empty() {
                seen.push(line);
                continue;
            }
            let path = seen[0].split(' ').nth(1).unwrap_or_default().to_owned();
            let host = seen
                .iter()
                .find_map(|l| l.strip_prefix("host: "))
                .unwrap_or_default();
            let body = format!("{path} for {host}");
            let length = if path == "/half" {
                body.len() + 1
            } else {
                body.len()
            };
            if path == "/silent" {
                std::thread::sleep(Duration::from_secs(60));
            }
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"
            )
            .expect("sent");
            seen.clear();
        }
    }
}

fn up(allowed: &str) -> Host {
    Start::new(&probe(&format!("allowed_outbound_hosts = [{allowed}]"))).up()
}

fn fetch(host: &Host, url: &str) -> Reply {
    host.request("GET", "/fetch", &[("x-url", url)], b"")
}

#[test]
fn an_allowed_host_is_reached_over_a_connection_that_is_kept() {
    let backend = Backend::start();
    let address = backend.address;
    let host = up(&format!("\"http://{address}\""));
    for number in 0..5 {
        fetch(&host, &format!("http://{address}/{number}"))
            .is(200, &format!("/{number} for {address}"));
    }
    assert_eq!(backend.connections.load(Relaxed), 1);
}

#[test]
fn any_other_host_is_denied() {
    let backend = Backend::start();
    let port = backend.address.port();
    let host = up(&format!("\"http://127.0.0.1:{port}\""));
    for url in [
        format!("http://localhost:{port}/"),
        format!("http://127.0.0.1:{}/", port ^ 1),
        format!("https://127.0.0.1:{port}/"),
        "http://127.0.0.1/".to_owned(),
        "http://self.alt/hello".to_owned(),
        "http://probe.spin.internal/hello".to_owned(),
    ] {
        fetch(&host, &url).is(200, "error: ErrorCode::HttpRequestDenied");
    }
    assert_eq!(backend.connections.load(Relaxed), 0);
}

#[test]
fn the_allowed_hosts_follow_the_variables() {
    let backend = Backend::start();
    let address = backend.address;
    let text = manifest(
        "origin = { default = \"https://unused.invalid\" }",
        &format!(
            "[[trigger.http]]\nroute = \"/...\"\ncomponent = \"p\"\n[component.p]\nsource = {:?}\n\
             allowed_outbound_hosts = [\"{{{{ origin }}}}\"]\n",
            guest("probe")
        ),
    );
    let url = format!("http://{address}/x");
    fetch(&Start::new(&text).up(), &url).is(200, "error: ErrorCode::HttpRequestDenied");
    let allowed = Start::new(&text)
        .environment("SPIN_VARIABLE_ORIGIN", &format!("http://{address}"))
        .up();
    fetch(&allowed, &url).is(200, &format!("/x for {address}"));
    // As on Spin: a value that is no origin is found late, and then nothing is allowed.
    let wrong = Start::new(&text)
        .environment("SPIN_VARIABLE_ORIGIN", &format!("http://{address}/path"))
        .up();
    fetch(&wrong, &url).is(200, "error: ErrorCode::HttpRequestDenied");
    assert!(
        wrong.errors().contains("component \"p\" may call nobody"),
        "{}",
        wrong.errors()
    );
}

#[test]
fn failures_have_the_names_that_components_know() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .and_then(|l| l.local_addr())
        .expect("a port");
    let backend = Backend::start();
    let plain = backend.address;
    let host = up(&format!(
        "\"http://{closed}\", \"http://nowhere.invalid\", \"https://{plain}\""
    ));
    fetch(&host, &format!("http://{closed}/")).is(200, "error: ErrorCode::ConnectionRefused");
    fetch(&host, &format!("https://{plain}/")).is(200, "error: ErrorCode::TlsProtocolError");
    let unknown = fetch(&host, "http://nowhere.invalid/").body;
    assert!(
        unknown.starts_with("error: ErrorCode::DnsError("),
        "{unknown}"
    );
}

#[test]
fn the_timeouts_of_a_request_are_honoured() {
    let backend = Backend::start();
    let host = up(&format!("\"http://{}\"", backend.address));
    let url = format!("http://{}/silent", backend.address);
    let begun = Instant::now();
    host.request(
        "GET",
        "/fetch",
        &[("x-url", &url), ("x-first-byte-ms", "300")],
        b"",
    )
    .is(200, "error: ErrorCode::ConnectionReadTimeout");
    let took = begun.elapsed();
    assert!(
        took >= Duration::from_millis(300) && took < Duration::from_secs(20),
        "{took:?}"
    );

    let url = format!("http://{}/half", backend.address);
    let mut stream = host.send(
        "GET",
        "/fetch",
        &[("x-url", &url), ("x-between-bytes-ms", "300")],
        b"",
    );
    let mut bytes = Vec::new();
    let _ = std::io::Read::read_to_end(&mut stream, &mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(text.contains("/half for"), "{text}");
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "the reply ended though the backend never did"
    );
}

#[test]
fn components_reach_each_other_without_the_network() {
    let probe = guest("probe");
    let text = manifest(
        "",
        &format!(
            "[[trigger.http]]\nroute = \"/...\"\ncomponent = \"front\"\n\
             [[trigger.http]]\nroute = {{ private = true }}\ncomponent = \"back\"\n\
             [component.front]\nsource = {probe:?}\nallowed_outbound_hosts = [\"http://back.spin.internal\", \"http://self\"]\n\
             [component.back]\nsource = {probe:?}\n[component.back.variables]\nid = \"back\"\n"
        ),
    );
    let host = Start::new(&text).up();
    fetch(&host, "http://back.spin.internal/variable/id").is(200, "back");
    let seen = fetch(&host, "http://back.spin.internal/headers/x").body;
    assert!(seen.contains("spin-client-addr: 0.0.0.0:0\n"), "{seen}");
    assert!(seen.contains("spin-path-info: /headers/x\n"), "{seen}");
    fetch(&host, "http://back.spin.internal/fail").is(500, "");
    fetch(&host, "http://front.spin.internal/hello").is(200, "error: ErrorCode::HttpRequestDenied");
    fetch(&host, "http://self.alt/hello").is(200, "hello");
}
