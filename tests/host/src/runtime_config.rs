//! The file of `--runtime-config-file`, by Spin's names: where databases lie, whom components trust and
//! what they show on the way out, which networks they cannot reach. Whatever else Spin knows is
//! refused by its name.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use http::uri::Authority;
use ip_network::IpNetwork;
use rustls::ClientConfig;
use serde::Deserialize;

use crate::manifest::{check_kebab_case, one_line};
use crate::tls::{self, Identity, Roots};

/// What the file says.
#[derive(Debug, Default)]
pub struct RuntimeConfig {
    /// The files of the databases, by their labels.
    pub databases: BTreeMap<String, PathBuf>,
    /// How TLS goes from a component to a host, where it is not as usual.
    pub client_tls: ClientTls,
    /// What nobody may connect to.
    pub blocked: BlockedNetworks,
}

impl RuntimeConfig {
    /// Reads and checks the file at `path`.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the runtime configuration {}", path.display()))?;
        let base = path.parent().unwrap_or_else(|| Path::new(""));
        Self::parse(&text, base)
            .with_context(|| format!("runtime configuration {}", path.display()))
    }

    /// The files of all databases: those of the configuration, and `default` in the data directory.
    pub fn databases_in(&self, directory: &Path) -> Result<BTreeMap<String, PathBuf>> {
        let mut databases = self.databases.clone();
        for parent in databases.values().filter_map(|path| path.parent()) {
            std::fs::create_dir_all(parent)
                .with_context(|| format!("cannot make {}", parent.display()))?;
        }
        databases
            .entry("default".to_owned())
            .or_insert_with(|| directory.join("sqlite_db.db"));
        Ok(databases)
    }

    /// Parses `text`; the paths of certificates in it are relative to `base`, that of a database to the
    /// folder in which the host was started, as on Spin.
    fn parse(text: &str, base: &Path) -> Result<Self> {
        let raw: toml::Table = toml::from_str(text).map_err(|e| one_line(text, &e))?;
        for key in raw.keys() {
            ensure!(
                OFFERED.contains(&key.as_str()),
                "`{key}` is not offered by this host, which knows {}; use Spin",
                OFFERED.join(", ")
            );
        }
        let raw: Raw = toml::from_str(text).map_err(|e| one_line(text, &e))?;
        let mut databases = BTreeMap::new();
        for (label, database) in raw.sqlite_database {
            let path = database
                .path()
                .with_context(|| format!("[sqlite_database.{label}]"))?;
            databases.insert(label, path);
        }
        let mut client_tls = ClientTls::default();
        for (index, entry) in raw.client_tls.into_iter().enumerate() {
            client_tls
                .add(&entry, base)
                .with_context(|| format!("[[client_tls]] number {}", index + 1))?;
        }
        let blocked = BlockedNetworks::parse(&raw.outbound_networking.block_networks)
            .context("[outbound_networking] block_networks")?;
        Ok(Self {
            databases,
            client_tls,
            blocked,
        })
    }
}

/// The files by the labels of one component.
pub fn files_of(
    databases: &BTreeMap<String, PathBuf>,
    labels: &[String],
) -> Result<BTreeMap<String, PathBuf>> {
    let found = labels.iter().map(|label| {
        let path = databases.get(label).with_context(|| {
            format!(
                "sqlite database {label:?} is not defined; the runtime configuration has no \
                 [sqlite_database.{label}]"
            )
        })?;
        Ok((label.clone(), path.clone()))
    });
    found.collect()
}

