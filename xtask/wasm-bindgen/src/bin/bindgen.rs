//! Writes the JavaScript that belongs to a WebAssembly module; options as wasm-bindgen's own program has them.

fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen::run_cli_with_args(std::env::args_os())
}
