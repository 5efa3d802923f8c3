//! Reads a Spin manifest (version 2) into what the host serves.
//!
//! The file is parsed as strictly as Spin does it: a key that Spin does not know, a name in the wrong
//! case, or a variable that is neither required nor has a default stops the start. What Spin knows
//! but this host does not offer (files, key-value stores, other triggers…) stops it too, by name,
//! so that a test never passes because something was quietly missing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use serde::Deserialize;

use crate::allowed_hosts;
use crate::variables::{Template, Variables, check_snake_case};

/// An application, as the manifest declares it.
#[derive(Debug)]
pub struct Manifest {
    /// `application.name`.
    pub name: String,
    /// The application variables, with their defaults.
    pub variables: BTreeMap<String, Variable>,
    /// The HTTP triggers in the order of the file.
    pub triggers: Vec<HttpTrigger>,
    /// The components by id.
    pub components: BTreeMap<String, Component>,
}

/// An application variable.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// The value where the environment gives none; without it the variable is required.
    pub default: Option<String>,
    #[serde(default)]
    required: bool,
    /// Whether the value must not be shown.
    #[serde(default)]
    pub secret: bool,
    #[serde(default, rename = "description")]
    _description: Option<String>,
}

/// One `[[trigger.http]]`.
#[derive(Debug)]
pub struct HttpTrigger {
    /// The component that answers.
    pub component: String,
    /// The route pattern, or `None` for one that only other components reach (`{ private = true }`).
    pub route: Option<String>,
}

/// One `[component.<id>]`.
#[derive(Debug)]
pub struct Component {
    /// The WebAssembly file.
    pub source: PathBuf,
    /// Templates for the origins that it may call.
    pub allowed_outbound_hosts: Vec<String>,
    /// The labels of the databases that it may open.
    pub sqlite_databases: Vec<String>,
    /// Templates for the variables that it may read.
    pub variables: BTreeMap<String, String>,
    /// Its environment variables.
    pub environment: BTreeMap<String, String>,
}

