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
    /// Watches the host whose data are in this folder.
    #[must_use]
    pub fn start(data: &Path, every: Duration) -> Self {
        let most = Arc::new(AtomicUsize::new(0));
        let done = Arc::new(AtomicBool::new(false));
        let watch = {
            let (most, done, data) = (most.clone(), done.clone(), data.to_owned());
            move || {
                let mut process = None;
                while !done.load(Ordering::Relaxed) {
                    match process.and_then(instances) {
                        Some(now) => {
                            most.fetch_max(now, Ordering::Relaxed);
                        }
                        None => process = host_of(&data),
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

/// The process that was started with this folder.
fn host_of(data: &Path) -> Option<u32> {
    let data = data.to_str()?.as_bytes();
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let process = entry.file_name().to_str()?.parse().ok()?;
        let arguments = fs::read(entry.path().join("cmdline")).ok()?;
        arguments
            .split(|byte| *byte == 0)
            .any(|argument| argument == data)
            .then_some(process)
    })
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
