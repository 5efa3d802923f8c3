//! Child processes: run one and wait, run one and read what it says, and end all of them when the
//! user presses Ctrl-C. A signal only sets a flag and ends the children; the code that waits for them
//! then returns [`Interrupted`], so that everything is cleaned up on the way out.

use std::fmt;
use std::io::{self, BufRead, BufReader, PipeReader, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The user, or the system, asked this program to end.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// From now on Ctrl-C, SIGTERM and SIGHUP end the children and set [`stop_asked`].
pub(crate) fn stop_children_on_signal() -> Result<()> {
    ctrlc::set_handler(|| {
        let again = STOP.swap(true, Ordering::SeqCst);
        for child in children().iter().filter(|child| again || !child.owned) {
            child.end(again);
        }
        if again {
            std::process::exit(130);
        }
    })
    .context("cannot listen for Ctrl-C")
}

/// Ends the children that nobody here ends otherwise.
pub(crate) fn end_children() {
    for child in children().iter().filter(|child| !child.owned) {
        child.end(false);
    }
}

/// Whether a signal came.
pub(crate) fn stop_asked() -> bool {
    STOP.load(Ordering::SeqCst)
}

/// Runs a command that talks to the terminal itself; an unsuccessful end is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let name = name(command);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    let registered = Registered::new(Running {
        group: false,
        owned: false,
        pid: child.id(),
    });
    let status = child.wait()?;
    drop(registered);
    if stop_asked() {
        bail!(Interrupted);
    }
    if !status.success() {
        bail!("{name} ended with {status}");
    }
    Ok(())
}

/// Runs a command and gives what it wrote to standard output; standard error goes to the terminal.
pub(crate) fn output(command: &mut Command) -> Result<(ExitStatus, String)> {
    watched(command.stderr(Stdio::inherit()), None)
}

/// The same, and hands on each line of standard error.
pub(crate) fn watch(
    command: &mut Command,
    line: &(dyn Fn(&str) + Sync),
) -> Result<(ExitStatus, String)> {
    let (reader, writer) = io::pipe()?;
    watched(command.stderr(writer), Some((reader, line)))
}

type Watch<'a> = Option<(PipeReader, &'a (dyn Fn(&str) + Sync))>;

fn watched(command: &mut Command, watch: Watch<'_>) -> Result<(ExitStatus, String)> {
    let name = name(command);
    let (mut reader, writer) = io::pipe()?;
    let mut child = command
        .stdout(writer)
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    // The command holds the pipes' other ends; they must go, or the end of the output never comes.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let registered = Registered::new(Running {
        group: false,
        owned: false,
        pid: child.id(),
    });
    let mut text = Vec::new();
    std::thread::scope(|scope| {
        if let Some((errors, line)) = watch {
            scope.spawn(move || each_line(errors, line));
        }
        reader.read_to_end(&mut text)
    })?;
    let status = child.wait()?;
    drop(registered);
    if stop_asked() {
        bail!(Interrupted);
    }
    Ok((status, String::from_utf8_lossy(&text).into_owned()))
}

/// How a command that was listened to came to its end.
pub(crate) enum End {
    Exited(ExitStatus),
    TimedOut,
}

/// Runs a command and hands on each line that it writes to standard output or standard error. After
/// `limit` it is ended, with everything that it started.
pub(crate) fn listen(
    command: &mut Command,
    limit: Duration,
    mut line: impl FnMut(&str),
) -> Result<End> {
    let name = name(command);
    let (reader, writer) = io::pipe()?;
    let mut child = in_own_group(command)
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let running = Running {
        group: true,
        owned: false,
        pid: child.id(),
    };
    let registered = Registered::new(running);
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        each_line(reader, |text| {
            // Nobody listens any more once the child is gone.
            let _ = sender.send(text.to_owned());
        });
    });

    let deadline = Instant::now() + limit;
    let mut status = None;
    // What the child started may hold the pipe open for ever, so its own end counts as well.
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(text) => line(&text),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                status = child.try_wait()?;
                if status.is_some() {
                    break;
                }
            }
        }
        if Instant::now() > deadline {
            running.end(true);
            child.wait()?;
            return Ok(End::TimedOut);
        }
    }
    let status = match status {
        Some(status) => status,
        None => child.wait()?,
    };
    drop(registered);
    // Browsers that a killed test left behind.
    running.end(true);
    if stop_asked() {
        bail!(Interrupted);
    }
    Ok(End::Exited(status))
}

/// Calls `line` for each line until the other end closes.
pub(crate) fn each_line(reader: PipeReader, mut line: impl FnMut(&str)) {
    let mut reader = BufReader::new(reader);
    let mut buffer = Vec::new();
    while matches!(reader.read_until(b'\n', &mut buffer), Ok(read) if read > 0) {
        line(String::from_utf8_lossy(&buffer).trim_end_matches(['\r', '\n']));
        buffer.clear();
    }
}

