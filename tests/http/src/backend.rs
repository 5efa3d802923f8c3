//! A claims backend that answers whatever a test wants, and remembers what it was asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// A running backend. Ends when it is dropped.
pub struct Backend {
    base: String,
    shared: Arc<Shared>,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: String,
}

/// An answer, byte by byte.
#[derive(Clone, Debug)]
pub struct Scripted {
    /// Status line and headers, without `Content-Length`.
    pub head: String,
    /// Body.
    pub body: Vec<u8>,
    /// What `Content-Length` says, where it is not the length of the body.
    pub declared: Option<usize>,
    /// Wait before the first byte.
    pub delay: Duration,
}

/// What it answers to a request.
type Script = Box<dyn Fn(&Seen) -> Scripted + Send>;

struct Shared {
    answer: Mutex<Script>,
    seen: Mutex<Vec<Seen>>,
    ended: AtomicBool,
}

impl Backend {
    /// Starts one that answers every request in the same way until told otherwise.
    pub fn start(answer: Scripted) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("its address"));
        let shared = Arc::new(Shared {
            answer: Mutex::new(Box::new(move |_| answer.clone())),
            seen: Mutex::new(Vec::new()),
            ended: AtomicBool::new(false),
        });
        let of_thread = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if of_thread.ended.load(Ordering::SeqCst) {
                    return;
                }
                let shared = of_thread.clone();
                // What goes wrong with one connection is for the gateway to notice.
                thread::spawn(move || drop(serve(&stream, &shared)));
            }
        });
        Self { base, shared }
    }

    /// Its address, without a path.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Answers every request in another way from now on.
    pub fn answers(&self, answer: Scripted) {
        self.answers_by(move |_| answer.clone());
    }

    /// Answers each request as it deserves from now on.
    pub fn answers_by(&self, answer: impl Fn(&Seen) -> Scripted + Send + 'static) {
        *self
            .shared
            .answer
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Box::new(answer);
    }

    /// All that it was asked since the last time.
    pub fn seen(&self) -> Vec<Seen> {
        std::mem::take(
            &mut *self
                .shared
                .seen
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.base.trim_start_matches("http://"));
    }
}

impl Seen {
    /// A header, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }
}

impl Scripted {
    /// An answer with a body of FHIR.
    pub fn fhir(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::with_headers(status, "Content-Type: application/fhir+json\r\n", body)
    }

    /// An answer with headers, each ended by a line break.
    pub fn with_headers(status: u16, headers: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            head: format!("HTTP/1.1 {status} Scripted\r\n{headers}"),
            body: body.into(),
            declared: None,
            delay: Duration::ZERO,
        }
    }

    /// The same, but it takes its time.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The same, but it promises a longer body and then goes away.
    pub fn cut(mut self) -> Self {
        self.declared = Some(self.body.len() + 100);
        self
    }
}

fn serve(stream: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (method, target) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    if method.is_empty() {
        return Ok(());
    }
    let (method, target) = (method.to_owned(), target.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_lowercase(), value.trim().to_owned()));
        }
    }
    let mut seen = Seen {
        method,
        target,
        headers,
        body: String::new(),
    };
    let mut body = Vec::new();
    if let Ok(length) = seen.header("content-length").parse::<u64>() {
        (&mut reader).take(length).read_to_end(&mut body)?;
    } else if seen.header("transfer-encoding") == "chunked" {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size)?;
            let size = u64::from_str_radix(size.trim(), 16).unwrap_or(0);
            (&mut reader).take(size).read_to_end(&mut body)?;
            reader.read_line(&mut String::new())?;
            if size == 0 {
                break;
            }
        }
    }
    seen.body = String::from_utf8_lossy(&body).into_owned();
    let answer = {
        let answer = shared.answer.lock().unwrap_or_else(PoisonError::into_inner);
        answer(&seen)
    };
    shared
        .seen
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(seen);
    thread::sleep(answer.delay);
    let length = answer.declared.unwrap_or(answer.body.len());
    let mut stream = stream;
    write!(
        stream,
        "{}Content-Length: {length}\r\nConnection: close\r\n\r\n",
        answer.head
    )?;
    stream.write_all(&answer.body)?;
    stream.flush()?;
    stream.shutdown(Shutdown::Both)
}
