//! What was typed, as types. There are few options, so they are read by hand; whatever is not known
//! is an error that names it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::mutants::Options as Mutants;

/// The text of `cargo xtask help`.
pub(crate) const HELP: &str = "\
cargo xtask <command>

  up      install what is missing, build everything, start it, print `ready http://ADDR`
            --listen ADDR            where to listen (127.0.0.1:3000; port 0 takes a free one)
            --data-dir DIR           where the database is kept (.spin)
            --engine auto|spin|host  auto takes `spin` when it is on PATH, else tests/host
            --debug | --local | --release  how the components are built (local: as release, in a
                                     fraction of the time)
  build   [gateway|sandbox|demo|host|web|bluegate|all] …   build these parts (all)
            --debug | --local | --release  (release)
  test    install what is missing, then run every test; the last line is `N passed, N failed`
            --only SUITE[,SUITE]     lint, native, doc, host, wasm, node, package, http,
                                     browser, field, interop, data
            --filter STR             only the tests whose name contains STR (leaves lint, interop and data out)
            --no-lint                without cargo fmt and clippy
            --engine host|spin|auto  what http, browser, field and interop run on (host)
            --local | --release      how the components are built (local)
  validate      everything of some people of the sandbox before two independent FHIR
                validators, and the JSON paths beside the real backend's recorded answers
            --people N               how many people, drawn always the same (500)
  audit   verify|reconcile|export: `bluegate audit` with the sandbox's key; `audit --help` has the options
  check-config  `bluegate check-config` with the defaults of spin.toml, unless SPIN_VARIABLE_ENVIRONMENT is production
  commits [FROM..TO]       name each commit (main..HEAD) that lacks problem, solution, consequence or proof,
                or changes more than 600 lines and is no move; it tells, and stops nobody
  dist    make what is released, of the last commit, in dist/: component, manifest, `bluegate`, SBOMs, licences, sums
            --check-reproducible     build all of it in a second folder too, and compare the bytes
  soak    [redeem] [refresh] [lock-down] [revoke] [crash] [load] [limit]  races for codes and tokens,
            lock-downs and revocations under load, 20,000 requests of 64 people, rate limits across instances; all of them, or those that are named
            --engine host|spin|auto  what they run on (host); the same for each bench but `bench web`
  bench fhir    a page of claims beside nginx, and beside a bare component on the same engine
            --json, --rounds N, --milliseconds N, --connections N, --only page|Patient|LINE[,…]
  bench limits  what a request costs that proves nothing, at every public route with its worst input
  bench pages   the demo page by Chromium's own metrics: bytes, paint, layout shift, blocking time, 4,776 claims
            --rounds N               of which the middle is said (3)
            --slow                   at the speed of slow 3G, and nobody signs in
            --json
  bench steps   every step of a call: instructions against the committed numbers, and time
            --page                   whole calls beside the sum of their steps
            --save                   commit to these numbers
  bench token   tokens per second, beside what SQLite reaches on this disk
  bench web     the browser package beside JSON.parse and other packages, in Node and Chromium
            --milliseconds N         for each job on each page (2500)
  bench sandbox what a page of ten claims costs the sandbox's component
  fuzz    [guard|links|search]  the fuzz targets, or one of them; installs cargo-fuzz if missing
            --seconds N              for each target (60)
  mutants [AREA]  plants 400 small faults, drawn by a seed, into what decides, and runs the fast native tests
            of each (tests/mutants.json); goes on where it was stopped; installs cargo-mutants if missing
            --limit N                at most so many more
            --list                   print what is drawn
  samples print a hundred people of the sandbox whose claims show much, as CSV
  sizes   raw and gzip size of each .wasm that is built
  screenshots   take the README's picture of the demo page
  help    this text";

/// One command with its options.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    /// The audit of a store: the rest of the line.
    Audit(Vec<String>),
    Bench(Bench),
    /// `bench pages`: what it runs on, and the rest of the line.
    BenchPages(Bench),
    /// `bench web`, with the rest of the line.
    BenchWeb(Vec<String>),
    Build(Build),
    CheckConfig,
    /// The range of `git log`.
    Commits(Option<String>),
    /// Whether it is built twice and compared.
    Dist {
        check: bool,
    },
    Fuzz(Fuzz),
    Mutants(Mutants),
    Help,
    /// The table of sample people.
    Samples,
    Screenshots,
    Sizes,
    Test(Test),
    Up(Up),
    /// How many people's data is validated.
    Validate {
        people: u32,
    },
}

