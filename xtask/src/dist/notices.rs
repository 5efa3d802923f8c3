//! The licences of what is linked: each crate that an SBOM names, with the licence that it declares and the texts that it
//! brings.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Name and version of each part.
pub(crate) type Parts = BTreeSet<(String, String)>;

/// Adds what an SBOM names.
pub(crate) fn collect(sbom: &Value, parts: &mut Parts) -> Result<()> {
    let components = sbom["components"]
        .as_array()
        .context("an SBOM without components")?;
    for component in components {
        let text = |name: &str| component[name].as_str().map(str::to_owned);
        let (name, version) = text("name")
            .zip(text("version"))
            .context("a component without a version")?;
        parts.insert((name, version));
    }
    Ok(())
}

/// All texts, each once, with the crates that it is of.
pub(crate) fn text(metadata: &Value, parts: &Parts) -> Result<String> {
    let mut list = String::new();
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, version) in parts {
        let package = package(metadata, name, version)
            .with_context(|| format!("cargo knows no {name} {version}, which an SBOM names"))?;
        if package["source"].is_null() {
            // Ours: LICENSE.
            continue;
        }
        let Some(licence) = package["license"].as_str() else {
            bail!("{name} {version} declares no licence");
        };
        writeln!(list, "{name} {version}: {licence}")?;
        let manifest = package["manifest_path"]
            .as_str()
            .context("a package nowhere")?;
        let folder = Path::new(manifest).parent().context("a package nowhere")?;
        for text in texts_in(folder)? {
            let used = texts.entry(text).or_default();
            used.insert(format!("{name} {version}"));
        }
    }
    let mut all = format!("{HEADING}{list}");
    for (text, used) in texts {
        let used: Vec<_> = used.into_iter().collect();
        write!(all, "\n{}\n{}\n\n{text}\n", "-".repeat(80), used.join(", "))?;
    }
    Ok(all)
}

fn package<'a>(metadata: &'a Value, name: &str, version: &str) -> Option<&'a Value> {
    let mut packages = metadata["packages"].as_array()?.iter();
    packages.find(|package| package["name"] == name && package["version"] == version)
}

/// Texts of a package's folder, without the differences that no reader sees.
fn texts_in(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() && is_notice(&entry.file_name().to_string_lossy()) {
            names.push(entry.path());
        }
    }
    names.sort();
    names
        .iter()
        .map(|path| {
            let bytes = fs::read(path)?;
            let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
            let lines: Vec<_> = text.trim().lines().map(str::trim_end).collect();
            Ok(lines.join("\n"))
        })
        .collect()
}

fn is_notice(name: &str) -> bool {
    let name = name.to_uppercase();
    [
        "LICENSE",
        "LICENCE",
        "COPYING",
        "COPYRIGHT",
        "NOTICE",
        "UNLICENSE",
    ]
    .iter()
    .any(|start| name.starts_with(start))
        && !name.ends_with(".RS")
}

const HEADING: &str = "\
What is linked into Bluegate's component and into `bluegate`, with its licences. Beside it both have the standard library of
Rust (MIT OR Apache-2.0), and `bluegate` has SQLite (in the public domain).

";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_crate_is_listed_and_each_text_is_there_once() {
        let folder = std::env::temp_dir().join(format!("bluegate-notices-{}", std::process::id()));
        for (name, text) in [("a", "MIT\r\n text "), ("b", "MIT\n text")] {
            let folder = folder.join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("LICENSE-MIT"), text).unwrap();
        }
        let package = |name: &str, licence: Option<&str>| {
            let manifest = folder.join(name).join("Cargo.toml").display().to_string();
            json!({ "name": name, "version": "1.0.0", "source": "registry", "license": licence, "manifest_path": manifest })
        };
        let metadata = json!({ "packages": [package("a", Some("MIT")), package("b", Some("MIT OR Apache-2.0")), package("c", None)] });
        let mut parts = Parts::new();
        let sbom = |names: &[&str]| {
            let components: Vec<_> = names
                .iter()
                .map(|name| json!({ "name": name, "version": "1.0.0" }))
                .collect();
            json!({ "components": components })
        };
        collect(&sbom(&["a", "b"]), &mut parts).unwrap();
        collect(&sbom(&["b"]), &mut parts).unwrap();
        let all = text(&metadata, &parts).unwrap();
        assert!(
            all.contains("\na 1.0.0: MIT\nb 1.0.0: MIT OR Apache-2.0\n"),
            "{all}"
        );
        assert_eq!(all.matches("MIT\n text").count(), 1, "{all}");
        assert!(all.contains("a 1.0.0, b 1.0.0"));
        // Without a licence nothing may be released, nor with a part that cargo does not know.
        collect(&sbom(&["c"]), &mut parts).unwrap();
        assert!(text(&metadata, &parts).is_err());
        let unknown = Parts::from([("d".to_owned(), "1.0.0".to_owned())]);
        assert!(text(&metadata, &unknown).is_err());
        assert!(collect(&json!({}), &mut parts).is_err());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn notices_are_known_by_their_names() {
        for name in [
            "LICENSE",
            "license.md",
            "LICENSE-APACHE",
            "COPYING",
            "NOTICE.txt",
            "UNLICENSE",
        ] {
            assert!(is_notice(name), "{name}");
        }
        for name in ["README.md", "Cargo.toml", "license.rs"] {
            assert!(!is_notice(name), "{name}");
        }
    }
}
