//! A claims backend that answers whatever a test wants, and remembers what it was asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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
    /// How the body travels.
    pub way: Way,
}

/// How a body travels.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Way {
    /// Spaces without an end.
    Endless,
    /// Half of it, and then the connection is reset.
    Reset,
    /// Not even the headers come. Ends when the other side goes away.
    Silent,
    /// In pieces of so many bytes, with this pause before each.
    Slow(usize, Duration),
    /// Half of it, and then nothing. Ends when the other side goes away.
    Stalled,
    /// At once.
    #[default]
    Whole,
}

/// What it answers to a request.
type Script = Box<dyn Fn(&Seen) -> Scripted + Send>;

struct Shared {
    answer: Mutex<Script>,
    seen: Mutex<Vec<Seen>>,
    /// Requests that are not answered to their end.
    open: AtomicUsize,
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
            open: AtomicUsize::new(0),
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

    /// How many requests it is still busy with.
    pub fn open(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
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
            way: Way::Whole,
        }
    }

    /// The same, but it takes its time.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The same, but its body travels in another way.
    pub fn by_way(mut self, way: Way) -> Self {
        self.way = way;
        self
    }

    /// The same, but it promises so many bytes.
    pub fn declaring(mut self, length: usize) -> Self {
        self.declared = Some(length);
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
    shared.open.fetch_add(1, Ordering::SeqCst);
    let sent = send(stream, reader, &answer);
    shared.open.fetch_sub(1, Ordering::SeqCst);
    sent
}

fn send(
    mut stream: &TcpStream,
    mut reader: BufReader<&TcpStream>,
    answer: &Scripted,
) -> std::io::Result<()> {
    thread::sleep(answer.delay);
    // Until the other side goes away.
    let mut wait = || std::io::copy(&mut reader, &mut std::io::sink()).map(drop);
    if answer.way == Way::Silent {
        return wait();
    }
    let (head, body) = (&answer.head, &answer.body);
    let length = answer.declared.unwrap_or(body.len());
    let framing = match answer.way {
        Way::Endless => "Transfer-Encoding: chunked".to_owned(),
        _ => format!("Content-Length: {length}"),
    };
    write!(stream, "{head}{framing}\r\nConnection: close\r\n\r\n")?;
    let half = &body[..body.len() / 2];
    match answer.way {
        Way::Endless => loop {
            let piece = [b' '; 0x10000];
            write!(stream, "{:x}\r\n", piece.len())?;
            stream.write_all(&piece)?;
            stream.write_all(b"\r\n")?;
        },
        Way::Reset => {
            stream.write_all(half)?;
            stream.flush()?;
            // What is on its way arrives before the reset.
            thread::sleep(Duration::from_millis(50));
            return socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
        Way::Slow(size, pause) => {
            for piece in body.chunks(size) {
                thread::sleep(pause);
                stream.write_all(piece)?;
                stream.flush()?;
            }
        }
        Way::Stalled => {
            stream.write_all(half)?;
            stream.flush()?;
            return wait();
        }
        Way::Silent | Way::Whole => stream.write_all(body)?,
    }
    stream.flush()?;
    stream.shutdown(Shutdown::Both)
}