/// A program of tests/bench.
#[derive(Debug, PartialEq)]
pub(crate) struct Bench {
    pub(crate) engine: EngineChoice,
    /// The rest of the line, which the program reads.
    pub(crate) options: Vec<String>,
    pub(crate) program: &'static str,
}

/// Options of `cargo xtask build`.
#[derive(Debug, PartialEq)]
pub(crate) struct Build {
    pub(crate) parts: BTreeSet<Part>,
    pub(crate) profile: Profile,
}

/// Options of `cargo xtask fuzz`.
#[derive(Debug, PartialEq)]
pub(crate) struct Fuzz {
    pub(crate) seconds: u32,
    /// All of them when not given.
    pub(crate) target: Option<String>,
}

/// Options of `cargo xtask test`.
#[derive(Debug, PartialEq)]
pub(crate) struct Test {
    pub(crate) engine: EngineChoice,
    pub(crate) filter: Option<String>,
    pub(crate) no_lint: bool,
    pub(crate) only: Option<BTreeSet<Suite>>,
    pub(crate) profile: Profile,
}

impl Default for Test {
    fn default() -> Self {
        Self {
            // What all others compare with, wherever there happens to be a `spin`.
            engine: EngineChoice::Host,
            filter: None,
            no_lint: false,
            only: None,
            profile: Profile::Local,
        }
    }
}

impl Test {
    /// Whether this suite is asked for.
    pub(crate) fn wants(&self, suite: Suite) -> bool {
        match (&self.only, suite) {
            (Some(only), _) => only.contains(&suite),
            (None, Suite::Lint) => !self.no_lint && self.filter.is_none(),
            (None, Suite::Data | Suite::Interop) => self.filter.is_none(),
            (None, _) => true,
        }
    }
}

/// Options of `cargo xtask up`.
#[derive(Debug, PartialEq)]
pub(crate) struct Up {
    /// `.spin` in the repository when not given.
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) engine: EngineChoice,
    pub(crate) listen: String,
    pub(crate) profile: Profile,
}

impl Default for Up {
    fn default() -> Self {
        Self {
            data_dir: None,
            engine: EngineChoice::Auto,
            listen: "127.0.0.1:3000".to_owned(),
            profile: Profile::Local,
        }
    }
}

/// Which program serves the application.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum EngineChoice {
    Auto,
    Host,
    Spin,
}

impl EngineChoice {
    fn parse(name: &str) -> Result<Self> {
        Ok(match name {
            "auto" => Self::Auto,
            "host" => Self::Host,
            "spin" => Self::Spin,
            other => bail!("there is no engine named `{other}`: auto, spin or host"),
        })
    }
}

/// What can be built by itself, in the order in which it is built.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Part {
    Gateway,
    Sandbox,
    Web,
    Demo,
    Bluegate,
    Host,
}

impl Part {
    pub(crate) const ALL: [Self; 6] = [
        Self::Gateway,
        Self::Sandbox,
        Self::Web,
        Self::Demo,
        Self::Bluegate,
        Self::Host,
    ];
}

/// How the components are compiled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Profile {
    Debug,
    /// What ships, built in a fraction of the time.
    Local,
    /// What ships.
    Release,
}

impl Profile {
    /// Its name in Cargo.toml.
    pub(crate) fn cargo_name(self) -> &'static str {
        match self {
            Self::Debug => "dev",
            Self::Local => "local",
            Self::Release => "release",
        }
    }

    /// The folder in which cargo puts what it builds.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Local => "local",
            Self::Release => "release",
        }
    }

    fn parse(option: &str) -> Option<Self> {
        Some(match option {
            "--debug" => Self::Debug,
            "--local" => Self::Local,
            "--release" => Self::Release,
            _ => return None,
        })
    }
}

/// The groups of tests, in the order in which they run.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Suite {
    Lint,
    Native,
    Doc,
    Host,
    Wasm,
    Node,
    Package,
    Http,
    Browser,
    Field,
    Interop,
    Data,
}

impl Suite {
    pub(crate) const ALL: [Self; 12] = [
        Self::Lint,
        Self::Native,
        Self::Doc,
        Self::Host,
        Self::Wasm,
        Self::Node,
        Self::Package,
        Self::Http,
        Self::Browser,
        Self::Field,
        Self::Interop,
        Self::Data,
    ];

