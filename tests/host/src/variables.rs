//! Application variables: names, templates and where their values come from.
//!
//! A value is taken from the environment (`SPIN_VARIABLE_<NAME>`), else from the manifest's default;
//! component variables and allowed hosts are templates over these.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use crate::manifest::Variable;

/// The application variables with their values. `None` is one that has no value (yet).
#[derive(Debug, Default, Clone)]
pub struct Variables(BTreeMap<String, Option<String>>);

impl Variables {
    /// The values that the manifest alone gives.
    pub fn from_defaults(declared: &BTreeMap<String, Variable>) -> Self {
        Self(
            declared
                .iter()
                .map(|(name, v)| (name.clone(), v.default.clone()))
                .collect(),
        )
    }

    /// The values with what `lookup` gives for the names of the environment.
    /// Fails with the names of all required variables that have no value.
    pub fn resolve(
        declared: &BTreeMap<String, Variable>,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        let mut values = Self::from_defaults(declared);
        for (name, value) in &mut values.0 {
            if let Some(given) = lookup(&environment_name(name)) {
                *value = Some(given);
            }
        }
        let missing: Vec<String> = values
            .0
            .iter()
            .filter(|(_, value)| value.is_none())
            .map(|(name, _)| format!("{name} (set {})", environment_name(name)))
            .collect();
        if !missing.is_empty() {
            bail!("no value for required variable(s): {}", missing.join(", "));
        }
        Ok(values)
    }
}

/// The name by which the environment gives an application variable.
pub fn environment_name(variable: &str) -> String {
    format!("SPIN_VARIABLE_{}", variable.to_ascii_uppercase())
}

/// Text with `{{ variable }}` expressions.
#[derive(Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
}

impl Template {
    /// Splits `text` into literal parts and variables.
    pub fn parse(text: &str) -> Result<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((name, after)) = after.split_once("}}") else {
                bail!("template {text:?}: unmatched '{{{{'");
            };
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Variable(name.trim().to_owned()));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// Whether it holds no variable.
    pub fn is_literal(&self) -> bool {
        self.0.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// Fails if it names a variable that the application does not declare.
    pub fn check_names(&self, variables: &Variables) -> Result<()> {
        for part in &self.0 {
            if let Part::Variable(name) = part
                && !variables.0.contains_key(name)
            {
                bail!("unknown variable {name:?} in a template");
            }
        }
        Ok(())
    }

    /// The text with the values put in; `None` if one of them has no value.
    pub fn render(&self, variables: &Variables) -> Option<String> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Variable(name) => text.push_str(variables.0.get(name)?.as_deref()?),
            }
        }
        Some(text)
    }
}

/// Names of variables in the manifest: lower-case words joined by single underscores,
/// each word starting with a letter.
pub fn check_snake_case(name: &str) -> Result<(), String> {
    for word in name.split('_') {
        let Some(first) = word.chars().next() else {
            return Err("words joined by '_' must not be empty".to_owned());
        };
        if !first.is_ascii_lowercase() {
            return Err(format!(
                "words joined by '_' must start with a lower-case letter, not {first:?}"
            ));
        }
        if let Some(wrong) = word
            .chars()
            .find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit()))
        {
            return Err(format!(
                "only lower-case letters, digits and '_' are allowed, not {wrong:?}"
            ));
        }
    }
    Ok(())
}

/// Names that a component may ask for; a little wider than what a manifest can declare.
pub fn check_key(key: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("{key:?}: {why}"));
    match key.bytes().next() {
        None => return wrong("must not be empty"),
        Some(first) if !first.is_ascii_lowercase() => {
            return wrong("must start with a lower-case letter");
        }
        Some(_) => {}
    }
    if !key
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    {
        return wrong("may contain lower-case letters, digits and underscores only");
    }
    if key.ends_with('_') || key.contains("__") {
        return wrong("underscores must stand alone between other characters");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    fn declared(lines: &str) -> BTreeMap<String, Variable> {
        let text = format!(
            "spin_manifest_version = 2\n[application]\nname = \"a\"\n[variables]\n{lines}\n\
             [[trigger.http]]\nroute = \"/\"\ncomponent = \"c\"\n[component.c]\nsource = \"c\"\n"
        );
        Manifest::parse(&text, std::path::Path::new("."))
            .expect("manifest")
            .variables
    }

    #[test]
    fn the_environment_comes_before_the_default() {
        let declared = declared("a_b = { default = \"x\" }\nc = { required = true }");
        let values =
            Variables::resolve(&declared, |name| Some(format!("<{name}>"))).expect("resolved");
        let text = Template::parse("{{a_b}}-{{ c }}")
            .expect("template")
            .render(&values);
        assert_eq!(
            text.as_deref(),
            Some("<SPIN_VARIABLE_A_B>-<SPIN_VARIABLE_C>")
        );
    }

    #[test]
    fn a_required_variable_without_a_value_is_named() {
        let declared =
            declared("a = { default = \"x\" }\nkey = { required = true, secret = true }");
        let error = Variables::resolve(&declared, |_| None)
            .expect_err("no value")
            .to_string();
        assert_eq!(
            error,
            "no value for required variable(s): key (set SPIN_VARIABLE_KEY)"
        );
    }

    #[test]
    fn a_secret_is_not_shown_by_the_error_of_another() {
        let declared =
            declared("key = { default = \"hush\", secret = true }\nother = { required = true }");
        let error = Variables::resolve(&declared, |_| None)
            .expect_err("no value")
            .to_string();
        assert!(!error.contains("hush"));
    }

    #[test]
    fn names_that_a_component_may_ask_for() {
        for good in ["a", "a_b", "v3_enabled", "a_2"] {
            assert!(check_key(good).is_ok(), "{good}");
        }
        for bad in ["", "A", "1a", "a__b", "a_", "a-b", "a.b"] {
            assert!(check_key(bad).is_err(), "{bad}");
        }
    }
}
