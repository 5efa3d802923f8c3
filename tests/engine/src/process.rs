//! The engine as a process. `spin up` starts another program that does the work, so both are ended
//! together. A group of its own would do that too, but then whoever ends the group of the tests would
//! leave the engines of them behind.

/// Kills a process without a warning, and what it started. That it has ended already is no error.
#[cfg(unix)]
pub fn end(process: u32) {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    let below = children(process);
    if let Ok(process) = i32::try_from(process) {
        let _ = kill(Pid::from_raw(process), Signal::SIGKILL);
    }
    for child in below {
        end(child);
    }
}

/// The process that does the work: the last of the line of children. Where the system does not tell,
/// the process itself.
#[must_use]
pub fn worker(process: u32) -> u32 {
    let mut last = process;
    while let Some(child) = children(last).first() {
        last = *child;
    }
    last
}

/// Processor time that a process and what it started have taken so far, in hundredths of a second. Nothing
/// where the system does not tell.
pub(crate) fn processor_time(process: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let below = children(process).into_iter().filter_map(processor_time);
    Some(ticks(&stat)? + below.sum::<u64>())
}

fn children(process: u32) -> Vec<u32> {
    let path = format!("/proc/{process}/task/{process}/children");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace()
        .filter_map(|child| child.parse().ok())
        .collect()
}

/// `utime` and `stime`. The name of the program stands before them in brackets and may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn processor_time_is_user_and_system_time() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 3 0 1 1 1";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(ticks("7 (a"), None);
        assert!(processor_time(std::process::id()).is_some());
    }

    #[test]
    fn the_worker_is_found_and_ended_with_its_parent() {
        let mut parent = Command::new("sh")
            .args(["-c", "sleep 60; true"])
            .spawn()
            .expect("a shell");
        let sleeping = || worker(parent.id());
        while sleeping() == parent.id() {
            std::thread::yield_now();
        }
        let child = sleeping();
        end(parent.id());
        parent.wait().expect("its end");
        // Its new parent collects it.
        let stat = || std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        while stat().contains("(sleep) S") {
            std::thread::yield_now();
        }
    }
}