    fn parse(name: &str) -> Result<Self> {
        Ok(match name {
            "browser" => Self::Browser,
            "data" => Self::Data,
            "doc" => Self::Doc,
            "field" => Self::Field,
            "host" => Self::Host,
            "http" => Self::Http,
            "interop" => Self::Interop,
            "lint" => Self::Lint,
            "native" => Self::Native,
            "node" => Self::Node,
            "package" => Self::Package,
            "wasm" => Self::Wasm,
            other => bail!("there is no suite named `{other}`"),
        })
    }
}

/// Reads the command line, without the program's own name.
pub(crate) fn parse(args: impl IntoIterator<Item = String>) -> Result<Command> {
    let mut args = args.into_iter();
    let command = args.next().unwrap_or_else(|| "help".to_owned());
    let mut rest = Rest { args };
    match command.as_str() {
        "audit" => Ok(Command::Audit(rest.args.collect())),
        "bench" => match rest.args.next().as_deref() {
            Some("fhir") => rest.bench("bench-fhir"),
            Some("limits") => rest.bench("bench-limits"),
            Some("sandbox") => rest.bench("bench-sandbox"),
            Some("steps") => rest.bench("bench-steps"),
            Some("token") => rest.bench("bench-token"),
            Some("pages") => match rest.bench("pages")? {
                Command::Bench(bench) => Ok(Command::BenchPages(bench)),
                other => Ok(other),
            },
            Some("web") => match rest.bench("web")? {
                Command::Bench(bench) if bench.engine == EngineChoice::Host => {
                    Ok(Command::BenchWeb(bench.options))
                }
                _ => bail!("`bench web` runs in Node and Chromium, and starts no engine"),
            },
            Some(other) => {
                bail!(
                    "there is no bench named `{other}`: fhir, limits, pages, sandbox, steps, token or web"
                )
            }
            None => {
                bail!("`bench` needs a name: fhir, limits, pages, sandbox, steps, token or web")
            }
        },
        "build" => rest.build().map(Command::Build),
        "check-config" => rest.nothing(Command::CheckConfig),
        "commits" => rest.commits(),
        "dist" => rest.dist(),
        "fuzz" => rest.fuzz(),
        "help" | "--help" | "-h" => Ok(Command::Help),
        "mutants" => rest.mutants(),
        "samples" => rest.nothing(Command::Samples),
        "screenshots" => rest.nothing(Command::Screenshots),
        "sizes" => rest.nothing(Command::Sizes),
        "soak" => rest.bench("soak"),
        "test" => rest.test(),
        "up" => rest.up(),
        "validate" => rest.validate(),
        other => bail!("there is no command named `{other}`"),
    }
}

struct Rest<I> {
    args: I,
}

impl<I: Iterator<Item = String>> Rest<I> {
    /// All but `--engine` is the program's own.
    fn bench(&mut self, program: &'static str) -> Result<Command> {
        let mut bench = Bench {
            engine: EngineChoice::Host,
            options: Vec::new(),
            program,
        };
        while let Some(option) = self.args.next() {
            if option == "--engine" {
                bench.engine = EngineChoice::parse(&self.value("--engine", None)?)?;
            } else if let Some(name) = option.strip_prefix("--engine=") {
                bench.engine = EngineChoice::parse(name)?;
            } else {
                bench.options.push(option);
            }
        }
        Ok(Command::Bench(bench))
    }

    fn commits(&mut self) -> Result<Command> {
        let range = self.args.next();
        match &range {
            Some(option) if matches!(option.as_str(), "--help" | "-h") => return Ok(Command::Help),
            // To git it would be an option.
            Some(option) if option.starts_with('-') => {
                bail!("`commits` has no option named `{option}`")
            }
            _ => {}
        }
        self.nothing(Command::Commits(range))
    }

    fn build(&mut self) -> Result<Build> {
        let mut parts = BTreeSet::new();
        let mut profile = Profile::Release;
        while let Some((name, _)) = self.next() {
            match name.as_str() {
                "all" => parts.extend(Part::ALL),
                "bluegate" => _ = parts.insert(Part::Bluegate),
                "demo" => _ = parts.insert(Part::Demo),
                "gateway" => _ = parts.insert(Part::Gateway),
                "host" => _ = parts.insert(Part::Host),
                "sandbox" => _ = parts.insert(Part::Sandbox),
                "web" => _ = parts.insert(Part::Web),
                other => match Profile::parse(other) {
                    Some(wanted) => profile = wanted,
                    None => bail!("there is no part or option named `{other}`"),
                },
            }
        }
        if parts.is_empty() {
            parts.extend(Part::ALL);
        }
        Ok(Build { parts, profile })
    }

