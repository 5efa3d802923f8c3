//! The outside scheduler of a laptop: `POST /ops/tick` each second, as an operator of this run alone.
//!
//! A token is made at each start and its hash appended to the operators that the engine gets, so no token
//! that anybody knows can call `/ops`.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

/// The token of the operator `tick`.
pub(crate) struct TickToken(String);

impl TickToken {
    /// 256 random bits.
    pub(crate) fn random() -> Result<Self> {
        let mut bytes = [0; 32];
        File::open("/dev/urandom")
            .and_then(|mut source| source.read_exact(&mut bytes))
            .context("/dev/urandom")?;
        Ok(Self(hex(&bytes)))
    }

    /// The operators that are set already, and this one.
    pub(crate) fn added_to(&self, operators: &str) -> String {
        let own = format!("tick:read:{}", hex(&Sha256::digest(self.0.as_bytes())));
        match operators.trim() {
            "" => own,
            others => format!("{others},{own}"),
        }
    }
}

/// Calls once a second until it is dropped.
pub(crate) struct Ticker {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Begins.
    pub(crate) fn start(addr: SocketAddr, authority: String, token: TickToken) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let stop = done.clone();
        let thread = std::thread::spawn(move || {
            let mut failed = false;
            while !stop.load(Ordering::Relaxed) {
                let begun = Instant::now();
                match tick(addr, &authority, &token) {
                    Ok(()) => failed = false,
                    // Once, and not each second: the engine may be on its way down.
                    Err(_) if failed => {}
                    Err(error) => {
                        failed = true;
                        if !stop.load(Ordering::Relaxed) {
                            eprintln!("POST /ops/tick: {error}");
                        }
                    }
                }
                std::thread::sleep(SECOND.saturating_sub(begun.elapsed()));
            }
        });
        Self {
            done,
            thread: Some(thread),
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn tick(addr: SocketAddr, authority: &str, token: &TickToken) -> Result<()> {
    let mut stream = TcpStream::connect_timeout(&addr, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "POST /ops/tick HTTP/1.1\r\nhost: {authority}\r\nauthorization: Bearer {}\r\ncontent-length: 0\r\n\
         connection: close\r\n\r\n",
        token.0
    )?;
    let mut answer = String::new();
    stream.take(16 * 1024).read_to_string(&mut answer)?;
    let status = answer.lines().next().unwrap_or_default();
    anyhow::ensure!(status.contains(" 200 "), "`{status}`");
    Ok(())
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

const SECOND: Duration = Duration::from_secs(1);
/// A tick may wait for a webhook that hangs.
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_of_the_ticks_is_added_to_those_of_the_user() {
        let token = TickToken("x".to_owned());
        // SHA-256 of "x".
        let own = "tick:read:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
        assert_eq!(token.added_to(""), own);
        assert_eq!(token.added_to("ann:lock:00"), format!("ann:lock:00,{own}"));
        assert_eq!(TickToken::random().unwrap().0.len(), 64);
    }
}
