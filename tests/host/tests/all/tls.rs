//! `--tls-cert`, `--tls-key`, and `[[client_tls]]` of the runtime configuration.

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::certificates::Authority;
use crate::support::{Host, Reply, Start, head, probe};

fn https(authority: &Authority) -> Start {
    authority.certify("localhost");
    Start::new(&probe(""))
        .option("--tls-cert", &authority.path("localhost.pem"))
        .option("--tls-key", &authority.path("localhost-key.pem"))
}

#[test]
fn https_is_served_with_the_certificate_and_said_to_the_component() {
    let authority = Authority::new();
    let host = https(&authority).up();
    let (answer, protocol) = authority.get(host.address, &head("GET", "/headers/a?b=c", &[], 0));
    let reply = Reply::parse(&answer);
    assert_eq!(reply.status, 200);
    assert!(
        reply
            .body
            .contains("spin-full-url: https://tests/headers/a?b=c\n"),
        "{}",
        reply.body
    );
    assert_eq!(protocol, None, "Spin 4 names no application protocol");
}

#[test]
fn who_speaks_no_tls_is_dropped_and_holds_up_nobody_afterwards() {
    let authority = Authority::new();
    let host = https(&authority).up();
    let mut plain = host.send("GET", "/hello", &[], b"");
    let mut bytes = Vec::new();
    let _ = std::io::Read::read_to_end(&mut plain, &mut bytes);
    assert!(!bytes.starts_with(b"HTTP/"), "it was answered without TLS");
    let (answer, _) = authority.get(host.address, &head("GET", "/hello", &[], 0));
    Reply::parse(&answer).is(200, "hello");
}

#[test]
fn a_certificate_that_cannot_be_used_stops_the_start() {
    let authority = Authority::new();
    authority.certify("localhost");
    authority.certify("other");
    std::fs::write(authority.file("empty.pem"), "nothing here\n").expect("written");
    for (certificate, key, why) in [
        ("missing.pem", "localhost-key.pem", "missing.pem"),
        ("localhost.pem", "missing.pem", "missing.pem"),
        ("empty.pem", "localhost-key.pem", "holds no certificate"),
        ("localhost.pem", "empty.pem", "holds no private key"),
        (
            "localhost-key.pem",
            "localhost-key.pem",
            "holds no certificate",
        ),
        ("localhost.pem", "other-key.pem", "certificate and key"),
    ] {
        let complaint = Start::new(&probe(""))
            .option("--tls-cert", &authority.path(certificate))
            .option("--tls-key", &authority.path(key))
            .refused();
        assert!(
            complaint.contains(why),
            "{complaint:?} does not say {why:?}"
        );
        assert!(!complaint.contains("PRIVATE"), "{complaint}");
    }
}

#[test]
fn http_2_is_answered_to_who_begins_with_it() {
    let host = Start::new(&probe("")).up();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let body = runtime.block_on(async {
        let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new())
            .http2_only(true)
            .build(HttpConnector::new());
        let request = http::Request::post(format!("http://{}/echo", host.address))
            .body(Full::from("a body without a length in its head"))
            .expect("a request");
        let answer = client.request(request).await.expect("an answer");
        assert_eq!(answer.version(), http::Version::HTTP_2);
        let body = answer.into_body().collect().await.expect("its body");
        body.to_bytes()
    });
    assert_eq!(body, "a body without a length in its head");
}

/// A host whose component may call the backend, with this in its runtime configuration.
fn calling(authority: &Authority, backend: std::net::SocketAddr, client_tls: &str) -> Host {
    let file = authority.file("runtime-config.toml");
    std::fs::write(&file, client_tls).expect("written");
    let port = backend.port();
    let allowed = format!(
        "allowed_outbound_hosts = [\"https://localhost:{port}\", \"https://127.0.0.1:{port}\"]"
    );
    Start::new(&probe(&allowed))
        .option("--runtime-config-file", file.to_str().expect("a path"))
        .up()
}

