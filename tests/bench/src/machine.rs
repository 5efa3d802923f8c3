//! What the machine does meanwhile: its load, and how many instances of components are alive.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The load average of the last minute, where the machine tells it.
#[must_use]
pub fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg")
        .ok()?
        .split(' ')
        .next()?
        .parse()
        .ok()
}

/// Processor time that a process has taken so far, all of its threads together, in milliseconds.
#[must_use]
pub fn processor_time(pid: u32) -> f64 {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(|text| ticks(&text))
        .map_or(f64::NAN, |ticks| ticks * 10.0)
}

/// Memory of a process that is in RAM, in MiB, where the machine tells it.
#[must_use]
pub fn memory(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes / 1024.0)
}

/// Of `/proc/PID/stat`: `utime` and `stime`, in hundredths of a second on every Linux. The name of the program
/// stands before them in brackets and may hold anything.
fn ticks(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some(next()? + next()?)
}

/// Model of the processors, where the machine tells it.
#[must_use]
pub fn model() -> String {
    let known = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    known
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or_else(|| "unknown".to_owned(), |(_, model)| model.to_owned())
}

/// Processors of the machine.
#[must_use]
pub fn processors() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Counts, again and again, the instances of the gateway that are alive: each holds two connections to the
/// store, and each connection has the write-ahead log open. Where there is no `/proc` it counts nothing.
pub struct InstanceWatch {
    most: Arc<AtomicUsize>,
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl InstanceWatch {
    /// Watches the engine whose data are in this folder.
    #[must_use]
    pub fn start(data: &Path, every: Duration) -> Self {
        let most = Arc::new(AtomicUsize::new(0));
        let done = Arc::new(AtomicBool::new(false));
        let watch = {
            let (most, done, data) = (most.clone(), done.clone(), data.to_owned());
            move || {
                let mut processes = Vec::new();
                while !done.load(Ordering::Relaxed) {
                    if processes.is_empty() {
                        processes = engine_of(&data);
                    }
                    // Spin is two, and one of them does the work.
                    let counts: Option<Vec<_>> = processes.iter().copied().map(instances).collect();
                    match counts {
                        Some(counts) => {
                            most.fetch_max(counts.iter().sum(), Ordering::Relaxed);
                        }
                        None => processes.clear(),
                    }
                    thread::sleep(every);
                }
            }
        };
        Self {
            most,
            done,
            thread: Some(thread::spawn(watch)),
        }
    }

    /// The most that were alive at once since the last call.
    #[must_use]
    pub fn take(&self) -> usize {
        self.most.swap(0, Ordering::Relaxed)
    }
}

impl Drop for InstanceWatch {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The processes that were started with this folder.
fn engine_of(data: &Path) -> Vec<u32> {
    let data = data.as_os_str().as_encoded_bytes();
    let started_with_it = |entry: fs::DirEntry| {
        let process = entry.file_name().to_str()?.parse().ok()?;
        let arguments = fs::read(entry.path().join("cmdline")).ok()?;
        arguments
            .split(|byte| *byte == 0)
            .any(|argument| argument == data)
            .then_some(process)
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(started_with_it).collect()
}

fn instances(process: u32) -> Option<usize> {
    let logs = fs::read_dir(format!("/proc/{process}/fd"))
        .ok()?
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .filter(|file| file.to_str().is_some_and(|name| name.ends_with(".db-wal")))
        .count();
    Some(logs / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_user_and_system_time() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 3 0 1 1 1";
        assert_eq!(ticks(stat), Some(300.0));
        assert_eq!(ticks("7 (a"), None);
        assert!(processor_time(std::process::id()) >= 0.0);
    }
}
