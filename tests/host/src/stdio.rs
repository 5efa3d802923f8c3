//! Where components write: Spin's log files, and the host's own streams unless it is quiet.

use std::fs::File;
use std::io::{Error, Write as _};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

/// One stream of one component. Writes go straight through: a line is on disk when the call returns.
#[derive(Clone)]
pub struct Log {
    file: Arc<File>,
    follow: Option<Follow>,
}

/// Which of the host's streams also gets the text.
#[derive(Debug, Clone, Copy)]
pub enum Follow {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Both streams of a component.
#[derive(Clone)]
pub struct Logs {
    /// What it prints.
    pub stdout: Log,
    /// What it complains about.
    pub stderr: Log,
}

impl Logs {
    /// Opens `<component>_stdout.txt` and `<component>_stderr.txt` in `directory`.
    pub fn open(directory: &Path, component: &str, quiet: bool) -> Result<Self> {
        let open = |suffix: &str, follow: Follow| -> Result<Log> {
            let path = directory.join(format!("{component}_{suffix}.txt"));
            let file = File::options()
                .create(true)
                .append(true)
                .open(&path)
                .with_context(|| format!("cannot open the log {}", path.display()))?;
            Ok(Log {
                file: Arc::new(file),
                follow: (!quiet).then_some(follow),
            })
        };
        Ok(Self {
            stdout: open("stdout", Follow::Stdout)?,
            stderr: open("stderr", Follow::Stderr)?,
        })
    }
}

impl Log {
    fn put(&self, bytes: &[u8]) -> Result<(), Error> {
        // A host whose own output is closed still serves.
        match self.follow {
            Some(Follow::Stdout) => {
                let mut out = std::io::stdout().lock();
                let _ = out.write_all(bytes).and_then(|()| out.flush());
            }
            Some(Follow::Stderr) => {
                let _ = std::io::stderr().lock().write_all(bytes);
            }
            None => {}
        }
        (&*self.file).write_all(bytes)
    }
}

impl IsTerminal for Log {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Log {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for Log {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize, Error>> {
        Poll::Ready(self.put(bytes).map(|()| bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Log {
    async fn ready(&mut self) {}
}

impl OutputStream for Log {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.put(&bytes)
            .map_err(|e| StreamError::LastOperationFailed(e.into()))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 * 1024)
    }
}
