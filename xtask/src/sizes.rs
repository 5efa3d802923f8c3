//! `cargo xtask sizes`: what each `.wasm` weighs, as it is and as gzip sends it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::args::Profile;
use crate::parts::COMPONENTS;
use crate::workspace::Workspace;

/// Prints one line for each module that is built.
pub(crate) fn print(workspace: &Workspace) -> Result<()> {
    let mut files: Vec<PathBuf> = COMPONENTS
        .iter()
        .map(|name| workspace.component(name, Profile::Release))
        .collect();
    let browser = workspace.web_client().join("dist");
    files.extend(modules_in(&browser));
    files.retain(|file| file.is_file());
    if files.is_empty() {
        bail!("nothing is built yet: `cargo xtask build`");
    }
    println!("{:<40} {:>12} {:>12}", "module", "raw", "gzip -9");
    for file in files {
        let bytes = fs::read(&file).with_context(|| file.display().to_string())?;
        println!(
            "{:<40} {:>12} {:>12}",
            file.file_name().unwrap_or_default().to_string_lossy(),
            bytes.len(),
            gzip(&bytes)?
        );
    }
    Ok(())
}

fn gzip(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

fn modules_in(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(modules_in(&path));
        } else if path.extension().is_some_and(|ext| ext == "wasm") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_of_repeated_bytes_is_small() {
        let size = gzip(&[7; 100_000]).unwrap();
        assert!(size < 200, "{size}");
    }
}
