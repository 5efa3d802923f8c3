//! What is installed to build and test this repository is what was looked at: every package of a lock file has its
//! hash, and nothing of it runs while it is installed. Needs no running server.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

#[test]
fn every_package_of_a_lock_file_has_its_hash() {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for file in files() {
        let text = || fs::read_to_string(root().join(&file)).expect(&file);
        let (kind, found) = match file.rsplit('/').next() {
            Some("package-lock.json") => ("npm", unhashed_npm(&text())),
            Some("requirements.txt") => ("pip", unhashed_pip(&text())),
            Some("Cargo.lock") => ("cargo", unhashed_cargo(&text())),
            _ => continue,
        };
        seen.insert(kind);
        wrong.extend(found.into_iter().map(|name| format!("{file}: {name}")));
    }
    assert_eq!(seen, BTreeSet::from(["cargo", "npm", "pip"]));
    assert!(wrong.is_empty(), "without a hash:\n{}\n", wrong.join("\n"));
}

#[test]
fn every_npm_package_that_is_wanted_is_in_a_lock_file() {
    // A sample that takes the tools of the folder above it, and an example that is to be copied.
    let without = ["web-client/example", "web-client/test/package/samples"];
    let files = files();
    for file in &files {
        let Some(folder) = file.strip_suffix("/package.json") else {
            continue;
        };
        let has_lock = files.contains(&format!("{folder}/package-lock.json"));
        assert!(
            has_lock || without.iter().any(|one| folder.starts_with(one)),
            "{folder} has no package-lock.json"
        );
    }
}

/// Scripts of packages run with everything that whoever installs them may do; a source package of Python's runs its
/// own code to be built.
#[test]
fn nothing_runs_while_packages_are_installed() {
    let mut seen = BTreeSet::new();
    for (file, statement) in installs() {
        let (manager, options): (_, &[_]) = if statement.contains("\"pip\"") {
            ("pip", &["--only-binary=:all:", "--require-hashes"])
        } else if statement.contains("cargo()") || statement.contains("install\n.args") {
            ("cargo", &["\"--locked\""])
        } else if statement.contains("--no-install-recommends") {
            // Debian's packages are signed, and are what this machine is made of.
            ("apt", &[])
        } else {
            ("npm", &["--ignore-scripts"])
        };
        seen.insert(manager);
        for option in options {
            assert!(
                statement.contains(option),
                "{file}: {option} is missing:\n{statement}"
            );
        }
    }
    assert_eq!(seen, BTreeSet::from(["apt", "cargo", "npm", "pip"]));
}

#[test]
fn what_deny_toml_refuses_is_in_no_lock_file() {
    let refused = fs::read_to_string(root().join("deny.toml")).expect("deny.toml");
    let refused: Vec<_> = refused
        .split_once("\ndeny = [")
        .expect("the list")
        .1
        .lines()
        .map_while(|line| (line != "]").then_some(line))
        .filter_map(|line| line.split('"').nth(1))
        .collect();
    assert!(refused.contains(&"openssl-sys"), "{refused:?}");
    for file in ["Cargo.lock", "fuzz/Cargo.lock"] {
        let lock = fs::read_to_string(root().join(file)).expect(file);
        for name in &refused {
            assert!(
                !lock.contains(&format!("name = \"{name}\"\n")),
                "{file}: {name}"
            );
        }
    }
}

#[test]
fn what_has_no_hash_is_seen() {
    let npm = r#"{"packages":{"":{},"node_modules/a":{"integrity":"sha512-x"},"node_modules/b":{},
        "node_modules/c":{"integrity":"sha1-x"},"node_modules/d":{"link":true},
        "node_modules/a/node_modules/e":{"inBundle":true},"node_modules/b/node_modules/f":{"inBundle":true}}}"#;
    assert_eq!(
        unhashed_npm(npm),
        [
            "node_modules/b",
            "node_modules/b/node_modules/f",
            "node_modules/c"
        ]
    );
    let pip = "# a comment\na==1 \\\n    --hash=sha256:00\nb==2\nc>=3 \\\n    --hash=sha256:00\n";
    assert_eq!(unhashed_pip(pip), ["b==2", "c>=3 \\"]);
    let registry = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let cargo = format!(
        "[[package]]\nname = \"a\"\n{registry}\nchecksum = \"00\"\n\n[[package]]\nname = \"b\"\n{registry}\n\n\
         [[package]]\nname = \"ours\"\n\n[[package]]\nname = \"c\"\nsource = \"git+https://x\"\n"
    );
    assert_eq!(unhashed_cargo(&cargo), ["b", "c"]);
}