fn fetch(host: &Host, name: &str, backend: std::net::SocketAddr) -> String {
    let url = format!("https://{name}:{}/", backend.port());
    host.request("GET", "/fetch", &[("x-url", &url)], b"").body
}

const UNTRUSTED: &str = "error: ErrorCode::TlsProtocolError";
const TRUSTED: &str = "HTTP/2.0, showing nothing";
const CERTIFIED: &str = "HTTP/2.0, showing a certificate";

#[test]
fn a_private_authority_is_trusted_for_the_hosts_that_are_named() {
    let authority = Authority::new();
    authority.certify("localhost");
    let backend = authority.serve("localhost");
    // Relative to the file.
    let host = calling(
        &authority,
        backend,
        "[[client_tls]]\ncomponent_ids = [\"probe\"]\nhosts = [\"localhost\"]\nca_roots_file = \"ca.pem\"\n",
    );
    assert_eq!(fetch(&host, "localhost", backend), TRUSTED);
    assert_eq!(fetch(&host, "127.0.0.1", backend), UNTRUSTED);
}

#[test]
fn a_client_certificate_is_shown_to_the_hosts_that_are_named() {
    let authority = Authority::new();
    authority.certify("localhost");
    authority.certify("gateway");
    let backend = authority.serve("localhost");
    let host = calling(
        &authority,
        backend,
        "[[client_tls]]\ncomponent_ids = [\"probe\"]\nhosts = [\"localhost\"]\nca_roots_file = \"ca.pem\"\n\
         client_cert_file = \"gateway.pem\"\nclient_private_key_file = \"gateway-key.pem\"\n\
         [[client_tls]]\ncomponent_ids = [\"probe\"]\nhosts = [\"localhost\", \"127.0.0.1\"]\nca_roots_file = \"ca.pem\"\n",
    );
    // Of two that fit, the first.
    assert_eq!(fetch(&host, "localhost", backend), CERTIFIED);
    assert_eq!(fetch(&host, "127.0.0.1", backend), TRUSTED);
}

#[test]
fn another_component_gets_nothing_of_it() {
    let authority = Authority::new();
    authority.certify("localhost");
    let backend = authority.serve("localhost");
    let host = calling(
        &authority,
        backend,
        "[[client_tls]]\ncomponent_ids = [\"other\"]\nhosts = [\"localhost\"]\nca_roots_file = \"ca.pem\"\n",
    );
    assert_eq!(fetch(&host, "localhost", backend), UNTRUSTED);
}

#[test]
fn the_authorities_of_the_machine_are_trusted_unless_others_are_named() {
    let authority = Authority::new();
    authority.certify("localhost");
    let backend = authority.serve("localhost");
    let port = backend.port();
    let allowed = format!("allowed_outbound_hosts = [\"https://localhost:{port}\"]");
    let start = || {
        // Where OpenSSL and Spin look as well.
        Start::new(&probe(&allowed)).environment("SSL_CERT_FILE", &authority.path("ca.pem"))
    };
    assert_eq!(fetch(&start().up(), "localhost", backend), TRUSTED);
    let file = authority.file("runtime-config.toml");
    for (roots, answer) in [
        ("", TRUSTED),
        ("ca_use_platform_roots = true\n", TRUSTED),
        ("ca_use_webpki_roots = true\n", UNTRUSTED),
        (
            "ca_use_webpki_roots = true\nca_use_platform_roots = true\n",
            TRUSTED,
        ),
    ] {
        let entry = "[[client_tls]]\ncomponent_ids = [\"probe\"]\nhosts = [\"localhost\"]\n";
        std::fs::write(&file, format!("{entry}{roots}")).expect("written");
        let host = start()
            .option("--runtime-config-file", file.to_str().expect("a path"))
            .up();
        assert_eq!(fetch(&host, "localhost", backend), answer, "{roots}");
    }
}
