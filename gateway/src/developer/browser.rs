//! The browser that a developer signed in with before: nobody else's wrong passwords slow that developer down there.
//!
//! It has a cookie that names the developer, sealed by the gateway. It opens nothing: the password is asked for all
//! the same, and wrong ones in such browsers count for the developer.

use crate::base::http::{Request, cookies};
use crate::base::ports::EntropyError;
use crate::base::secret::Secret;
use crate::base::site::Site;

/// The cookie after a right password.
pub(crate) fn known(site: &Site, developer: i64) -> Result<String, EntropyError> {
    let config = &site.app.config;
    let random = Secret::random(site.app.entropy.as_ref())?;
    let seal = seal(site, developer, random.expose());
    let value = format!("{developer}.{}.{}", random.expose(), seal.expose());
    let name = cookies::DEVELOPER_BROWSER.of(config);
    Ok(cookies::set(config, name, &value, YEAR_S))
}

/// Whether this developer signed in with the browser before.
pub(crate) fn knows(site: &Site, request: &Request, developer: i64) -> bool {
    let name = cookies::DEVELOPER_BROWSER.of(&site.app.config);
    let sealed = || {
        let value = cookies::read(&request.headers, name)?;
        let (id, sealed) = value.split_once('.')?;
        let (random, presented) = sealed.split_once('.')?;
        let is_developer = id.parse() == Ok(developer);
        is_developer.then(|| seal(site, developer, random).is(presented))
    };
    sealed().unwrap_or(false)
}

fn seal(site: &Site, developer: i64, random: &str) -> Secret {
    Secret::derived(
        &site.app.config.token_key,
        "developer-browser",
        &[&developer.to_be_bytes(), random.as_bytes()],
    )
}

const YEAR_S: u32 = 365 * 86_400;
