//! Stamps: small files that say from which input something was made, so that a second start does not
//! make it again. The digest is of names and contents, because a fresh checkout or a switched branch
//! changes times but not always contents.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A digest of files, and where the last one is kept.
pub(crate) struct Stamp {
    digest: String,
    file: PathBuf,
}

impl Stamp {
    /// Reads all `inputs`, files and folders; in folders, whatever is built or installed is left out.
    pub(crate) fn of(file: PathBuf, inputs: &[PathBuf]) -> Result<Self> {
        let mut files = Vec::new();
        for input in inputs {
            collect(input, &mut files)?;
        }
        files.sort();
        let mut hasher = DefaultHasher::new();
        for path in &files {
            path.hash(&mut hasher);
            fs::read(path)
                .with_context(|| path.display().to_string())?
                .hash(&mut hasher);
        }
        Ok(Self {
            digest: format!("{:016x}\n", hasher.finish()),
            file,
        })
    }

    /// Whether the last success was with the same input.
    pub(crate) fn is_current(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|text| text == self.digest)
    }

    /// Remembers that it was made from this input.
    pub(crate) fn write(&self) -> Result<()> {
        if let Some(dir) = self.file.parent() {
            fs::create_dir_all(dir)?;
        }
        fs::write(&self.file, &self.digest).with_context(|| self.file.display().to_string())
    }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    for entry in fs::read_dir(path).with_context(|| path.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| MADE.contains(&name)) {
            continue;
        }
        collect(&entry.path(), files)?;
    }
    Ok(())
}

const MADE: [&str; 5] = ["artifacts", "dist", "node_modules", "pkg", "target"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_current_until_an_input_changes() {
        let dir = std::env::temp_dir().join(format!("xtask-stamp-{}", std::process::id()));
        fs::create_dir_all(dir.join("src/node_modules")).unwrap();
        fs::write(dir.join("src/a.ts"), "a").unwrap();
        fs::write(dir.join("src/node_modules/x"), "x").unwrap();
        let stamp = || Stamp::of(dir.join("stamp"), &[dir.join("src")]).unwrap();

        assert!(!stamp().is_current(), "nothing was made yet");
        stamp().write().unwrap();
        assert!(stamp().is_current());
        fs::write(dir.join("src/node_modules/x"), "y").unwrap();
        assert!(stamp().is_current(), "installed packages are no input");
        fs::write(dir.join("src/a.ts"), "b").unwrap();
        assert!(!stamp().is_current(), "a changed file");
        fs::write(dir.join("src/a.ts"), "a").unwrap();
        fs::rename(dir.join("src/a.ts"), dir.join("src/b.ts")).unwrap();
        assert!(!stamp().is_current(), "a renamed file");
        fs::remove_dir_all(dir).unwrap();
    }
}
