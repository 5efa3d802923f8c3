//! The lines that the README tells a reader to type.

use std::process::Command;

use bluegate_http_tests::Stack;

#[test]
fn the_curl_lines_of_the_readme_walk_the_whole_flow() {
    let readme = include_str!("../../../README.md");
    let (_, after) = readme.split_once("## By hand").expect("the section");
    let (_, after) = after.split_once("```sh\n").expect("its lines");
    let (lines, _) = after.split_once("```").expect("their end");
    let stack = Stack::start();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", lines])
        .env("B", stack.base())
        .current_dir(folder.path())
        .output()
        .expect("bash and curl");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for shown in [
        r#"{"resourceType":"Patient","id":"-20140000008325""#,
        r#"{"resourceType":"Bundle""#,
        r#""total":5"#,
        r#""id":"part-a--20140000008325""#,
    ] {
        assert!(text.contains(shown), "{shown} is not in {text}");
    }
}