    fn dist(&mut self) -> Result<Command> {
        let mut check = false;
        while let Some((name, _)) = self.next() {
            match name.as_str() {
                "--check-reproducible" => check = true,
                "--help" | "-h" => return Ok(Command::Help),
                other => bail!("`dist` has no option named `{other}`"),
            }
        }
        Ok(Command::Dist { check })
    }

    fn fuzz(&mut self) -> Result<Command> {
        let mut fuzz = Fuzz {
            seconds: 60,
            target: None,
        };
        while let Some((name, value)) = self.next() {
            match name.as_str() {
                "--help" | "-h" => return Ok(Command::Help),
                "--seconds" => {
                    let seconds = self.value(&name, value)?;
                    fuzz.seconds = seconds
                        .parse()
                        .ok()
                        .filter(|seconds| *seconds > 0)
                        .with_context(|| format!("`--seconds` is a number, not `{seconds}`"))?;
                }
                target if crate::fuzz::TARGETS.contains(&target) && fuzz.target.is_none() => {
                    fuzz.target = Some(name);
                }
                other => bail!("there is no fuzz target or option named `{other}`"),
            }
        }
        Ok(Command::Fuzz(fuzz))
    }

    fn mutants(&mut self) -> Result<Command> {
        let mut mutants = Mutants::default();
        while let Some((name, value)) = self.next() {
            match name.as_str() {
                "--help" | "-h" => return Ok(Command::Help),
                "--list" => mutants.list = true,
                "--limit" => {
                    let limit = self.value(&name, value)?;
                    let number = limit
                        .parse()
                        .with_context(|| format!("`--limit` is a number, not `{limit}`"))?;
                    mutants.limit = Some(number);
                }
                area if !area.starts_with('-') && mutants.area.is_none() => {
                    mutants.area = Some(name);
                }
                other => bail!("there is no option named `{other}`"),
            }
        }
        Ok(Command::Mutants(mutants))
    }

    fn test(&mut self) -> Result<Command> {
        let mut test = Test::default();
        while let Some((name, value)) = self.next() {
            match name.as_str() {
                "--engine" => test.engine = EngineChoice::parse(&self.value(&name, value)?)?,
                "--filter" => test.filter = Some(self.value(&name, value)?),
                "--help" | "-h" => return Ok(Command::Help),
                "--local" => test.profile = Profile::Local,
                "--no-lint" => test.no_lint = true,
                "--release" => test.profile = Profile::Release,
                "--only" => {
                    let only = test.only.get_or_insert_default();
                    for suite in self.value(&name, value)?.split(',') {
                        only.insert(Suite::parse(suite.trim())?);
                    }
                }
                other => bail!("`test` has no option named `{other}`"),
            }
        }
        Ok(Command::Test(test))
    }

    fn up(&mut self) -> Result<Command> {
        let mut up = Up::default();
        while let Some((name, value)) = self.next() {
            match name.as_str() {
                "--data-dir" => up.data_dir = Some(PathBuf::from(self.value(&name, value)?)),
                "--engine" => up.engine = EngineChoice::parse(&self.value(&name, value)?)?,
                "--help" | "-h" => return Ok(Command::Help),
                "--listen" => up.listen = self.value(&name, value)?,
                other => match Profile::parse(other) {
                    Some(wanted) => up.profile = wanted,
                    None => bail!("`up` has no option named `{other}`"),
                },
            }
        }
        Ok(Command::Up(up))
    }

    fn validate(&mut self) -> Result<Command> {
        let mut people = 500;
        while let Some((name, value)) = self.next() {
            match name.as_str() {
                "--help" | "-h" => return Ok(Command::Help),
                "--people" => {
                    let text = self.value(&name, value)?;
                    people = text
                        .parse()
                        .ok()
                        .filter(|people| *people > 0)
                        .with_context(|| format!("`--people` is a number, not `{text}`"))?;
                }
                other => bail!("`validate` has no option named `{other}`"),
            }
        }
        Ok(Command::Validate { people })
    }

    fn nothing(&mut self, command: Command) -> Result<Command> {
        match self.next() {
            None => Ok(command),
            Some((name, _)) => bail!("`{name}` is one argument too many"),
        }
    }

