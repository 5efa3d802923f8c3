//! The committed corpus of each fuzz target, replayed.

use std::path::Path;

use bluegate_fuzz::TARGETS;

fn replay(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(name);
    let mut inputs: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    inputs.sort();
    assert!(inputs.len() > 15, "the corpus of {name} is there");
    for path in inputs {
        let input = std::fs::read(&path).unwrap();
        let run = target.run;
        if std::panic::catch_unwind(move || run(&input)).is_err() {
            panic!("{}", path.display());
        }
    }
}

#[test]
fn the_guard_keeps_its_promises_on_the_corpus() {
    replay("guard");
}

#[test]
fn the_link_rewriter_keeps_its_promises_on_the_corpus() {
    replay("links");
}

#[test]
fn search_parameters_keep_their_promises_on_the_corpus() {
    replay("search");
}
