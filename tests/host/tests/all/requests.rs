//! What a component gets, and what becomes of its reply.

use std::io::{Read as _, Write as _};

use crate::support::{Host, Reply, Start, guest, manifest, probe};

fn up(extra: &str) -> Host {
    Start::new(&probe(extra)).up()
}

#[test]
fn routes_lead_to_components_and_nowhere_else() {
    let probe = guest("probe");
    let text = manifest(
        "",
        &format!(
            "[[trigger.http]]\nroute = \"/hello\"\ncomponent = \"web\"\n\
             [[trigger.http]]\nroute = \"/variable/...\"\ncomponent = \"api\"\n\
             [component.web]\nsource = {probe:?}\n\
             [component.api]\nsource = {probe:?}\n[component.api.variables]\nid = \"api\"\n"
        ),
    );
    let host = Start::new(&text).up();
    host.get("/hello").is(200, "hello");
    host.get("/variable/id").is(200, "api");
    host.get("/").is(404, "");
    host.get("/hello/more").is(404, "");
    host.get("/.well-known/spin/health").is(200, "OK");
}

#[test]
fn spins_headers_come_after_those_of_the_client() {
    let host = up("");
    let forged = [("spin-client-addr", "6.6.6.6:6"), ("X-Other", "kept")];
    let reply = host.request("GET", "/headers/a?b=c", &forged, b"");
    let values = |name: &str| -> Vec<String> {
        let prefix = format!("{name}: ");
        reply
            .body
            .lines()
            .filter_map(|l| l.strip_prefix(&prefix))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(values("spin-full-url"), ["http://tests/headers/a?b=c"]);
    assert_eq!(values("spin-path-info"), ["/headers/a"]);
    assert_eq!(values("spin-matched-route"), ["/..."]);
    assert_eq!(values("spin-raw-component-route"), ["/..."]);
    assert_eq!(values("spin-component-route"), [""]);
    assert_eq!(values("spin-base-path"), ["/"]);
    assert_eq!(values("x-other"), ["kept"]);
    assert_eq!(
        values("connection"),
        [""; 0],
        "transport information stays with the host"
    );
    let addresses = values("spin-client-addr");
    assert_eq!(
        addresses.len(),
        2,
        "Spin adds its own, it does not replace: {addresses:?}"
    );
    assert_eq!(addresses[0], "6.6.6.6:6");
    assert!(addresses[1].starts_with("127.0.0.1:"), "{addresses:?}");
}

#[test]
fn variables_come_from_the_environment_or_the_manifest() {
    let text = manifest(
        "one = { default = \"1\" }\ntwo = { default = \"2\", secret = true }",
        &format!(
            "[[trigger.http]]\nroute = \"/...\"\ncomponent = \"probe\"\n[component.probe]\nsource = {:?}\n\
             environment = {{ PLAIN = \"from the manifest\" }}\n\
             [component.probe.variables]\nboth = \"{{{{ one }}}}-{{{{two}}}}\"\n",
            guest("probe")
        ),
    );
    let host = Start::new(&text)
        .environment("SPIN_VARIABLE_TWO", "zwei")
        .option("--env", "ADDED=from the command line")
        .up();
    host.get("/variable/both").is(200, "1-zwei");
    assert!(
        host.get("/variable/one")
            .body
            .starts_with("error: Error::Undefined("),
        "only its own are seen"
    );
    assert!(
        host.get("/variable/No-Name")
            .body
            .starts_with("error: Error::InvalidName(")
    );
    host.get("/environment/PLAIN").is(200, "from the manifest");
    host.get("/environment/ADDED")
        .is(200, "from the command line");
    host.get("/environment/PATH").is(200, "unset");
}

#[test]
fn an_error_of_the_component_is_500_without_a_body() {
    let host = up("");
    host.get("/fail").is(500, "");
    host.get("/hello").is(200, "hello");
    assert!(host.errors().contains("no reply"), "{}", host.errors());
}

#[test]
fn a_connection_carries_several_requests() {
    let host = up("");
    let mut stream = host.connect();
    for path in ["/hello", "/variable/none", "/hello"] {
        write!(stream, "GET {path} HTTP/1.1\r\nHost: tests\r\n\r\n").expect("sent");
        let mut seen = Vec::new();
        let mut buffer = [0; 4096];
        let body = loop {
            let count = stream.read(&mut buffer).expect("a reply");
            assert!(
                count > 0,
                "closed after {:?}",
                String::from_utf8_lossy(&seen)
            );
            seen.extend_from_slice(&buffer[..count]);
            let Some(end) = seen.windows(4).position(|w| w == b"\r\n\r\n") else {
                continue;
            };
            let reply = Reply::parse(&seen);
            let length = reply
                .headers
                .iter()
                .find(|(n, _)| n == "content-length")
                .expect("a length");
            if seen.len() - end - 4 == length.1.parse::<usize>().expect("a number") {
                break reply.body;
            }
        };
        assert_eq!(body == "hello", path == "/hello", "{body}");
    }
}

#[test]
fn what_a_component_prints_is_kept_and_shown() {
    let host = up("");
    host.get("/print/something").is(200, "printed");
    let log = |name: &str| {
        std::fs::read_to_string(host.directory.join("data/logs").join(name)).expect("a log")
    };
    assert_eq!(log("probe_stdout.txt"), "out: something\n");
    assert_eq!(log("probe_stderr.txt"), "err: something\n");
    assert!(host.errors().contains("err: something\n"));
}

#[test]
fn a_request_that_poses_as_internal_is_not_answered() {
    let host = up("");
    let mut stream = host.connect();
    stream
        .write_all(b"GET /hello HTTP/1.1\r\nHost: probe.spin.internal\r\n\r\n")
        .expect("sent");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("the end");
    assert!(bytes.is_empty(), "{}", String::from_utf8_lossy(&bytes));
    host.get("/hello").is(200, "hello");
}

/// More than this much memory on top would mean that the body is held somewhere.
const HELD: usize = 24 << 20;
const BODY: usize = 50 << 20;

#[test]
fn a_body_of_50_mb_streams_through_without_being_held() {
    let host = up("");
    host.get("/hello").is(200, "hello");
    let before = host.memory();

    // There and back at the same time.
    let mut stream = host.connect();
    let mut writer = stream.try_clone().expect("a second handle");
    let sending = std::thread::spawn(move || {
        let head = crate::support::head("POST", "/echo", &[], BODY);
        writer.write_all(head.as_bytes()).expect("sent");
        let piece = vec![b'x'; 1 << 16];
        for _ in 0..BODY / piece.len() {
            writer.write_all(&piece).expect("sent");
        }
    });
    let received = count(&mut stream, b'x');
    sending.join().expect("all was sent");
    assert_eq!(received, BODY);

    let mut made = host.send("GET", &format!("/make/{BODY}"), &[], b"");
    assert_eq!(count(&mut made, b'x'), BODY);

    assert_not_held(&host, before);
}

#[test]
fn a_component_is_not_read_faster_than_its_client_reads() {
    let host = up("");
    host.get("/hello").is(200, "hello");
    let before = host.memory();
    let mut slow = host.send("GET", &format!("/make/{BODY}"), &[], b"");
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_not_held(&host, before);
    assert_eq!(count(&mut slow, b'x'), BODY);
}

#[track_caller]
fn assert_not_held(host: &Host, before: Option<usize>) {
    let (Some(before), Some(now)) = (before, host.memory()) else {
        println!("skipped: this system does not tell how much memory a process used");
        return;
    };
    let grown = now.saturating_sub(before);
    assert!(grown < HELD, "{} MB more than before", grown >> 20);
}

/// Reads to the end and counts a byte that occurs in the body only.
fn count(stream: &mut std::net::TcpStream, byte: u8) -> usize {
    let mut buffer = vec![0; 1 << 16];
    let mut head = Vec::new();
    let mut total = 0;
    loop {
        let read = stream.read(&mut buffer).expect("read");
        if read == 0 {
            return total;
        }
        let mut bytes = &buffer[..read];
        if !head.ends_with(b"\r\n\r\n") {
            // Byte by byte as far as the head goes.
            while let Some((first, rest)) = bytes.split_first() {
                head.push(*first);
                bytes = rest;
                if head.ends_with(b"\r\n\r\n") {
                    break;
                }
            }
        }
        total += bytes.iter().filter(|b| **b == byte).count();
    }
}
