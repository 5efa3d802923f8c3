//! Who signed in, and which patient that is (docs/contract/03-sign-in.md).

use crate::audit::action::Action;
use crate::base::failure::Error;
use crate::base::http::Request;
use crate::base::identity_provider::SignInError;
use crate::base::limits::rate::Allowance;
use crate::base::profile::Profile;
use crate::base::secret::{Secret, account_hash, person_hash};
use crate::base::site::Site;
use crate::oauth::parameters::{ParameterError, Parameters};
use crate::signin::identity::{Identity, Linked, SignIn, link};
use crate::signin::patient;

/// Somebody whom the provider vouches for and whose patient is known.
pub(crate) struct SignedIn {
    pub(crate) profile: Profile,
    pub(crate) identity: Identity,
    /// What the audit calls the account, as the provider named it.
    pub(crate) account: [u8; 32],
}

/// Who signed in, by the provider's answer, and which patient that is (docs/contract/03-sign-in.md). The same for
/// every sign-in, whatever it leads to.
pub(crate) async fn identify(
    site: &Site,
    request: &Request,
    parameters: &Parameters,
    transaction: &Secret,
    flow_id: &str,
) -> Result<SignedIn, Error<SignInError>> {
    let app = &site.app;
    let refused = |cause: ParameterError| Error::because(SignInError::Refused, cause);
    let single = |name| parameters.single(name).map_err(refused);
    // RFC 9207: a provider that sends `iss` sends its own.
    if single("iss")?.is_some_and(|issuer| issuer != app.config.idp_issuer.as_str()) {
        return Err(SignInError::IdToken("the answer comes from another issuer").into());
    }
    match single("error")? {
        // RFC 6749, section 4.1.2.1: the person said no.
        Some("access_denied") => return Err(SignInError::Cancelled.into()),
        Some(_) => return Err(SignInError::Refused.into()),
        None => {}
    }
    let code = single("code")?.ok_or(SignInError::Refused)?;
    let person = site
        .provider
        .person(app, transaction, code, app.clock.now())
        .await
        .map_err(|error| site.sign_in_failed(request, error))?;
    let issuer = &app.config.idp_issuer;
    // Before anything is made of the subject: what the watch compares is what the provider said.
    let account = account_hash(&app.config.audit_key, issuer, &person.subject);
    let mbi = person.mbi.ok_or(SignInError::NotFound)?;
    let patients = patient::by_medicare_number(app, &mbi, &account, &request.request_id).await?;
    let subject = person.subject;
    // Tests plant the fault of December 2019 here (docs/incident-drill.md).
    #[cfg(test)]
    let (subject, patients) = crate::signin::planted::adapt(app, issuer, subject, patients).await;
    let event = Action::ok("identity.link")
        .by("beneficiary")
        .flow(flow_id)
        .person(patients.shared())
        .account(&account)
        .draft(site, request);
    let linked = link(
        app.database.as_ref(),
        SignIn {
            issuer,
            subject: &subject,
            found: &patients,
            person: &person_hash(&app.config.audit_key, patients.shared()),
            account: &account,
            key_id: app.config.audit_key.id(),
            now: app.clock.now(),
            event: &event.event(),
        },
    )
    .await?;
    match linked {
        Linked::Identity(identity) => Ok(SignedIn {
            profile: person.profile,
            identity,
            account,
        }),
        Linked::Conflict => Err(SignInError::IdentityConflict.into()),
    }
}

/// An answer of the provider to no sign-in of this browser: forged, begun elsewhere, or too late. Nobody was signed in,
/// so it is told even where its event cannot be written.
pub(crate) async fn note_stranger(site: &Site, request: &Request, allowance: Allowance) {
    let refused = Action::unproved("signin")
        .refuse("transaction_expired")
        .counted(allowance);
    if let Err(error) = refused.record(site, request).await {
        site.failed(request, "signin", &error);
    }
}

/// A sign-in that failed. Nobody is known by it, unless another person's link is concerned.
pub(crate) const fn refused<'a>(error: SignInError, allowance: Allowance) -> Action<'a> {
    let action = Action::refused("signin", error.code()).by("beneficiary");
    match error {
        SignInError::IdentityConflict => action,
        _ => action.counted(allowance),
    }
}
