//! The production manifest as it lies beside the component.

use anyhow::{Result, bail};

/// The component's file.
pub(crate) const COMPONENT: &str = "bluegate_gateway.wasm";

/// Names the component beside it, and says nothing of how it is built.
pub(crate) fn released(manifest: &str) -> Result<String> {
    let mut text = String::new();
    let mut in_build = false;
    let mut components = 0;
    for line in manifest.lines() {
        if line.starts_with('[') {
            in_build = line.ends_with(".build]");
        }
        if in_build {
            continue;
        }
        match line.strip_prefix("source = ") {
            Some(source) if source.ends_with(&format!("/{COMPONENT}\"")) => {
                components += 1;
                text.push_str(&format!("source = \"{COMPONENT}\"\n"));
            }
            Some(other) => bail!("the manifest has a component that is not released: {other}"),
            None => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    if components != 1 {
        bail!("the manifest has {components} components");
    }
    Ok(format!("{}\n", text.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_released_manifest_differs_in_source_and_build_only() {
        let manifest = include_str!("../../../deploy/spin.toml");
        let text = released(manifest).unwrap();
        assert!(text.contains("\nsource = \"bluegate_gateway.wasm\"\n"));
        assert!(!text.contains("build]") && !text.contains("cargo") && !text.contains("target/"));
        let lost: Vec<_> = manifest
            .lines()
            .filter(|line| !text.lines().any(|kept| kept == *line))
            .collect();
        assert!(
            lost.iter().all(|line| line.starts_with("source")
                || line.starts_with("[component.gateway.build]")
                || line.starts_with("command")
                || line.starts_with("workdir")
                || line.starts_with("watch")),
            "{lost:?}"
        );
    }

    #[test]
    fn another_component_is_not_released_by_mistake() {
        let manifest = include_str!("../../../spin.toml");
        assert!(released(manifest).is_err());
        assert!(released("[application]\n").is_err());
    }
}
