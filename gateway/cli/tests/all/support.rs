//! Running the program.

use std::process::Command;

/// The program with these words, and nothing of this environment.
pub(crate) fn bluegate(line: &str) -> Ended {
    with(line, &[])
}

/// The same with variables of the gateway, by their names in the manifest.
pub(crate) fn with(line: &str, variables: &[(&str, &str)]) -> Ended {
    let mut command = program(line);
    for (name, value) in variables {
        command.env(format!("SPIN_VARIABLE_{}", name.to_uppercase()), value);
    }
    ended(line, &mut command)
}

pub(crate) fn program(line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bluegate"));
    command.args(line.split_whitespace()).env_clear();
    command
}

pub(crate) fn ended(line: &str, command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        line: line.to_owned(),
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// How it ended, and what it said.
pub(crate) struct Ended {
    line: String,
    code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "{}\n{}\n{}",
            self.line,
            self.out,
            self.err
        );
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}