const OFFERED: [&str; 3] = ["client_tls", "outbound_networking", "sqlite_database"];

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    client_tls: Vec<RawClientTls>,
    #[serde(default)]
    outbound_networking: RawNetworking,
    #[serde(default)]
    sqlite_database: BTreeMap<String, RawDatabase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClientTls {
    component_ids: Vec<String>,
    hosts: Vec<String>,
    ca_use_platform_roots: Option<bool>,
    ca_use_webpki_roots: Option<bool>,
    ca_roots_file: Option<PathBuf>,
    client_cert_file: Option<PathBuf>,
    client_private_key_file: Option<PathBuf>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawNetworking {
    #[serde(default)]
    block_networks: Vec<String>,
}

#[derive(Deserialize)]
struct RawDatabase {
    r#type: String,
    #[serde(flatten)]
    rest: toml::Table,
}

impl RawDatabase {
    fn path(self) -> Result<PathBuf> {
        ensure!(
            self.r#type == "spin",
            "type {:?} is not offered by this host, only \"spin\" is",
            self.r#type
        );
        if let Some(key) = self.rest.keys().find(|key| *key != "path") {
            bail!("`{key}` is not offered by this host; use Spin");
        }
        match self.rest.get("path") {
            Some(toml::Value::String(path)) => Ok(PathBuf::from(path)),
            Some(_) => bail!("`path` must be a string"),
            None => {
                bail!("`path` is missing: this host keeps no database in memory alone; use Spin")
            }
        }
    }
}

/// Of two entries for the same component and host the first one counts.
#[derive(Debug, Default)]
pub struct ClientTls(HashMap<(String, String), Arc<ClientConfig>>);

impl ClientTls {
    fn add(&mut self, raw: &RawClientTls, base: &Path) -> Result<()> {
        ensure!(!raw.component_ids.is_empty(), "`component_ids` is empty");
        ensure!(!raw.hosts.is_empty(), "`hosts` is empty");
        for id in &raw.component_ids {
            check_kebab_case(id).map_err(|e| anyhow!("component {id:?}: {e}"))?;
        }
        for host in &raw.hosts {
            check_host(host)?;
        }
        let config = Arc::new(raw.config(base)?);
        for id in &raw.component_ids {
            for host in &raw.hosts {
                self.0
                    .entry((id.clone(), host.clone()))
                    .or_insert_with(|| config.clone());
            }
        }
        Ok(())
    }

    /// Every pair of a component and a host that has a configuration of its own.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str, &Arc<ClientConfig>)> {
        self.0
            .iter()
            .map(|((component, host), config)| (component.as_str(), host.as_str(), config))
    }
}

impl RawClientTls {
    fn config(&self, base: &Path) -> Result<ClientConfig> {
        let (platform, webpki) = match (self.ca_use_platform_roots, self.ca_use_webpki_roots) {
            // Where neither is said, a file of authorities stands for all of them.
            (None, None) => (self.ca_roots_file.is_none(), false),
            // One that is said switches the other off, unless that is said as well.
            (platform, webpki) => (platform.unwrap_or(false), webpki.unwrap_or(false)),
        };
        let others = match &self.ca_roots_file {
            Some(file) => tls::certificates(&base.join(file)).context("ca_roots_file")?,
            None => Vec::new(),
        };
        ensure!(
            platform || webpki || !others.is_empty(),
            "nobody is trusted: give `ca_roots_file`, `ca_use_webpki_roots` or `ca_use_platform_roots`"
        );
        let identity = match (&self.client_cert_file, &self.client_private_key_file) {
            (Some(certificate), Some(key)) => {
                Some(Identity::read(&base.join(certificate), &base.join(key))?)
            }
            (None, None) => None,
            (Some(_), None) => bail!("`client_cert_file` without `client_private_key_file`"),
            (None, Some(_)) => bail!("`client_private_key_file` without `client_cert_file`"),
        };
        let roots = Roots {
            platform,
            webpki,
            others,
        };
        tls::client(roots, identity)
    }
}

fn check_host(host: &str) -> Result<()> {
    let authority: Authority = host.parse().with_context(|| format!("host {host:?}"))?;
    ensure!(
        authority.port().is_none(),
        "host {host:?}: a port is not possible here"
    );
    Ok(())
}

/// Networks that no component reaches, whatever its allowed hosts say.
#[derive(Debug, Default, Clone)]
pub struct BlockedNetworks {
    networks: Arc<[IpNetwork]>,
    private: bool,
}

impl BlockedNetworks {
    fn parse(entries: &[String]) -> Result<Self> {
        let (private, networks): (Vec<_>, Vec<_>) =
            entries.iter().partition(|entry| *entry == "private");
        let networks: Result<Vec<_>> = networks
            .into_iter()
            .map(|text| {
                IpNetwork::from_str_truncate(text).map_err(|_| {
                    anyhow!("{text:?} is neither a network such as 10.0.0.0/8 nor \"private\"")
                })
            })
            .collect();
        Ok(Self {
            networks: networks?.into(),
            private: !private.is_empty(),
        })
    }

    /// Whether nobody may connect to this address.
    pub fn blocks(&self, address: &SocketAddr) -> bool {
        self.blocks_ip(address.ip())
    }

