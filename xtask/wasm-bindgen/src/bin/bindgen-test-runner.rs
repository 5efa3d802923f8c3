//! Runs a test program that was compiled to WebAssembly, in a browser: what cargo calls as the target's runner.

fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::env::args_os())
}
