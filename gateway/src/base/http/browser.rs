//! Which browser this is (docs/contract/02-authorize.md, step 5).
//!
//! A browser is known by its cookie `bg`. A request of a fresh browser comes without it, and so does a form of another
//! site, with which browsers send no `SameSite=Lax` cookie: nobody can tell the two apart. So a transaction that comes
//! without it gets a cookie of its own beside it, and no transaction that waits loses its browser to another one.
//! What a transaction is bound to is a secret that one of these cookies carries: another browser has none of them.

use http::{HeaderMap, Method};

use super::cookies;
use super::reply::add_cookie;
use crate::base::config::Config;
use crate::base::context::App;
use crate::base::http::{Reply, Request};
use crate::base::ports::EntropyError;
use crate::base::secret::{Secret, SecretHash};

/// The secrets that a request showed.
pub(crate) struct Browser(Vec<Secret>);

impl Browser {
    pub(crate) fn of(config: &Config, headers: &HeaderMap) -> Self {
        let of_transaction = cookies::TRANSACTION.of(config);
        let named =
            |name: &str| name == cookies::BROWSER.of(config) || name.starts_with(of_transaction);
        let secrets = cookies::pairs(headers)
            .filter(|(name, value)| named(name) && value.len() == 43)
            .map(|(_, value)| Secret::new(value.to_owned()));
        Self(secrets.take(MOST).collect())
    }

    /// What the store may have bound a transaction to.
    pub(crate) fn hashes(&self) -> Vec<SecretHash> {
        self.0.iter().map(Secret::hash).collect()
    }

    /// Keeps the browser known for a day by what the transaction was bound to, where it is not known yet.
    pub(crate) fn remember(
        &self,
        config: &Config,
        headers: &HeaderMap,
        bound: &SecretHash,
        reply: &mut Reply,
    ) {
        if cookies::browser(config, headers).is_some() {
            return;
        }
        let secret = self
            .0
            .iter()
            .find(|secret| secret.hash().hex() == bound.hex());
        if let Some(secret) = secret {
            add_cookie(
                reply,
                &cookies::set(config, cookies::BROWSER.of(config), secret.expose(), DAY_S),
            );
        }
    }
}

/// What a new transaction is bound to, with the cookies that carry it.
pub(crate) struct Binding {
    secret: Secret,
    cookies: Vec<String>,
}

impl Binding {
    pub(crate) fn new(
        app: &App,
        request: &Request,
        transaction: &Secret,
    ) -> Result<Self, EntropyError> {
        let config = &app.config;
        let known = cookies::browser(config, &request.headers);
        let is_known = known.is_some();
        let secret = match known {
            Some(secret) => secret,
            None => Secret::random(app.entropy.as_ref())?,
        };
        let mut cookies = Vec::new();
        // Browsers send the cookie with every page that a person goes to: without it there is none to replace. With a
        // form of another site they keep it back.
        if is_known || request.method == Method::GET {
            cookies.push(cookies::set(
                config,
                cookies::BROWSER.of(config),
                secret.expose(),
                DAY_S,
            ));
        }
        if !is_known {
            let name = cookies::transaction_name(config, transaction);
            cookies.push(cookies::set(config, &name, secret.expose(), TRANSACTION_S));
        }
        Ok(Self { secret, cookies })
    }

    pub(crate) fn hash(&self) -> SecretHash {
        self.secret.hash()
    }

    pub(crate) fn set(&self, reply: &mut Reply) {
        for cookie in &self.cookies {
            add_cookie(reply, cookie);
        }
    }
}

/// Removes every cookie that ties this browser to a person.
pub(crate) fn forget(config: &Config, headers: &HeaderMap, reply: &mut Reply) {
    let mut names = vec![
        cookies::BROWSER.of(config),
        cookies::ACCOUNT.of(config),
        cookies::ACCOUNT_PERSON.of(config),
    ];
    let prefixes = [cookies::TRANSACTION.of(config), cookies::PERSON.of(config)];
    let others = cookies::pairs(headers).map(|(name, _)| name);
    names.extend(others.filter(|name| prefixes.iter().any(|prefix| name.starts_with(prefix))));
    for name in names {
        add_cookie(reply, &cookies::set(config, name, "", 0));
    }
}

/// Transactions of their own that one browser has at most; each lives ten minutes.
const MOST: usize = 64;
const DAY_S: u32 = 86_400;
const TRANSACTION_S: u32 = 600;
