//! The sandbox's component: as small as it should be, and with the bytes that the native build has.

use std::path::Path;

use bluegate_bench::sandbox::{Plan, answer, measure};
use bluegate_http_tests::Stack;
use sha2::{Digest as _, Sha256};

const GOLDEN: &str = include_str!("../../../sandbox/tests/golden.txt");

/// Three megabytes.
const LARGEST: u64 = 3_000_000;

#[test]
fn the_component_answers_with_the_bytes_of_the_native_build() {
    let stack = Stack::with(&[("sandbox_today", "2026-11-20")]);
    for line in GOLDEN.lines() {
        let (digest, path) = line.split_once(' ').expect("a digest and a path");
        let path = format!("/sandbox/claims/{path}");
        let (status, body) = answer(stack.base(), &path, "golden.example").expect("an answer");
        assert_eq!(status, 200, "{path}");
        let found: String = Sha256::digest(&body)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(found, digest, "{path}");
    }
}

#[test]
fn the_component_is_smaller_than_three_megabytes() {
    let Some(manifest) = std::env::var_os("BLUEGATE_MANIFEST") else {
        println!("skipped: BLUEGATE_MANIFEST does not say where the component is");
        return;
    };
    let text = std::fs::read_to_string(&manifest).expect("the manifest");
    let source = text
        .lines()
        .filter_map(|line| line.strip_prefix("source = \"")?.strip_suffix('"'))
        .find(|source| source.ends_with("bluegate_sandbox.wasm"))
        .expect("the sandbox in the manifest");
    // Relative to the manifest, or absolute where the target folder is elsewhere.
    let folder = Path::new(&manifest).parent().expect("its folder");
    let file = folder.join(source);
    let bytes = std::fs::metadata(&file).expect("the component").len();
    assert!(bytes < LARGEST, "{bytes} bytes");
}

#[test]
fn every_row_of_the_benchmark_is_answered() {
    let plan = Plan {
        rounds: 1,
        requests: 2,
    };
    let costs = measure(plan).expect("answers").json();
    let rows = costs["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 9);
    assert!(
        rows.iter()
            .skip(1)
            .all(|row| row["bytes"].as_u64() > Some(10_000))
    );
}