    /// The next argument, with `--name=value` taken apart.
    fn next(&mut self) -> Option<(String, Option<String>)> {
        let arg = self.args.next()?;
        Some(match arg.split_once('=') {
            Some((name, value)) if name.starts_with("--") => {
                (name.to_owned(), Some(value.to_owned()))
            }
            _ => (arg, None),
        })
    }

    fn value(&mut self, name: &str, inline: Option<String>) -> Result<String> {
        inline
            .or_else(|| self.args.next())
            .filter(|value| !value.is_empty())
            .with_context(|| format!("`{name}` needs a value"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Result<Command> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn up_without_options_has_the_documented_defaults() {
        let Ok(Command::Up(up)) = typed("up") else {
            panic!("not up")
        };
        assert_eq!(up.listen, "127.0.0.1:3000");
        assert_eq!(up.data_dir, None);
        assert_eq!(up.engine, EngineChoice::Auto);
        assert_eq!(up.profile, Profile::Local);
    }

    #[test]
    fn options_take_their_value_after_a_space_or_an_equals_sign() {
        let expected = Command::Up(Up {
            data_dir: Some(PathBuf::from("/tmp/x")),
            engine: EngineChoice::Host,
            listen: "127.0.0.1:0".to_owned(),
            profile: Profile::Debug,
        });
        for line in [
            "up --listen 127.0.0.1:0 --data-dir /tmp/x --engine host --debug",
            "up --listen=127.0.0.1:0 --data-dir=/tmp/x --engine=host --debug",
        ] {
            assert_eq!(typed(line).unwrap(), expected, "{line}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused_by_name() {
        for (line, named) in [
            ("fly", "fly"),
            ("up --port 3000", "--port"),
            ("up --engine nginx", "nginx"),
            ("test --engine nginx", "nginx"),
            ("soak --engine nginx", "nginx"),
            ("bench fhir --engine=", "there is no engine"),
            ("bench web --engine spin", "starts no engine"),
            ("bench token --engine", "--engine"),
            ("up --listen", "--listen"),
            ("up --listen=", "--listen"),
            ("build gate", "gate"),
            ("test --only unit", "unit"),
            ("sizes all", "all"),
            ("commits --all", "--all"),
            ("commits a..b c..d", "c..d"),
            ("dist --fast", "--fast"),
            ("fuzz token", "token"),
            ("fuzz guard links", "links"),
            ("fuzz --seconds soon", "soon"),
        ] {
            let error = typed(line).unwrap_err().to_string();
            assert!(error.contains(named), "{line}: {error}");
        }
    }

    #[test]
    fn tests_and_measurements_run_on_the_host_unless_another_engine_is_named() {
        for (line, engine, options) in [
            ("soak load", EngineChoice::Host, vec!["load"]),
            ("soak --engine spin load", EngineChoice::Spin, vec!["load"]),
            (
                "bench fhir --json --engine=auto",
                EngineChoice::Auto,
                vec!["--json"],
            ),
        ] {
            let Ok(Command::Bench(bench)) = typed(line) else {
                panic!("{line}")
            };
            assert_eq!(
                (bench.engine, bench.options),
                (engine, options.iter().map(ToString::to_string).collect()),
                "{line}"
            );
        }
        for (line, engine) in [
            ("test --only http", EngineChoice::Host),
            ("test --only http --engine spin", EngineChoice::Spin),
        ] {
            let Ok(Command::Test(test)) = typed(line) else {
                panic!("{line}")
            };
            assert_eq!(test.engine, engine, "{line}");
        }
    }

    #[test]
    fn build_without_names_means_all() {
        let Ok(Command::Build(build)) = typed("build --debug") else {
            panic!("not build")
        };
        assert_eq!(build.parts.len(), Part::ALL.len());
        assert_eq!(build.profile, Profile::Debug);
    }

    #[test]
    fn only_is_a_list_and_can_be_repeated() {
        let Ok(Command::Test(test)) = typed("test --only http,wasm --only lint") else {
            panic!("not test")
        };
        assert!(test.wants(Suite::Http) && test.wants(Suite::Wasm) && test.wants(Suite::Lint));
        assert!(!test.wants(Suite::Native));
    }

    #[test]
    fn a_filter_leaves_out_what_has_no_test_names() {
        let Ok(Command::Test(test)) = typed("test --filter pkce") else {
            panic!("not test")
        };
        assert!(!test.wants(Suite::Lint) && !test.wants(Suite::Data));
        assert!(test.wants(Suite::Browser));
    }
}
