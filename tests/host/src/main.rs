//! Test double of Spin: `bluegate-host up`.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use bluegate_host::options::{self, Command, Options};
use bluegate_host::server::Server;
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    match options::parse(std::env::args_os().skip(1)) {
        Ok(Command::Help) => {
            let _ = std::io::stdout().write_all(options::HELP.as_bytes());
            ExitCode::SUCCESS
        }
        Ok(Command::Up(options)) => report(up(&options)),
        Err(error) => report(Err(error)),
    }
}

fn report(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, whatever wasmtime or the operating system put into it.
            let message = format!("{error:#}");
            let words: Vec<&str> = message.split_whitespace().collect();
            eprintln!("bluegate-host: {}", words.join(" "));
            ExitCode::FAILURE
        }
    }
}

fn up(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(async {
        let (server, listener) = Server::start(options, |name| std::env::var(name).ok()).await?;
        eprintln!(
            "bluegate-host: a test double of Spin, without {}",
            bluegate_host::LEFT_OUT.join(", ")
        );
        // Until here a signal ends the process at once: compiling does not listen to it.
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut out = std::io::stdout();
        writeln!(out, "listening {}://{}", server.scheme(), server.address())?;
        out.flush()?;
        tokio::select! {
            () = server.serve(listener) => {}
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Ok(())
    });
    // What still runs ends with the process, as on Spin. Dropping the runtime instead would report each
    // instance as failed.
    std::mem::forget(runtime);
    result
}
