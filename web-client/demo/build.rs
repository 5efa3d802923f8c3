//! Embeds the built page (`dist/`) into the component: each file as it is and compressed, with its type
//! and its entity tag. Native builds, which only check and test, need no page.

use std::fmt::Write as _;
use std::fs;
use std::io::{Error, Result, Write as _};
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    if variable("CARGO_CFG_TARGET_ARCH")? != "wasm32" {
        return Ok(());
    }
    println!("cargo::rerun-if-changed=dist");
    let dist = Path::new("dist");
    if !dist.join("index.html").is_file() {
        println!("cargo::error=the demo page is not built: run `cargo xtask build demo`");
        return Ok(());
    }

    let out = PathBuf::from(variable("OUT_DIR")?);
    let mut files = Vec::new();
    collect(dist, &mut files)?;
    files.sort();

    let mut table = String::from("pub(crate) static ASSETS: &[Asset] = &[\n");
    for (index, file) in files.iter().enumerate() {
        let bytes = fs::read(file)?;
        let plain = out.join(format!("{index}"));
        let packed = out.join(format!("{index}.gz"));
        fs::write(&packed, gzip(&bytes)?)?;
        fs::write(&plain, &bytes)?;
        let path = url_path(dist, file)?;
        let media_type = media_type(file)?;
        let etag = etag(&bytes);
        writeln!(
            table,
            "    Asset {{ path: {path:?}, media_type: {media_type:?}, etag: {etag:?}, \
             plain: include_bytes!({plain:?}), gzip: include_bytes!({packed:?}) }},"
        )
        .map_err(Error::other)?;
    }
    table.push_str("];\n");
    fs::write(out.join("assets.rs"), table)
}

fn variable(name: &str) -> Result<String> {
    std::env::var(name).map_err(|error| Error::other(format!("{name}: {error}")))
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// The path under `/demo/`; the page itself has none.
fn url_path(dist: &Path, file: &Path) -> Result<String> {
    let path = file.strip_prefix(dist).map_err(Error::other)?;
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    let path = parts.join("/");
    Ok(if path == "index.html" {
        String::new()
    } else {
        path
    })
}

fn media_type(file: &Path) -> Result<&'static str> {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("css") => Ok("text/css; charset=utf-8"),
        Some("html") => Ok("text/html; charset=utf-8"),
        Some("js") => Ok("text/javascript; charset=utf-8"),
        Some("json") => Ok("application/json"),
        Some("svg") => Ok("image/svg+xml"),
        Some("wasm") => Ok("application/wasm"),
        _ => Err(Error::other(format!(
            "{}: no media type known",
            file.display()
        ))),
    }
}

/// Weak, because the compressed and the plain form of one file share it (RFC 9110, section 8.8.1).
fn etag(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    let mut tag = String::from("W/\"");
    for byte in &hash[..12] {
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}
