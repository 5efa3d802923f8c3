//! The client side: one request again and again on some connections that stay open, all on one thread, so
//! that as little as possible of the machine goes into asking.

use std::io::{self, Read as _, Write as _};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What is asked for, and of whom.
pub(crate) struct Target {
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    /// The bytes of the request.
    pub(crate) request: Vec<u8>,
}

/// What one round came to.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// How long each request took, shortest first.
    pub(crate) latencies: Vec<Duration>,
    /// From the first request to the last answer.
    pub(crate) wall: Duration,
}

impl Target {
    /// The bytes of a GET.
    pub(crate) fn get(address: &str, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        Self {
            address: address.to_owned(),
            request: request.into_bytes(),
        }
    }

    /// Asks once on a connection of its own: head and body of the answer, whatever it is.
    pub(crate) fn once(&self) -> io::Result<(String, Vec<u8>)> {
        let mut stream = std::net::TcpStream::connect(&self.address)?;
        let request = String::from_utf8_lossy(&self.request);
        let last = request.replacen("\r\n", "\r\nConnection: close\r\n", 1);
        stream.write_all(last.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let head = find(&answer, b"\r\n\r\n").ok_or_else(|| broken("no head"))?;
        let mut body = answer.split_off(head + 4);
        answer.truncate(head + 2);
        let head = String::from_utf8_lossy(&answer).into_owned();
        let chunked = "\r\ntransfer-encoding: chunked\r\n";
        if head.to_ascii_lowercase().contains(chunked) {
            body = unchunked(&body).ok_or_else(|| broken("chunks"))?;
        }
        Ok((head, body))
    }

    /// Asks for some time on so many connections at once. Every answer must be 200.
    pub(crate) fn run(&self, connections: usize, time: Duration) -> io::Result<Round> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        runtime.block_on(async {
            let mut open = Vec::with_capacity(connections);
            for _ in 0..connections {
                open.push(Connection::open(&self.address).await?);
            }
            let begin = Instant::now();
            let until = begin + time;
            let mut tasks = tokio::task::JoinSet::new();
            for mut connection in open {
                let request = self.request.clone();
                tasks.spawn(async move { connection.repeat(&request, until).await });
            }
            let mut round = Round::default();
            while let Some(done) = tasks.join_next().await {
                round.latencies.extend(done.map_err(|_| broken("a task"))??);
            }
            round.wall = begin.elapsed();
            round.latencies.sort_unstable();
            Ok(round)
        })
    }
}

impl Round {
    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.wall.as_secs_f64()
    }

    /// The latency that so many of 100 requests do not pass, in milliseconds.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let index = (self.latencies.len() * percent / 100).min(self.latencies.len() - 1);
        self.latencies[index].as_secs_f64() * 1000.0
    }
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

impl Connection {
    async fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; 512 * 1024],
            filled: 0,
        })
    }

    async fn repeat(&mut self, request: &[u8], until: Instant) -> io::Result<Vec<Duration>> {
        let mut latencies = Vec::with_capacity(16 * 1024);
        loop {
            let begin = Instant::now();
            if begin >= until {
                return Ok(latencies);
            }
            self.stream.write_all(request).await?;
            self.answer().await?;
            latencies.push(begin.elapsed());
        }
    }

    /// Reads one answer to its last byte and forgets it.
    async fn answer(&mut self) -> io::Result<()> {
        self.filled = 0;
        let head = loop {
            self.fill().await?;
            if let Some(end) = find(&self.buffer[..self.filled], b"\r\n\r\n") {
                break end + 4;
            }
        };
        let body = Length::read(&self.buffer[..head])?;
        let end = match body {
            Length::Known(length) => head + length,
            Length::Chunked => {
                let mut at = head;
                loop {
                    let line = loop {
                        match find(&self.buffer[at..self.filled], b"\r\n") {
                            Some(end) => break at + end,
                            None => self.fill().await?,
                        }
                    };
                    let size = std::str::from_utf8(&self.buffer[at..line])
                        .ok()
                        .and_then(|text| usize::from_str_radix(text, 16).ok())
                        .ok_or_else(|| broken("a chunk without a size"))?;
                    // Size line, data, line end; the last chunk is empty and no server here sends trailers.
                    at = line + 2 + size + 2;
                    while self.filled < at {
                        self.fill().await?;
                    }
                    if size == 0 {
                        break at;
                    }
                }
            }
        };
        while self.filled < end {
            self.fill().await?;
        }
        if self.filled > end {
            return Err(broken("more than one answer"));
        }
        Ok(())
    }

    async fn fill(&mut self) -> io::Result<()> {
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        match self.stream.read(&mut self.buffer[self.filled..]).await? {
            0 => Err(broken("the connection was closed")),
            read => {
                self.filled += read;
                Ok(())
            }
        }
    }
}

enum Length {
    Chunked,
    Known(usize),
}

impl Length {
    fn read(head: &[u8]) -> io::Result<Self> {
        let head = std::str::from_utf8(head).map_err(|_| broken("a head that is no text"))?;
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap_or_default();
        if status.split(' ').nth(1) != Some("200") {
            return Err(io::Error::other(format!("answered `{status}`")));
        }
        for line in lines {
            let Some((name, value)) = line.split_once(':') else {
                continue;
            };
            if name.eq_ignore_ascii_case("content-length") {
                return value
                    .trim()
                    .parse()
                    .map(Self::Known)
                    .map_err(|_| broken("a length that is no number"));
            }
            if name.eq_ignore_ascii_case("transfer-encoding") {
                return Ok(Self::Chunked);
            }
        }
        Err(broken("no length"))
    }
}

fn unchunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let line = find(body, b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&body[..line]).ok()?, 16).ok()?;
        if size == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(body.get(line + 2..line + 2 + size)?);
        body = body.get(line + 2 + size + 2..)?;
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

fn broken(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Serves one connection with the same bytes for every request.
    fn server(answer: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            while stream.read(&mut request).is_ok_and(|read| read > 0) {
                if stream.write_all(answer).is_err() {
                    return;
                }
            }
        });
        address
    }

    fn run(answer: &'static [u8]) -> io::Result<Round> {
        let target = Target::get(&server(answer), "/", &[("accept", "*/*")]);
        target.run(1, Duration::from_millis(50))
    }

    #[test]
    fn answers_with_a_length_and_in_chunks_are_read_to_their_end() {
        for answer in [
            &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"[..],
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\na\r\n0123456789\r\n0\r\n\r\n",
        ] {
            let round = run(answer).unwrap();
            assert!(round.latencies.len() > 1 && round.rate() > 0.0);
            assert!(round.percentile(50) <= round.percentile(99));
        }
    }

    #[test]
    fn a_refusal_ends_the_measurement() {
        let error = run(b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n");
        assert!(error.unwrap_err().to_string().contains("429"));
        assert!(run(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab").is_err());
    }
}
