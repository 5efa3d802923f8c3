//! `cargo xtask up`: set-up, build, start, and wait for Ctrl-C.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::args::{self, Part};
use crate::engine::{Engine, Kind, Launch, Listen};
use crate::parts::{self, Step};
use crate::process;
use crate::say::{self, Steps};
use crate::tick::{TickToken, Ticker};
use crate::workspace::Workspace;

pub(crate) const OPERATORS: &str = "SPIN_VARIABLE_OPERATORS";

/// Runs until a signal comes (success) or the engine ends by itself (an error).
pub(crate) fn run(workspace: &Workspace, options: &args::Up) -> Result<ExitCode> {
    process::stop_children_on_signal()?;
    let begin = Instant::now();
    // Before minutes of building, not after.
    let listen = Listen::parse(&options.listen)?;
    let kind = Kind::choose(workspace, options.engine)?;
    let data_dir = match &options.data_dir {
        Some(dir) => std::path::absolute(dir)?,
        None => workspace.root().join(".spin"),
    };

    let mut parts = vec![Part::Gateway, Part::Sandbox, Part::Web, Part::Demo];
    if kind == Kind::Host {
        parts.push(Part::Host);
    }
    let needed = Step::needed_for(parts);
    let steps = Steps::new(needed.len() + 1);
    parts::all(workspace, &needed, options.profile, &steps)?;
    let manifest = workspace.manifest(options.profile)?;
    let token = TickToken::random()?;
    let operators = std::env::var(OPERATORS).unwrap_or_default();
    let launch = Launch {
        data_dir,
        kind,
        listen: &listen,
        log: None,
        manifest,
        variables: vec![(OPERATORS, token.added_to(&operators))],
    };
    let mut engine = steps.step(&format!("starting {}", kind.name()), |_| {
        let mut engine = Engine::start(workspace, &launch)?;
        engine.wait_until_ready()?;
        Ok(engine)
    })?;
    eprintln!("up after {}", say::seconds(begin.elapsed()));

    let (addr, authority) = engine.address();
    let ticker = Ticker::start(addr, authority, token);
    let url = listen.url();
    println!("demo  {url}/demo/");
    println!("ready {url}");
    while !process::stop_asked() {
        engine.check_alive()?;
        std::thread::sleep(Duration::from_millis(200));
    }
    drop(ticker);
    drop(engine);
    Ok(ExitCode::SUCCESS)
}
