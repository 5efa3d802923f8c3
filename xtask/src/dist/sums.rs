//! `SHA256SUMS`, as `sha256sum -c` reads it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Result;
use sha2::{Digest as _, Sha256};

/// The file's name.
pub(crate) const FILE: &str = "SHA256SUMS";

/// Writes the sums of everything else in a folder.
pub(crate) fn write(folder: &Path) -> Result<()> {
    let lines: String = sums(folder)?
        .iter()
        .map(|(name, sum)| format!("{sum}  {name}\n"))
        .collect();
    Ok(fs::write(folder.join(FILE), lines)?)
}

/// Files that are in one folder only, or not the same in both.
pub(crate) fn differences(one: &Path, other: &Path) -> Result<Vec<String>> {
    let (one, other) = (sums(one)?, sums(other)?);
    let mut names: Vec<_> = one.keys().chain(other.keys()).cloned().collect();
    names.sort();
    names.dedup();
    names.retain(|name| one.get(name) != other.get(name));
    Ok(names)
}

fn sums(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut sums = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == FILE {
            continue;
        }
        let digest = Sha256::digest(fs::read(entry.path())?);
        let hex = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        sums.insert(name, hex);
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str, files: &[(&str, &str)]) -> std::path::PathBuf {
        let folder =
            std::env::temp_dir().join(format!("bluegate-sums-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in files {
            fs::write(folder.join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn sums_are_those_of_sha256sum() {
        let one = folder("one", &[("b", ""), ("a", "abc")]);
        write(&one).unwrap();
        let text = fs::read_to_string(one.join(FILE)).unwrap();
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n\
                        e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b\n";
        assert_eq!(text, expected);
        fs::remove_dir_all(&one).unwrap();
    }

    #[test]
    fn a_byte_or_a_file_that_differs_is_named() {
        let one = folder("left", &[("a", "abc"), ("b", "x"), ("c", "")]);
        let other = folder("right", &[("a", "abd"), ("b", "x"), ("d", "")]);
        assert_eq!(differences(&one, &other).unwrap(), ["a", "c", "d"]);
        assert!(differences(&one, &one).unwrap().is_empty());
        fs::remove_dir_all(&one).unwrap();
        fs::remove_dir_all(&other).unwrap();
    }
}
