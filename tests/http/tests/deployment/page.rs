//! The commands of docs/deployment.md: each block of `sh` with the name that the comment before it gives.

/// The page.
pub(crate) struct Page(Vec<(String, String)>);

impl Page {
    pub(crate) fn read() -> Self {
        let text = include_str!("../../../../docs/deployment.md");
        let mut blocks = Vec::new();
        for part in text.split("```sh\n").skip(1) {
            let (lines, _) = part.split_once("```").expect("the end of a block");
            let (before, _) = text.split_once(part).expect("where it stands");
            let name = before
                .trim_end()
                .strip_suffix("```sh")
                .and_then(|before| before.trim_end().rsplit_once("<!-- test: "))
                .and_then(|(_, comment)| comment.strip_suffix(" -->"))
                .unwrap_or_else(|| panic!("a block without a name: {lines}"));
            blocks.push((name.to_owned(), lines.to_owned()));
        }
        Self(blocks)
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[track_caller]
    pub(crate) fn block(&self, wanted: &str) -> &str {
        let found = self.0.iter().find(|(name, _)| name == wanted);
        found.map_or_else(|| panic!("no block {wanted}"), |(_, lines)| lines)
    }

    /// The variables that the reader is to change, with the page's own values.
    pub(crate) fn placeholders(&self) -> Vec<(&str, &str)> {
        let lines = self.block("names").lines();
        lines
            .map(|line| {
                let (line, _) = line.split_once(" #").unwrap_or((line, ""));
                line.trim()
                    .strip_prefix("export ")
                    .and_then(|assignment| assignment.split_once('='))
                    .unwrap_or_else(|| panic!("no assignment: {line}"))
            })
            .collect()
    }
}
