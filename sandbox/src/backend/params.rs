//! Search parameters, in the order they came, from the query and from a form.

use super::Call;
use super::problem::Problem;

/// Parameters with their modifiers still in the name, such as `type:not`.
#[derive(Clone, Debug, Default)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    pub(super) fn parse(query: &[u8]) -> Self {
        Self(
            form_urlencoded::parse(query)
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// Adds the parameters of a form body.
    pub(super) fn append(&mut self, body: &[u8]) {
        self.0.extend(Self::parse(body).0);
    }

    /// All values of a parameter, whatever its modifier.
    pub(super) fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        self.0
            .iter()
            .filter(move |(key, _)| plain(key) == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first value of a parameter.
    pub(super) fn first<'s>(&'s self, name: &'s str) -> Option<&'s str> {
        self.all(name).next()
    }

    /// Whether a parameter came with a modifier.
    pub(super) fn modified(&self, name: &str) -> bool {
        self.0
            .iter()
            .any(|(key, _)| plain(key) == name && key.len() > name.len())
    }

    /// Whether a parameter came without a modifier.
    pub(super) fn plain(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// The pairs that page links repeat: all but those that change from page to page.
    pub(super) fn repeated(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "startIndex" | "_offset" | "_count"))
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// Refuses names that the resource does not declare. An unknown name with an underscore is ignored, as the
/// framework does, except for those that must be declared.
pub(super) fn check_names(
    call: &Call<'_>,
    resource: &str,
    declared: &[&str],
) -> Result<(), Problem> {
    let known = |name: &str| {
        declared.contains(&plain(name))
            || (name.starts_with('_')
                && !matches!(plain(name), "_id" | "_include" | "_revinclude" | "_has"))
    };
    if call.params.0.iter().all(|(name, _)| known(name)) {
        Ok(())
    } else {
        Err(no_handler(call, resource))
    }
}

/// The framework's words for a search that no handler takes.
pub(super) fn no_handler(call: &Call<'_>, resource: &str) -> Problem {
    let mut names: Vec<&str> = call
        .params
        .0
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    Problem::Invalid(format!(
        "Invalid request: The FHIR endpoint on this server does not know how to handle {} operation[{resource}] with parameters [[{}]]",
        call.method(),
        names.join(", ")
    ))
}

/// The name without modifier and chain.
fn plain(name: &str) -> &str {
    name.split([':', '.']).next().unwrap_or(name)
}
