//! Prints what the FHIR parser makes of files, one line for each: the path, a space, and the
//! serialised entries of the bundle, or the resource. The browser tests compare these bytes with those of the
//! WebAssembly build.
//!
//! ```sh
//! cargo run -p bluegate-shared --example canon -- FILE...
//! ```

use std::io::{self, Write};

use bluegate_shared::fhir::{parse_bundle, parse_resource};

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for path in std::env::args_os().skip(1) {
        let json = std::fs::read(&path)?;
        let text = match parse_bundle(&json) {
            Ok(bundle) => serde_json::to_string(&bundle.entries),
            // As `canonical` does in the browser: what is no Bundle is read as a resource.
            Err(_) => match parse_resource(&json) {
                Ok(entry) => serde_json::to_string(&entry),
                Err(error) => serde_json::to_string(&error),
            },
        };
        writeln!(
            out,
            "{} {}",
            path.display(),
            text.map_err(io::Error::other)?
        )?;
    }
    Ok(())
}
