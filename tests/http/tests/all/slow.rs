//! Clients that send their bodies slowly: they hold a connection, and hardly any memory.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use bluegate_http_tests::Stack;

const CONNECTIONS: usize = 100;
/// What a token request may have, nearly all of which never comes.
const ANNOUNCED: usize = 32 * 1024;

/// MiB of the engine's process, where the machine tells it.
fn memory(stack: &Stack) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", stack.pid())).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes / 1024.0)
}

fn slow(stack: &Stack) -> TcpStream {
    let address = stack.base().strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .expect("a timeout");
    let head = format!(
        "POST /v2/o/token/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {ANNOUNCED}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("a head");
    stream.write_all(&[b'x'; 1024]).expect("a beginning");
    stream
}

/// Nobody who is slow keeps others from their answers, or the engine from its memory.
#[test]
fn a_hundred_slow_connections_hold_hardly_any_memory() {
    let stack = Stack::start();
    let browser = || stack.browser();
    browser().get("/v2/fhir/metadata").expect(200);
    let mut most: Vec<f64> = Vec::new();
    for _ in 0..3 {
        let mut open: Vec<_> = (0..CONNECTIONS).map(|_| slow(&stack)).collect();
        for _ in 0..20 {
            browser().get("/v2/fhir/metadata").expect(200);
        }
        most.extend(memory(&stack));
        for stream in &mut open {
            // The rest comes after all, and is answered.
            let rest = vec![b'x'; ANNOUNCED - 1024];
            stream.write_all(&rest).expect("the rest");
            let mut status = [0; 12];
            stream.read_exact(&mut status).expect("an answer");
            assert_eq!(&status, b"HTTP/1.1 400");
        }
    }
    // Sixteen requests share an instance, however slow they are: a hundred are seven instances, and not a hundred.
    let [Some(first), Some(last)] = [most.first(), most.last()] else {
        return;
    };
    println!("{most:.0?} MiB with {CONNECTIONS} slow connections");
    assert!(
        *last < first + 64.0,
        "it grows from round to round: {most:?}"
    );
    assert!(*last < 512.0, "{most:?}");
}
