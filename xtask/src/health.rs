//! The readiness poll: one `GET /health/ready` by hand over TCP. Ready means that the store is there;
//! a backend or provider that is down does not keep a laptop from starting.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// What the gateway says of itself.
#[derive(Debug, PartialEq)]
pub(crate) enum Health {
    /// Listening, and the store is migrated.
    Ready,
    /// Not even listening; why, in a few words.
    Silent(String),
    /// Listening, and not ready; why, in a few words.
    Waiting(String),
}

/// Asks once.
pub(crate) fn ask(addr: SocketAddr, authority: &str) -> Health {
    let stream = match TcpStream::connect_timeout(&addr, PATIENCE) {
        Ok(stream) => stream,
        Err(error) => return Health::Silent(error.to_string()),
    };
    match fetch(stream, authority) {
        Ok(answer) => read(&answer),
        Err(error) => Health::Waiting(format!("GET /health/ready: {error}")),
    }
}

fn fetch(mut stream: TcpStream, authority: &str) -> std::io::Result<String> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET /health/ready HTTP/1.1\r\nhost: {authority}\r\naccept: application/json\r\n\
         connection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.take(64 * 1024).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The status does not matter (it is 503 while the backend is down), only what is said of the store.
fn read(answer: &str) -> Health {
    let status = answer.lines().next().unwrap_or_default();
    // From the first brace to the last: the body may come in one chunk or as it is.
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let json = body
        .find('{')
        .zip(body.rfind('}'))
        .and_then(|(from, to)| body.get(from..=to))
        .and_then(|text| serde_json::from_str::<Value>(text).ok());
    match json.as_ref().and_then(|json| json.get("store")) {
        Some(Value::String(store)) if store == "ok" => Health::Ready,
        Some(store) => Health::Waiting(format!("the store says {store}")),
        None if status.is_empty() => Health::Waiting("an empty answer".to_owned()),
        None => Health::Waiting(format!("`{status}` without the state of the store")),
    }
}

const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: &str, body: &str) -> Health {
        read(&format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n\r\n{body}"
        ))
    }

    #[test]
    fn ready_needs_the_store_and_neither_backend_nor_provider() {
        let up = r#"{"status":"ok","store":"ok","backend":"ok","provider":"ok"}"#;
        let half = r#"{"status":"degraded","store":"ok","backend":"down","provider":"down"}"#;
        assert_eq!(answer("200 OK", up), Health::Ready);
        assert_eq!(answer("503 Service Unavailable", half), Health::Ready);
        let chunked = format!("3d\r\n{up}\r\n0\r\n\r\n");
        assert_eq!(answer("200 OK", &chunked), Health::Ready);
    }

    #[test]
    fn what_is_missing_is_said() {
        for (health, said) in [
            (answer("503 x", r#"{"store":"migrating"}"#), "migrating"),
            (answer("404 Not Found", "nothing here"), "404 Not Found"),
            (answer("500 x", "{oops}"), "500"),
            (read(""), "empty"),
        ] {
            let Health::Waiting(why) = health else {
                panic!("ready without a store")
            };
            assert!(why.contains(said), "{why}");
        }
    }

    #[test]
    fn nobody_listening_is_not_an_answer_that_it_is_not_ready() {
        // Port 9 (discard) is not served on any machine that runs this.
        let health = ask(SocketAddr::from(([127, 0, 0, 1], 9)), "127.0.0.1:9");
        assert!(matches!(health, Health::Silent(_)));
        // Who listens and hangs up is there.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        std::thread::spawn(move || drop(listener.accept()));
        assert!(matches!(ask(addr, "x"), Health::Waiting(_)));
    }
}
