//! What each environment refuses (docs/contract/11-sandbox.md): production whatever is the sandbox's or would send
//! health records in clear, the sandbox whatever has real people.

use url::Url;

use super::{Config, ConfigError, Environment, SANDBOX_IDP_CLIENT_SECRET};
use crate::base::key::Key;
use crate::base::signature::Signer;
use crate::base::uri::is_loopback;

impl Config {
    pub(super) fn check_environment(&self) -> Result<(), ConfigError> {
        match self.environment {
            Environment::Production => {
                self.refuse_sandbox_values()?;
                self.refuse_plain_http()?;
                self.refuse_weak_keys()
            }
            Environment::Sandbox => self.refuse_real_people(),
        }
    }

    fn refuse_sandbox_values(&self) -> Result<(), ConfigError> {
        for (name, key) in self.keys() {
            if key.id() == "sandbox" || SANDBOX_KEYS.contains(&key.bytes()) {
                return Err(ConfigError::new(
                    name,
                    "this is a key of the sandbox, which everybody knows; write a key id of your own, a colon and 32 random bytes in base64url",
                ));
            }
        }
        let known = sandbox_chain_key();
        for key in &self.former_chain_keys {
            if key.id() == "sandbox" || key.text().ends_with(&format!(":{known}")) {
                return Err(ConfigError::new(
                    "former_chain_keys",
                    "has the key of the sandbox, with which everybody can sign; leave it out",
                ));
            }
        }
        if self.idp_client_secret.is(SANDBOX_IDP_CLIENT_SECRET) {
            return Err(ConfigError::new(
                "idp_client_secret",
                "this is the sandbox secret; write the one that your provider gave you",
            ));
        }
        if self.idp_issuer.as_str().contains("/sandbox/")
            || self.idp_issuer.as_str().ends_with("/sandbox/idp")
        {
            return Err(ConfigError::new(
                "idp_path",
                "this is the sandbox issuer; set idp_origin and idp_path to your provider",
            ));
        }
        if self.claims_backend_base.ends_with("/sandbox/claims") {
            return Err(ConfigError::new(
                "claims_backend_path",
                "this is the sandbox backend; set claims_backend_origin and claims_backend_path to your backend",
            ));
        }
        if self.clock_offset_s != 0 {
            return Err(ConfigError::new(
                "clock_offset_s",
                "only the sandbox may move its clock; write 0",
            ));
        }
        Ok(())
    }

    /// Records, tokens, Medicare numbers and keys go over these addresses.
    fn refuse_plain_http(&self) -> Result<(), ConfigError> {
        // What people and applications see, and what an id_token says: https, wherever it is.
        for (name, address) in [
            ("public_base_url", self.public_base_url.as_str()),
            ("idp_origin", self.idp_issuer.as_str()),
        ] {
            if !address.starts_with("https://") {
                return Err(ConfigError::new(
                    name,
                    "production needs an https:// address",
                ));
            }
        }
        let alerts = self.alerts.as_ref().map(|alerts| alerts.url.as_str());
        for (name, address) in [
            (
                "claims_backend_origin",
                Some(self.claims_backend_base.as_str()),
            ),
            (
                "idp_extra_origin",
                self.idp_origins.get(1).map(String::as_str),
            ),
            ("client_jwks_origin", self.client_jwks_origin.as_deref()),
            ("alert_origin", alerts),
        ] {
            let in_clear = |address: &str| !address.starts_with("https://") && !stays_here(address);
            if address.is_some_and(in_clear) {
                return Err(ConfigError::new(
                    name,
                    "production needs an https:// address; plain http is for this machine alone (127.0.0.1, [::1], localhost)",
                ));
            }
        }
        Ok(())
    }

    fn refuse_weak_keys(&self) -> Result<(), ConfigError> {
        let keys: Vec<_> = self.keys().collect();
        for (index, (name, key)) in keys.iter().enumerate() {
            if different_bytes(key) < LEAST_DIFFERENT_BYTES {
                return Err(ConfigError::new(
                    name,
                    "this key repeats a few bytes, which no random one does; write 32 bytes of a random source in base64url",
                ));
            }
            if keys[..index]
                .iter()
                .any(|(_, earlier)| earlier.bytes() == key.bytes())
            {
                return Err(ConfigError::new(
                    name,
                    "this key is another variable's too, or a former one; write 32 random bytes of its own",
                ));
            }
        }
        Ok(())
    }

    /// Whoever is asked for real people's data is asked by production, whose rules are stricter.
    fn refuse_real_people(&self) -> Result<(), ConfigError> {
        let extra = self.idp_origins.get(1).map(String::as_str);
        for (name, address) in [
            (
                "claims_backend_origin",
                Some(self.claims_backend_base.as_str()),
            ),
            ("idp_origin", Some(self.idp_issuer.as_str())),
            ("idp_extra_origin", extra),
        ] {
            let own = |address: &str| {
                let rest = address.strip_prefix(self.public_base_url.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            if address.is_some_and(|address| !stays_here(address) && !own(address)) {
                return Err(ConfigError::new(
                    name,
                    "the sandbox has synthetic people only, from this machine or its own public_base_url; for a real backend or provider set environment to production",
                ));
            }
        }
        Ok(())
    }

    /// Every secret key, those in use first, by its variable.
    fn keys(&self) -> impl Iterator<Item = (&'static str, &Key)> {
        let in_use = [
            ("store_key", &**self.store_key),
            ("token_key", &*self.token_key),
            ("audit_key", &**self.audit_key),
            ("chain_key", &*self.chain_key),
        ];
        let former = |name, keys| -> Vec<(&'static str, &Key)> {
            let keys: &crate::base::key::KeyRing = keys;
            keys.all().skip(1).map(|key| (name, key)).collect()
        };
        in_use
            .into_iter()
            .chain(former("former_store_keys", &self.store_key))
            .chain(former("former_audit_keys", &self.audit_key))
    }
}

/// Whether what is sent to an address stays on this machine, in another component of the same application included.
fn stays_here(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| {
        is_loopback(&url)
            || url
                .host_str()
                .is_some_and(|host| host.ends_with(".spin.internal"))
    })
}

fn different_bytes(key: &Key) -> usize {
    let mut seen = [false; 256];
    for byte in key.bytes() {
        seen[usize::from(*byte)] = true;
    }
    seen.into_iter().filter(|seen| *seen).count()
}

/// The public half of the sandbox's `chain_key`, in base64url.
fn sandbox_chain_key() -> String {
    let key = Key::new(String::new(), (*SANDBOX_KEYS[3]).into());
    Signer::new(&key).public().text().split_off(1)
}

/// Of 32 random bytes fewer are different in one of 10^37 keys.
const LEAST_DIFFERENT_BYTES: usize = 8;

const SANDBOX_KEYS: [&[u8; 32]; 4] = [
    b"sandbox-only-store-key-32-bytes!",
    b"sandbox-only-token-key-32-bytes!",
    b"sandbox-only-audit-key-32-bytes!",
    b"sandbox-only-chain-key-32-bytes!",
];
