//! `bluegate` out of this checkout, for the sandbox that `cargo xtask up` runs: what production says explicitly, its
//! manifest and its key, is the sandbox's here unless the environment says otherwise.

use std::env;
use std::process::ExitCode;

use anyhow::Result;

use crate::workspace::Workspace;

/// `cargo xtask audit …`.
pub(crate) fn audit(workspace: &Workspace, options: &[String]) -> Result<ExitCode> {
    let signs = ["verify", "export"];
    let takes_key = options
        .first()
        .is_some_and(|command| signs.contains(&&**command));
    let sandbox = takes_key.then_some("--sandbox");
    let options = options.iter().map(String::as_str);
    run(
        workspace,
        ["audit"].into_iter().chain(options).chain(sandbox),
    )
}

/// `cargo xtask check-config`.
pub(crate) fn check_config(workspace: &Workspace) -> Result<ExitCode> {
    let production = env::var("SPIN_VARIABLE_ENVIRONMENT").is_ok_and(|name| name == "production");
    let manifest = if production { "production" } else { "sandbox" };
    run(workspace, ["check-config", "--manifest", manifest])
}

fn run<'a>(
    workspace: &Workspace,
    arguments: impl IntoIterator<Item = &'a str>,
) -> Result<ExitCode> {
    let mut cargo = workspace.cargo();
    cargo.args(["run", "--quiet", "--package", "bluegate-cli", "--"]);
    let status = cargo.args(arguments).status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
