//! The commands of docs/sandbox.md, with what the page says that they answer.

use std::collections::BTreeMap;
use std::process::Command;

use bluegate_http_tests::{Application, Consent, Flow, Stack};
use serde_json::{Value, json};

/// What the page calls `$B`, `$ACCESS` and so on.
struct Reader {
    stack: Stack,
    variables: BTreeMap<&'static str, String>,
}

impl Reader {
    /// A connection for the paragraphs under one heading, or up to the next code block that needs a new one.
    fn connect(&mut self, number: usize) {
        let stack = &self.stack;
        let app = Application::register(
            stack,
            json!({ "client_name": format!("Reader {number}"), "redirect_uris": ["http://127.0.0.1:9/callback"] }),
        );
        let tokens = |user| Flow::new("v2").tokens(stack, &app, user, Consent::ALLOW);
        let (own, other) = (tokens("BBUser28324"), tokens("BBUser00042"));
        self.variables = [
            ("B", stack.base().to_owned()),
            ("ACCESS", own.access),
            ("REFRESH", own.refresh),
            ("OTHER", other.access),
            ("CLIENT_ID", app.client_id.clone()),
            ("CLIENT_SECRET", app.secret.clone().unwrap_or_default()),
        ]
        .into();
    }

    /// `SPIN_VARIABLE_NAME=value cargo xtask up`.
    fn restart(&mut self, assignment: &str) {
        let (name, value) = assignment.split_once('=').expect("a value");
        self.stack
            .restart(&[(&name.to_lowercase(), value.trim_matches('"'))]);
    }

    /// `curl …   # status words`.
    fn curl(&mut self, line: &str) {
        let (command, expected) = line.rsplit_once("   # ").unwrap_or_else(|| {
            let (command, expected) = line.rsplit_once(" # ").expect("what it answers");
            (command, expected)
        });
        let (status, words) = expected.trim().split_once(' ').expect("status and words");
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c"])
            .arg(format!("{command} -sS -w '\\n%{{http_code}}'"))
            .envs(&self.variables)
            .output()
            .expect("bash and curl");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let (body, answered) = text.trim_end().rsplit_once('\n').unwrap_or(("", &text));
        assert_eq!(answered, status, "{line}\n{text}");
        assert!(body.contains(words), "{line}\n{text}");
        // Whoever refreshes goes on with what they got.
        let answer: Value = serde_json::from_str(body).unwrap_or_default();
        for (name, member) in [("ACCESS", "access_token"), ("REFRESH", "refresh_token")] {
            if let Some(token) = answer[member].as_str() {
                self.variables.insert(name, token.to_owned());
            }
        }
    }
}

#[test]
fn the_commands_of_the_page_answer_what_it_says() {
    let page = include_str!("../../../docs/sandbox.md");
    let mut reader = Reader {
        stack: Stack::start(),
        variables: BTreeMap::new(),
    };
    let mut curls = 0;
    for (number, section) in page.split("\n## ").enumerate() {
        if !section.contains("```sh\n") {
            continue;
        }
        reader.stack.restart(&[]);
        reader.connect(number);
        for block in section.split("```sh\n").skip(1) {
            let (lines, _) = block.split_once("```").expect("the end of the block");
            for line in lines.lines() {
                if let Some(rest) = line.strip_prefix("SPIN_VARIABLE_") {
                    let assignment = rest.strip_suffix(" cargo xtask up").expect("up");
                    reader.restart(assignment);
                } else {
                    assert!(line.starts_with("curl "), "{line}");
                    reader.curl(line);
                    curls += 1;
                }
            }
        }
    }
    assert!(curls > 30, "{curls}");
}