    fn blocks_ip(&self, ip: IpAddr) -> bool {
        if self.private && !IpNetwork::from(ip).is_global() {
            return true;
        }
        if self.networks.iter().any(|network| network.contains(ip)) {
            return true;
        }
        // The same address in the clothes of IPv6.
        match ip {
            IpAddr::V6(v6) => v6.to_ipv4().is_some_and(|v4| self.blocks_ip(v4.into())),
            IpAddr::V4(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RuntimeConfig> {
        RuntimeConfig::parse(text, Path::new("/nowhere"))
    }

    #[track_caller]
    fn refused(text: &str, why: &str) {
        let error = parse(text).expect_err("it was accepted");
        let said = format!("{error:#}");
        assert!(said.contains(why), "{said:?} does not say {why:?}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }

    #[test]
    fn what_this_host_does_not_have_is_refused_by_name() {
        refused(
            "[key_value_store.default]\ntype = \"spin\"",
            "`key_value_store`",
        );
        refused("state_dir = \"x\"", "`state_dir`");
        refused(
            "[outbound_http]\nconnection_pooling = false",
            "`outbound_http`",
        );
        refused(
            "[outbound_networking]\nmax_total_connections = 3",
            "max_total_connections",
        );
        refused(
            "[sqlite_database.default]\ntype = \"libsql\"\nurl = \"https://a\"\ntoken = \"secret\"",
            "[sqlite_database.default]: type \"libsql\" is not offered",
        );
        refused(
            "[sqlite_database.default]\ntype = \"spin\"\npath = \"a\"\nallow_attach_file = true",
            "`allow_attach_file`",
        );
        refused(
            "[sqlite_database.default]\ntype = \"spin\"",
            "`path` is missing",
        );
    }

    #[test]
    fn mistakes_of_client_tls_are_told_with_the_number_of_the_entry() {
        let entry = |lines: &str| format!("[[client_tls]]\n{lines}\n");
        let both = "component_ids = [\"web\"]\nhosts = [\"a.example\"]\n";
        for (lines, why) in [
            (
                "component_ids = []\nhosts = [\"a\"]".to_owned(),
                "`component_ids` is empty",
            ),
            (
                "component_ids = [\"web\"]\nhosts = []".to_owned(),
                "`hosts` is empty",
            ),
            (
                "component_ids = [\"we_b\"]\nhosts = [\"a\"]".to_owned(),
                "component \"we_b\"",
            ),
            (
                "component_ids = [\"web\"]\nhosts = [\"a:443\"]".to_owned(),
                "a port is not possible",
            ),
            (
                format!("{both}ca_use_webpki_roots = false"),
                "nobody is trusted",
            ),
            (
                format!("{both}client_cert_file = \"a.pem\""),
                "without `client_private_key_file`",
            ),
            (
                format!("{both}client_private_key_file = \"a.pem\""),
                "without `client_cert_file`",
            ),
            (
                format!("{both}ca_roots_file = \"a.pem\""),
                "cannot read /nowhere/a.pem",
            ),
        ] {
            refused(&entry(&lines), why);
            refused(&entry(&lines), "[[client_tls]] number 1");
        }
        refused(
            &entry(&format!("{both}ca_file = \"a.pem\"")),
            "unknown field `ca_file`",
        );
    }

    #[test]
    fn blocked_networks_hold_in_both_versions_of_ip() {
        let config =
            parse("[outbound_networking]\nblock_networks = [\"192.0.2.9/24\"]").expect("parsed");
        let blocks = |ip: &str| config.blocked.blocks_ip(ip.parse().expect("an address"));
        assert!(blocks("192.0.2.200") && blocks("::ffff:192.0.2.1"));
        assert!(!blocks("192.0.3.1") && !blocks("127.0.0.1"));
        let config =
            parse("[outbound_networking]\nblock_networks = [\"private\"]").expect("parsed");
        let blocks = |ip: &str| config.blocked.blocks_ip(ip.parse().expect("an address"));
        assert!(blocks("127.0.0.1") && blocks("10.1.1.1") && blocks("::1") && blocks("fd00::1"));
        assert!(!blocks("8.8.8.8"));
        refused(
            "[outbound_networking]\nblock_networks = [\"intern\"]",
            "\"intern\" is neither a network",
        );
    }
}
