//! Requests written byte by byte: bodies in chunks, without a length, late or broken off, and heads that no client
//! library sends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::{Answer, Stack};

/// A request that is sent as it stands here.
#[derive(Clone, Debug)]
pub struct Raw {
    method: Method,
    target: String,
    headers: String,
    body: Vec<u8>,
    framing: Framing,
}

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Framing {
    /// In chunks of so many bytes (RFC 9112, section 7.1).
    Chunks(usize),
    /// In chunks, and after half of them one whose size is no number.
    ChunksBroken,
    /// In chunks, each after a pause.
    ChunksSlow(usize, Duration),
    /// By `Content-Length`.
    #[default]
    Length,
    /// By `Content-Length`, of which only half comes. The connection stays open.
    LengthStalled,
    /// Not at all, or by headers that the test itself wrote.
    Untold,
}

impl Raw {
    /// A request without a body.
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.parse().expect("a method"),
            target: target.to_owned(),
            headers: String::new(),
            body: Vec::new(),
            framing: Framing::Untold,
        }
    }

    /// POST of a form.
    pub fn form(target: &str, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        Self::new("POST", target)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body)
    }

    /// The same with one more header, which may be there already.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    /// The same with a bearer token.
    pub fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    /// The same with a body and its length.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.framing = Framing::Length;
        self
    }

    /// The same with its body sent in another way.
    pub fn framed(mut self, framing: Framing) -> Self {
        self.framing = framing;
        self
    }

    /// Sends it. The answer may come before all of the body was sent.
    pub fn send(&self, stack: &Stack) -> Answer {
        let stream =
            TcpStream::connect(stack.base().trim_start_matches("http://")).expect("the gateway");
        stream
            .set_read_timeout(Some(Duration::from_secs(90)))
            .expect("a time limit");
        let writer = stream.try_clone().expect("the same stream");
        let request = self.clone();
        // Whoever answers early also stops to read, which is an error for the writer and none for the test.
        let writing = thread::spawn(move || drop(request.write(writer)));
        let answer = read(&stream, self.method == Method::HEAD);
        let _ = stream.shutdown(std::net::Shutdown::Both);
        writing.join().expect("the writer");
        let url = format!("{}{}", stack.base(), self.target);
        crate::witness::note(stack.base(), &self.method, &url, &self.body, &answer);
        answer
    }

    fn write(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let length = self.body.len();
        let framing = match self.framing {
            Framing::Chunks(_) | Framing::ChunksBroken | Framing::ChunksSlow(..) => {
                "Transfer-Encoding: chunked\r\n".to_owned()
            }
            Framing::Length | Framing::LengthStalled => format!("Content-Length: {length}\r\n"),
            Framing::Untold => String::new(),
        };
        write!(
            stream,
            "{} {} HTTP/1.1\r\nHost: raw.test\r\n{}{framing}\r\n",
            self.method, self.target, self.headers
        )?;
        match self.framing {
            Framing::Chunks(size) => self.write_chunks(&mut stream, size, Duration::ZERO),
            Framing::ChunksSlow(size, pause) => self.write_chunks(&mut stream, size, pause),
            Framing::ChunksBroken => {
                let half = &self.body[..length / 2];
                write!(stream, "{:x}\r\n", half.len())?;
                stream.write_all(half)?;
                stream.write_all(b"\r\nno size\r\n")
            }
            Framing::LengthStalled => stream.write_all(&self.body[..length / 2]),
            Framing::Length | Framing::Untold => stream.write_all(&self.body),
        }
    }

    fn write_chunks(
        &self,
        stream: &mut TcpStream,
        size: usize,
        pause: Duration,
    ) -> std::io::Result<()> {
        for chunk in self.body.chunks(size) {
            thread::sleep(pause);
            write!(stream, "{:x}\r\n", chunk.len())?;
            stream.write_all(chunk)?;
            stream.write_all(b"\r\n")?;
        }
        stream.write_all(b"0\r\n\r\n")
    }
}

/// One answer. Its end must be told by `Content-Length`, as the gateway promises, unless its kind has no body.
fn read(stream: &TcpStream, head_only: bool) -> Answer {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        let read = reader.read_line(&mut line).expect("an answer in time");
        assert!(read > 0, "the connection was closed after {lines:?}");
        let line = line.trim_end();
        if line.is_empty() {
            // An interim answer (RFC 9110, section 15.2) comes before the one that counts.
            let is_interim = lines
                .first()
                .is_some_and(|line: &String| line.contains(" 100 "));
            if !is_interim {
                break;
            }
            lines.clear();
            continue;
        }
        lines.push(line.to_owned());
    }
    let (first, fields) = lines.split_first().expect("a status line");
    let status: StatusCode = first
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or_else(|| panic!("no status in {first}"));
    let mut headers = HeaderMap::new();
    for field in fields {
        let (name, value) = field.split_once(':').expect("a header");
        headers.append(
            name.parse::<HeaderName>().expect("a name"),
            value.trim().parse::<HeaderValue>().expect("a value"),
        );
    }
    let bodiless = head_only || matches!(status.as_u16(), 204 | 304);
    let length = headers
        .get("content-length")
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let mut body = Vec::new();
    if !bodiless {
        let length = length.unwrap_or_else(|| panic!("no Content-Length in {lines:?}"));
        body.resize(length, 0);
        reader.read_exact(&mut body).expect("a whole body");
    }
    Answer {
        status,
        headers,
        body,
    }
}
