//! What a command answers, and how it is printed.

use std::io::{Write as _, stderr, stdout};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::args::Output;

/// What a command found or made.
pub(crate) struct Answer {
    /// Nothing is wrong with what was looked at.
    pub(crate) good: bool,
    /// For a person, with the last line's end; what is made to be kept is in it and nothing else.
    pub(crate) human: String,
    /// The same for a program.
    pub(crate) json: Option<Value>,
    /// For the person alone, on standard error, so that it is not kept with the rest.
    pub(crate) notes: Vec<String>,
}

impl Answer {
    pub(crate) fn new(good: bool, human: String, json: Value) -> Self {
        Self {
            good,
            human,
            json: Some(json),
            notes: Vec::new(),
        }
    }

    /// Of a command that wrote its result while it ran.
    pub(crate) const fn written() -> Self {
        Self {
            good: true,
            human: String::new(),
            json: None,
            notes: Vec::new(),
        }
    }

    pub(crate) fn note(mut self, note: String) -> Self {
        self.notes.push(note);
        self
    }

    /// Prints it, and says whether it is good.
    pub(crate) fn print(self, output: Output) -> Result<bool> {
        let text = match (output, self.json) {
            (Output::Json, Some(json)) => format!("{json}\n"),
            _ => self.human,
        };
        write(text.as_bytes())?;
        if output == Output::Human {
            for note in self.notes {
                complain(&note);
            }
        }
        Ok(self.good)
    }
}

/// To standard output, which may be a full disk or a reader that went away.
pub(crate) fn write(bytes: &[u8]) -> Result<()> {
    let mut out = stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .context("standard output cannot be written")
}

/// Why it could not be done, with the chain of causes.
pub(crate) fn print_error(error: &anyhow::Error, output: Output) {
    match output {
        Output::Human => complain(&format!("error: {error:#}")),
        Output::Json => {
            let causes: Vec<_> = error.chain().skip(1).map(ToString::to_string).collect();
            complain(&json!({ "error": error.to_string(), "causes": causes }).to_string());
        }
    }
}

fn complain(line: &str) {
    // Where even this cannot be written, the exit code still says it.
    let _ = writeln!(stderr().lock(), "{line}");
}