impl Manifest {
    /// Reads and checks the file at `path`.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the manifest {}", path.display()))?;
        let base = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        Self::parse(&text, base).with_context(|| format!("manifest {}", path.display()))
    }

    /// Parses `text`; paths in it are relative to `base`.
    pub fn parse(text: &str, base: &Path) -> Result<Self> {
        let raw: RawManifest = toml::from_str(text).map_err(|e| one_line(text, &e))?;
        ensure!(
            raw.spin_manifest_version == 2,
            "spin_manifest_version must be 2, not {}",
            raw.spin_manifest_version
        );
        ensure!(
            !raw.application.name.is_empty(),
            "application.name must not be empty"
        );
        for (name, variable) in &raw.variables {
            check_snake_case(name).map_err(|e| anyhow!("variable {name:?}: {e}"))?;
            ensure!(
                variable.required ^ variable.default.is_some(),
                "variable {name:?}: must be `required` OR have a `default`"
            );
        }
        let mut components = BTreeMap::new();
        for (id, component) in raw.component {
            check_kebab_case(&id).map_err(|e| anyhow!("component {id:?}: {e}"))?;
            let component = component
                .checked(base)
                .with_context(|| format!("component {id:?}"))?;
            components.insert(id, component);
        }
        let triggers = check_triggers(raw.trigger, &components)?;
        let manifest = Self {
            name: raw.application.name,
            variables: raw.variables,
            triggers,
            components,
        };
        manifest.check_templates()?;
        Ok(manifest)
    }

    /// Spin checks the allowed hosts with the default values when it loads the manifest.
    /// Values that come from the environment later are checked at the first request only.
    fn check_templates(&self) -> Result<()> {
        let defaults = Variables::from_defaults(&self.variables);
        for (id, component) in &self.components {
            for (name, text) in &component.variables {
                check_snake_case(name)
                    .map_err(|e| anyhow!("component {id:?}, variable {name:?}: {e}"))?;
                Template::parse(text)
                    .and_then(|t| t.check_names(&defaults))
                    .with_context(|| format!("component {id:?}, variable {name:?}"))?;
            }
            allowed_hosts::check_defaults(&component.allowed_outbound_hosts, &defaults)
                .with_context(|| format!("component {id:?}, allowed_outbound_hosts"))?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawManifest {
    spin_manifest_version: u32,
    application: RawApplication,
    #[serde(default)]
    variables: BTreeMap<String, Variable>,
    trigger: BTreeMap<String, Vec<toml::Value>>,
    #[serde(default)]
    component: BTreeMap<String, RawComponent>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawApplication {
    name: String,
    #[serde(default, rename = "version")]
    _version: String,
    #[serde(default, rename = "description")]
    _description: String,
    #[serde(default, rename = "authors")]
    _authors: Vec<String>,
    #[serde(default, rename = "targets")]
    _targets: Vec<toml::Value>,
    #[serde(default, rename = "trigger")]
    _trigger: BTreeMap<String, toml::Table>,
    #[serde(default, rename = "tool")]
    _tool: BTreeMap<String, toml::Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTrigger {
    #[serde(default, rename = "id")]
    _id: String,
    component: String,
    route: RawRoute,
    executor: Option<RawExecutor>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawRoute {
    Pattern(String),
    Private(RawPrivate),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPrivate {
    private: bool,
}

#[derive(Deserialize)]
struct RawExecutor {
    r#type: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawComponent {
    source: toml::Value,
    #[serde(default, rename = "description")]
    _description: String,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(default)]
    files: Vec<toml::Value>,
    #[serde(default, rename = "exclude_files")]
    _exclude_files: Vec<String>,
    #[serde(default)]
    allowed_http_hosts: Vec<String>,
    #[serde(default)]
    allowed_outbound_hosts: Vec<String>,
    #[serde(default)]
    key_value_stores: Vec<String>,
    #[serde(default)]
    sqlite_databases: Vec<String>,
    #[serde(default)]
    ai_models: Vec<String>,
    #[serde(default, rename = "targets")]
    _targets: Option<Vec<toml::Value>>,
    #[serde(default, rename = "build")]
    _build: Option<RawBuild>,
    #[serde(default, rename = "tool")]
    _tool: BTreeMap<String, toml::Table>,
    #[serde(default, rename = "dependencies_inherit_configuration")]
    _dependencies_inherit_configuration: Option<bool>,
    #[serde(default)]
    dependencies: BTreeMap<String, toml::Value>,
    #[serde(default, rename = "profile")]
    _profile: BTreeMap<String, toml::Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBuild {
    #[serde(rename = "command")]
    _command: toml::Value,
    #[serde(default, rename = "workdir")]
    _workdir: Option<PathBuf>,
    #[serde(default, rename = "watch")]
    _watch: Vec<String>,
}

impl RawComponent {
    fn checked(self, base: &Path) -> Result<Component> {
        let toml::Value::String(source) = self.source else {
            bail!(
                "source must be the path of a file; this host loads none from a registry or a URL"
            );
        };
        for (key, used) in [
            ("files", !self.files.is_empty()),
            ("allowed_http_hosts", !self.allowed_http_hosts.is_empty()),
            ("key_value_stores", !self.key_value_stores.is_empty()),
            ("ai_models", !self.ai_models.is_empty()),
            ("dependencies", !self.dependencies.is_empty()),
        ] {
            ensure!(!used, "`{key}` is not offered by this host; use Spin");
        }
        Ok(Component {
            source: base.join(source),
            allowed_outbound_hosts: self.allowed_outbound_hosts,
            sqlite_databases: self.sqlite_databases,
            variables: self.variables,
            environment: self.environment,
        })
    }
}

fn check_triggers(
    raw: BTreeMap<String, Vec<toml::Value>>,
    components: &BTreeMap<String, Component>,
) -> Result<Vec<HttpTrigger>> {
    let mut triggers = Vec::new();
    for (kind, entries) in raw {
        ensure!(
            kind == "http",
            "trigger type {kind:?} is not offered by this host; use Spin"
        );
        for (index, value) in entries.into_iter().enumerate() {
            let number = index + 1;
            let trigger: RawTrigger = value.try_into().map_err(|e: toml::de::Error| {
                anyhow!("trigger.http number {number}: {}", e.message().trim_end())
            })?;
            let component = trigger.component;
            ensure!(
                components.contains_key(&component),
                "trigger.http number {number}: no component {component:?}"
            );
            if let Some(executor) = trigger.executor {
                ensure!(
                    executor.r#type == "http",
                    "trigger.http number {number}: executor {:?} is not offered by this host; use Spin",
                    executor.r#type
                );
            }
            let route = match trigger.route {
                RawRoute::Pattern(pattern) => Some(pattern),
                RawRoute::Private(RawPrivate { private: true }) => None,
                RawRoute::Private(_) => {
                    bail!(
                        "trigger.http number {number}: route must be a string pattern or {{ private = true }}"
                    )
                }
            };
            triggers.push(HttpTrigger { component, route });
        }
    }
    ensure!(!triggers.is_empty(), "the manifest has no [[trigger.http]]");
    Ok(triggers)
}

/// Component ids are words of one case, joined by single hyphens.
pub(crate) fn check_kebab_case(id: &str) -> Result<(), String> {
    for word in id.split('-') {
        let Some(first) = word.chars().next() else {
            return Err("words joined by '-' must not be empty".to_owned());
        };
        if !first.is_ascii_alphabetic() {
            return Err(format!(
                "words joined by '-' must start with a letter, not {first:?}"
            ));
        }
        let upper = first.is_ascii_uppercase();
        let fits = |c: char| {
            c.is_ascii_digit() || (c.is_ascii_alphabetic() && c.is_ascii_uppercase() == upper)
        };
        if let Some(wrong) = word.chars().find(|c| !fits(*c)) {
            return Err(format!(
                "words joined by '-' must be letters of one case and digits; got {wrong:?}"
            ));
        }
    }
    Ok(())
}

/// A parse error as one line: where, and what.
pub(crate) fn one_line(text: &str, error: &toml::de::Error) -> anyhow::Error {
    let message = error.message().trim_end().replace('\n', "; ");
    match error.span() {
        Some(span) => {
            let line = text.get(..span.start).unwrap_or("").matches('\n').count() + 1;
            anyhow!("line {line}: {message}")
        }
        None => anyhow!("{message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "spin_manifest_version = 2\n[application]\nname = \"app\"\n";
    const TAIL: &str = "[[trigger.http]]\nroute = \"/...\"\ncomponent = \"web\"\n";

    fn parse(middle: &str) -> Result<Manifest> {
        Manifest::parse(&format!("{HEAD}{middle}\n{TAIL}"), Path::new("/app"))
    }

    fn component(keys: &str) -> Result<Manifest> {
        parse(&format!("[component.web]\nsource = \"web.wasm\"\n{keys}"))
    }

    #[track_caller]
    fn refused(result: Result<Manifest>, why: &str) {
        let message = format!("{:#}", result.expect_err("accepted"));
        assert!(message.contains(why), "{message:?} does not say {why:?}");
        assert!(!message.contains('\n'), "more than one line: {message:?}");
    }

    #[test]
    fn a_manifest_is_read_with_paths_relative_to_it() {
        let manifest =
            component("allowed_outbound_hosts = [\"http://127.0.0.1:3000\"]").expect("accepted");
        assert_eq!(manifest.name, "app");
        assert_eq!(
            manifest.components["web"].source,
            Path::new("/app/web.wasm")
        );
        assert_eq!(manifest.triggers[0].route.as_deref(), Some("/..."));
    }

    #[test]
    fn unknown_keys_are_refused_by_name_and_line() {
        refused(
            component("sqlite = [\"default\"]"),
            "line 6: unknown field `sqlite`",
        );
        refused(
            parse("[surprise]\na = 1\n[component.web]\nsource = \"a\""),
            "unknown field `surprise`",
        );
    }

    #[test]
    fn what_the_host_does_not_offer_is_refused_by_name() {
        refused(
            component("files = [\"static/*\"]"),
            "`files` is not offered",
        );
        refused(
            component("key_value_stores = [\"default\"]"),
            "`key_value_stores` is not offered",
        );
    }

    #[test]
    fn variables_are_checked_as_spin_checks_them() {
        let with = |line: &str| {
            parse(&format!(
                "[variables]\n{line}\n[component.web]\nsource = \"a\""
            ))
        };
        assert!(with("a_b2 = { default = \"\" }").is_ok());
        assert!(with("a_b2 = { required = true, secret = true }").is_ok());
        refused(with("a-b = { default = \"\" }"), "variable \"a-b\"");
        refused(with("aB = { default = \"\" }"), "variable \"aB\"");
        refused(with("a_2 = { default = \"\" }"), "variable \"a_2\"");
        refused(with("a = {}"), "must be `required` OR have a `default`");
        refused(
            with("a = { required = true, default = \"x\" }"),
            "must be `required` OR have a `default`",
        );
        refused(
            component("[component.web.variables]\nx = \"{{ nowhere }}\""),
            "unknown variable \"nowhere\"",
        );
        refused(
            component("[component.web.variables]\nx = \"{{ open\""),
            "unmatched",
        );
    }

    #[test]
    fn allowed_hosts_are_checked_with_the_defaults() {
        refused(
            component("allowed_outbound_hosts = [\"\"]"),
            "is not an allowed outbound host",
        );
        refused(
            component("allowed_outbound_hosts = [\"http://a/b\"]"),
            "must not include a path",
        );
        refused(
            parse(
                "[variables]\no = { default = \"http://a/b\" }\n[component.web]\nsource = \"a\"\nallowed_outbound_hosts = [\"{{ o }}\"]",
            ),
            "must not include a path",
        );
        assert!(
            parse("[variables]\no = { default = \"\" }\n[component.web]\nsource = \"a\"\nallowed_outbound_hosts = [\"{{ o }}\"]").is_ok(),
            "an empty variable means: no such host"
        );
    }

    #[test]
    fn routes_name_a_component_that_exists() {
        refused(
            parse("[component.other]\nsource = \"a\""),
            "no component \"web\"",
        );
    }
}