/// Packages of an npm lock file without SHA-512. What a package brings along inside is covered by its own.
fn unhashed_npm(lock: &str) -> Vec<String> {
    let lock: Value = serde_json::from_str(lock).expect("a lock file");
    let packages = lock["packages"].as_object().expect("packages");
    let hashed = |package: &Value| {
        let hash = package["integrity"].as_str();
        hash.is_some_and(|hash| hash.starts_with("sha512-"))
    };
    let brought_along = |name: &str| {
        let outer = name.rsplit_once("/node_modules/").map(|(outer, _)| outer);
        outer.is_some_and(|outer| packages.get(outer).is_some_and(hashed))
    };
    let unhashed: BTreeSet<_> = packages
        .iter()
        .filter(|(name, package)| !name.is_empty() && package["link"] != true && !hashed(package))
        .filter(|(name, package)| package["inBundle"] != true || !brought_along(name))
        .map(|(name, _)| name.clone())
        .collect();
    unhashed.into_iter().collect()
}

/// Requirements that are no exact version, or have no hash in the line after them.
fn unhashed_pip(requirements: &str) -> Vec<String> {
    let lines: Vec<_> = requirements.lines().collect();
    lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.starts_with(|c: char| c.is_ascii_alphanumeric()))
        .filter(|(index, line)| {
            let next = lines.get(index + 1).map_or("", |next| next.trim());
            !line.contains("==") || !next.starts_with("--hash=sha256:")
        })
        .map(|(_, line)| (*line).to_owned())
        .collect()
}

/// Packages that come from elsewhere than the registry, or without a checksum; our own have no source.
fn unhashed_cargo(lock: &str) -> Vec<String> {
    lock.split("[[package]]\n")
        .skip(1)
        .filter(|package| {
            let is_ours = !package.contains("\nsource = ");
            let is_registrys =
                package.contains("\nsource = \"registry+") && package.contains("\nchecksum = \"");
            !is_ours && !is_registrys
        })
        .filter_map(|package| package.split('"').nth(1))
        .map(str::to_owned)
        .collect()
}

/// Where this repository tells a package manager to install something: each statement.
fn installs() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for file in files() {
        let is_code = file.ends_with(".mjs") || file.starts_with("xtask/") && file.ends_with(".rs");
        if !is_code {
            continue;
        }
        let text = fs::read_to_string(root().join(&file)).expect(&file);
        for statement in text.split(";\n") {
            if ["\"ci\"", "\"install\""]
                .iter()
                .any(|verb| statement.contains(verb))
            {
                let lines: Vec<_> = statement.lines().map(str::trim).collect();
                // Where the options have a name, what it stands for is in the statement before.
                let named = text.split(";\n").find(|other| {
                    statement.contains("...quietly") && other.contains("const quietly =")
                });
                found.push((file.clone(), lines.join("\n") + named.unwrap_or_default()));
            }
        }
    }
    found
}

/// The files of the repository, without what was built or installed.
fn files() -> Vec<String> {
    const NOT_OURS: [&str; 6] = [
        "target",
        "node_modules",
        ".git",
        ".bluegate",
        ".work",
        "dist",
    ];
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).expect("a folder") {
            let entry = entry.expect("an entry");
            let name = entry.file_name().into_string().expect("a name");
            let path = folder.join(&name);
            let kind = entry.file_type().expect("a kind");
            if kind.is_dir() && !NOT_OURS.contains(&name.as_str()) {
                folders.push(path);
            } else if kind.is_file() {
                found.push(path.to_str().expect("a path").to_owned());
            }
        }
    }
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
