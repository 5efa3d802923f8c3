//! Sessions of people, developers and operators: a secret in a cookie, its hash in the store, which says whether it is
//! open, and forms that only its own pages could make. What a kind has of its own is its [`Kind`].

use std::marker::PhantomData;

use http::HeaderMap;

use crate::base::config::Config;
use crate::base::context::App;
use crate::base::http::Reply;
use crate::base::http::cookies::{self, Name, SameSite};
use crate::base::http::reply::add_cookie;
use crate::base::language::Language;
use crate::base::ports::{EntropyError, UnixMillis};
use crate::base::secret::{Secret, SecretHash};
use crate::base::store::StoreError;
use crate::oauth::parameters::Parameters;

/// What a kind of session has of its own.
pub(crate) trait Kind {
    /// Who is behind it.
    type Visitor;
    /// Its cookie.
    const COOKIE: Name;
    /// Whether the cookie comes along where somebody follows a link of another site.
    const SAME_SITE: SameSite = SameSite::Lax;
    /// What the token in its forms is derived for.
    const FORMS: &'static str;
    /// Seconds from the last page to its end.
    const IDLE_S: i64;
    /// Seconds that the browser keeps the cookie. It outlives an idle session: the server decides when that ends.
    const COOKIE_S: u32 = 86_400;

    /// Whether a cookie may have been made here, before the store is asked.
    fn is_well_formed(value: &str) -> bool {
        value.len() == 43
    }

    /// Finds who is behind an open session, and moves its end where this kind's end moves.
    async fn visit(app: &App, visit: &Visit<'_>) -> Result<Option<Self::Visitor>, StoreError>;
}

/// One look at a session.
pub(crate) struct Visit<'a> {
    /// What the browser showed.
    pub(crate) secret: &'a Secret,
    /// Language that was chosen with it.
    pub(crate) language: Option<Language>,
    pub(crate) now: UnixMillis,
    /// Its end from now on.
    pub(crate) expires_at: UnixMillis,
    /// One of a sign-in until then is over, however busy it is.
    pub(crate) signed_in_after: UnixMillis,
}

/// An open session.
pub(crate) struct Session<K: Kind> {
    secret: Secret,
    pub(crate) visitor: K::Visitor,
}

impl<K: Kind> Session<K> {
    /// The open session of a browser.
    ///
    /// # Errors
    ///
    /// The store's error: whether it is open is not known.
    pub(crate) async fn of(
        app: &App,
        headers: &HeaderMap,
        language: Option<Language>,
    ) -> Result<Option<Self>, StoreError> {
        let Some(secret) = presented::<K>(&app.config, headers) else {
            return Ok(None);
        };
        let now = app.clock.now();
        let visit = Visit {
            secret: &secret,
            language,
            now,
            expires_at: now.plus_seconds(K::IDLE_S),
            signed_in_after: now.plus_seconds(-LONGEST_S),
        };
        let found = K::visit(app, &visit).await?;
        Ok(found.map(|visitor| Self { secret, visitor }))
    }

    /// What else of the browser is sealed for this session only.
    pub(crate) const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// What its forms carry.
    pub(crate) fn csrf(&self, config: &Config) -> Csrf {
        Csrf::bound_to(config, K::FORMS, &[self.secret.expose().as_bytes()])
    }
}

/// A session that is about to begin.
pub(crate) struct NewSession<K: Kind> {
    secret: Secret,
    pub(crate) now: UnixMillis,
    pub(crate) expires_at: UnixMillis,
    kind: PhantomData<K>,
}

impl<K: Kind> NewSession<K> {
    /// With a fresh secret, which no page of before the sign-in knew.
    ///
    /// # Errors
    ///
    /// [`EntropyError`] where the platform has no random bytes.
    pub(crate) fn random(app: &App) -> Result<Self, EntropyError> {
        Self::sealed(app, |secret, _| secret)
    }

    /// The same, where the cookie says more than the secret.
    ///
    /// # Errors
    ///
    /// As [`NewSession::random`].
    pub(crate) fn sealed(
        app: &App,
        seal: impl FnOnce(Secret, UnixMillis) -> Secret,
    ) -> Result<Self, EntropyError> {
        let now = app.clock.now();
        let expires_at = now.plus_seconds(K::IDLE_S);
        Ok(Self {
            secret: seal(Secret::random(app.entropy.as_ref())?, expires_at),
            now,
            expires_at,
            kind: PhantomData,
        })
    }

    pub(crate) fn hash(&self) -> SecretHash {
        self.secret.hash()
    }

    /// As [`Session::secret`].
    pub(crate) const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Gives the browser its cookie.
    pub(crate) fn set(&self, config: &Config, reply: &mut Reply) {
        add_cookie(
            reply,
            &cookie::<K>(config, self.secret.expose(), K::COOKIE_S),
        );
    }
}

/// The session that a browser says it has.
pub(crate) fn presented<K: Kind>(config: &Config, headers: &HeaderMap) -> Option<Secret> {
    cookies::read(headers, K::COOKIE.of(config))
        .filter(|value| K::is_well_formed(value))
        .map(|value| Secret::new(value.to_owned()))
}

/// Takes the cookie from the browser.
pub(crate) fn forget<K: Kind>(config: &Config, reply: &mut Reply) {
    add_cookie(reply, &cookie::<K>(config, "", 0));
}

fn cookie<K: Kind>(config: &Config, value: &str, max_age: u32) -> String {
    cookies::set_for(K::SAME_SITE, config, K::COOKIE.of(config), value, max_age)
}

/// What the forms of a page carry, so that no other site can make them.
pub(crate) struct Csrf(Secret);

impl Csrf {
    /// Derived from what the browser shows with the form: whoever does not know that does not know this.
    pub(crate) fn bound_to(config: &Config, purpose: &str, shown: &[&[u8]]) -> Self {
        Self(Secret::derived(&config.token_key, purpose, shown))
    }

    /// For the page.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Whether such a page made the form. Compared in constant time.
    pub(crate) fn made(&self, form: &Parameters) -> bool {
        let presented = form.single("csrf").ok().flatten();
        presented.is_some_and(|presented| self.0.is(presented))
    }
}

/// Seconds from the sign-in to the end of a session, however busy it is (docs/contract/01-routes.md).
const LONGEST_S: i64 = 12 * 3600;
