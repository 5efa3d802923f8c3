//! A developer's new password: with the current one, and every session of before ends with it.

use http::header::LOCATION;

use super::{HOME, applications, browser, count_password, open, record, refused, visitor, written};
use crate::audit::action::Action;
use crate::base::failure::Error;
use crate::base::http::reply::{see_other, set};
use crate::base::http::{Reply, Request};
use crate::base::limits::rate::Limited;
use crate::base::page::Problem;
use crate::base::secret::Secret;
use crate::base::site::Site;
use crate::developer::page::{Entry, PasswordForm};
use crate::developer::password::{self, NewPassword};
use crate::developer::statements as store;
use crate::oauth::parameters::Parameters;

/// POST `/developer/` with the action `change_password`.
pub(super) async fn act(
    site: &Site,
    request: &Request,
    form: &Parameters,
) -> Result<Reply, Error<Problem>> {
    let app = &site.app;
    let database = app.database.as_ref();
    let Some(visitor) = visitor(site, request).await? else {
        return Ok(see_other(HOME));
    };
    if !visitor.csrf.made(form) {
        return Ok(refused(site, request, "form_foreign").await);
    }
    let typed = |name| Secret::new(form.first(name).unwrap_or_default().to_owned());
    let (current, wanted) = (typed("password"), typed("new_password"));
    let not_changed = |code| Action::refused("developer.password", code).by("developer");
    let Some(wanted) = NewPassword::parse(&wanted, &visitor.name) else {
        written(site, request, not_changed("password_refused")).await?;
        let again = PasswordForm::Wrong(Entry::NewPassword);
        return applications::list(site, &visitor, again).await;
    };
    let found = store::by_name(database, &visitor.name).await;
    let Some(account) = found? else {
        return Ok(see_other(HOME));
    };
    // A session that somebody left open is no way to guess: counted with the sign-ins, before it is looked at.
    let known = browser::knows(site, request, account.id);
    match count_password(site, request, &visitor.name, Some(&account), known).await {
        Ok(_) => {}
        Err(Limited::Wait { .. }) => {
            let again = PasswordForm::Wrong(Entry::SlowDown);
            return applications::list(site, &visitor, again).await;
        }
        Err(Limited::Unavailable(_)) => return Err(Problem::unavailable().into()),
    }
    if !password::verify(&current, Some(&account.password_hash)) {
        written(site, request, not_changed("password_wrong")).await?;
        let again = PasswordForm::Wrong(Entry::Password);
        return applications::list(site, &visitor, again).await;
    }
    let hash = wanted.hash(app.entropy.as_ref())?;
    // Only over the password that was proved: of two changes at once the second one finds another.
    let changed =
        store::change_password(database, account.id, &account.password_hash, &hash).await?;
    if !changed {
        let again = PasswordForm::Wrong(Entry::Password);
        return applications::list(site, &visitor, again).await;
    }
    record(site, request, Action::ok("developer.password"), account.id).await?;
    let mut reply = open(site, request, account.id).await?;
    set(&mut reply, LOCATION, "/developer/?password=changed");
    Ok(reply)
}

/// What the list says about the password, by its address.
pub(super) fn said(request: &Request) -> PasswordForm {
    let query = request.parameters();
    match query.first("password") {
        Some("changed") => PasswordForm::Changed,
        _ => PasswordForm::Closed,
    }
}