/// Makes the command the head of a group of its own, so that the terminal's Ctrl-C does not reach it
/// and its children can be ended with it.
pub(crate) fn in_own_group(command: &mut Command) -> &mut Command {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    command
}

/// A process that was started here.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Running {
    /// Whether the process is the head of a group ([`in_own_group`]).
    pub(crate) group: bool,
    /// Whether somebody here ends it when a signal comes; it is then killed only by a second signal.
    pub(crate) owned: bool,
    pub(crate) pid: u32,
}

impl Running {
    /// Asks the process to end; with `force`, ends it and its group.
    #[cfg(unix)]
    pub(crate) fn end(self, force: bool) {
        use nix::sys::signal::{Signal, kill, killpg};
        use nix::unistd::Pid;

        let Ok(pid) = i32::try_from(self.pid).map(Pid::from_raw) else {
            return;
        };
        // The only failure is that it has ended already.
        let _ = match (self.group, force) {
            (true, true) => killpg(pid, Signal::SIGKILL),
            (false, true) => kill(pid, Signal::SIGKILL),
            (_, false) => kill(pid, Signal::SIGTERM),
        };
    }

    /// Ends the process and what it started.
    #[cfg(not(unix))]
    pub(crate) fn end(self, _force: bool) {
        let _ = Command::new("taskkill")
            .args(["/F", "/T", "/PID", &self.pid.to_string()])
            .output();
    }
}

/// A process that a signal ends, as long as this lives.
pub(crate) struct Registered(Running);

impl Registered {
    pub(crate) fn new(running: Running) -> Self {
        children().push(running);
        Self(running)
    }

    pub(crate) fn running(&self) -> Running {
        self.0
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        children().retain(|child| *child != self.0);
    }
}

fn children() -> MutexGuard<'static, Vec<Running>> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The program and its first words, as a message names them.
pub(crate) fn name(command: &Command) -> String {
    let mut words = vec![command.get_program()];
    words.extend(command.get_args().take(2));
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let program = words[0].rsplit(['/', '\\']).next().unwrap_or(&words[0]);
    format!(
        "`{}`",
        [program, &words[1..].join(" ")].join(" ").trim_end()
    )
}

static CHILDREN: Mutex<Vec<Running>> = Mutex::new(Vec::new());
static STOP: AtomicBool = AtomicBool::new(false);
const TICK: Duration = Duration::from_millis(100);

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn both_streams_are_listened_to_in_order() {
        let mut lines = Vec::new();
        let end = listen(
            &mut shell("echo one; echo two >&2; printf three; exit 3"),
            Duration::from_secs(10),
            |line| lines.push(line.to_owned()),
        )
        .unwrap();
        assert_eq!(lines, ["one", "two", "three"]);
        assert!(matches!(end, End::Exited(status) if status.code() == Some(3)));
    }

    #[test]
    fn a_command_that_hangs_is_ended_with_what_it_started() {
        let start = Instant::now();
        let end = listen(
            &mut shell("sleep 60 & sleep 60"),
            Duration::from_millis(300),
            |_| {},
        )
        .unwrap();
        assert!(matches!(end, End::TimedOut));
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_grandchild_that_keeps_the_pipe_open_holds_nothing_up() {
        let start = Instant::now();
        let end = listen(
            &mut shell("sleep 60 & echo done"),
            Duration::from_secs(30),
            |_| {},
        );
        assert!(matches!(end.unwrap(), End::Exited(status) if status.success()));
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn an_unsuccessful_end_names_the_command() {
        let error = run(&mut shell("exit 7")).unwrap_err().to_string();
        assert!(error.contains("sh -c exit 7"), "{error}");
        let error = run(&mut Command::new("/no/such/program")).unwrap_err();
        assert!(error.to_string().contains("program"), "{error}");
    }

    #[test]
    fn errors_are_watched_line_by_line_beside_the_output() {
        let lines = Mutex::new(Vec::new());
        let (status, text) = watch(
            &mut shell("echo one >&2; echo out; echo two >&2"),
            &|line| {
                lines.lock().unwrap().push(line.to_owned());
            },
        )
        .unwrap();
        assert!(status.success());
        assert_eq!(text, "out\n");
        assert_eq!(*lines.lock().unwrap(), ["one", "two"]);
    }

    #[test]
    fn output_is_what_was_written_to_standard_output() {
        let (status, text) = output(&mut shell("echo out; echo err >&2; exit 1")).unwrap();
        assert_eq!(text, "out\n");
        assert_eq!(status.code(), Some(1));
    }
}
