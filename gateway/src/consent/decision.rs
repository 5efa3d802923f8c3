//! What a press on Allow or on Deny does (docs/contract/04-consent.md).
//!
//! The same decision gets the same answer, however often it is sent; a narrower one after it holds and takes back what
//! the earlier one gave; a wider one does nothing.

use std::error::Error;

use bluegate_shared::oauth::ErrorCode;
use bluegate_shared::scope::{Permissions, ScopeSet};

use super::{csrf, profile, shown, still_stands};
use crate::application::{statements as application, stored_logo as logo};
use crate::audit::action::Action;
use crate::authorize;
use crate::authorize::statements::{
    self as authorization, Allow, AuthorizationRequest, NewDecision,
};
use crate::authorize::way_back::still_verified;
use crate::base::http::browser::Browser;
use crate::base::http::reply::{add_cookie, see_other};
use crate::base::http::{Reply, Request, cookies};
use crate::base::ports::UnixMillis;
use crate::base::profile::grant_context;
use crate::base::secret::Secret;
use crate::base::site::Site;
use crate::oauth::application::{Application, Status};
use crate::oauth::authorize::Refusal;
use crate::oauth::consent::{Decision, Order, grant_end};
use crate::oauth::parameters::Parameters;
use crate::signin::identity;
use crate::token::statements::{self as token, Redemption, redeem};

/// Why a form decides nothing. The person sees the page again, after a redirect.
pub(crate) enum Undecided {
    /// The application is no longer what the page showed.
    Changed,
    /// The store or the platform failed. Nothing is lost but the press.
    Failed(Box<dyn Error>),
    /// Not the form that this browser's page had for this person.
    Foreign,
    /// Of no request of this browser, wider than what was decided, or over: the page says which.
    Stale,
}

impl Undecided {
    /// What the audit calls it; `None` if the store failed, which its cause in the log says.
    pub(super) const fn code(&self) -> Option<&'static str> {
        match self {
            Self::Changed => Some("application_changed"),
            Self::Failed(_) => None,
            Self::Foreign => Some("form_foreign"),
            Self::Stale => Some("request_over"),
        }
    }
}

impl<E: Error + 'static> From<E> for Undecided {
    fn from(cause: E) -> Self {
        Self::Failed(Box::new(cause))
    }
}

/// Decides by the form; the answer leads to the application.
pub(crate) async fn decide(
    site: &Site,
    request: &Request,
    form: &Parameters,
) -> Result<Reply, Undecided> {
    let press = Press::read(site, request, form).ok_or(Undecided::Foreign)?;
    // Another press may be faster: what it left is read, and this one agrees with it.
    for _ in 0..TRIES {
        if let Some(reply) = press.attempt().await? {
            return Ok(reply);
        }
    }
    Err(Undecided::Stale)
}

/// A form as it came.
struct Press<'a> {
    site: &'a Site,
    request: &'a Request,
    form: &'a Parameters,
    transaction: Secret,
    browser: Browser,
    csrf: &'a str,
}

/// The request that it decides, with what the decision needs to know.
struct Decided<'a> {
    waiting: &'a AuthorizationRequest,
    application: &'a Application,
    logo_since: Option<UnixMillis>,
    identity_id: i64,
    /// Nobody where the person is held by an identity conflict.
    patient: Option<&'a bluegate_shared::id::PatientId>,
}

impl<'a> Press<'a> {
    fn read(site: &'a Site, request: &'a Request, form: &'a Parameters) -> Option<Self> {
        let single = |name| form.single(name).ok().flatten();
        Some(Self {
            transaction: Secret::new(single("transaction")?.to_owned()),
            browser: Browser::of(&site.app.config, &request.headers),
            csrf: single("csrf")?,
            site,
            request,
            form,
        })
    }

    /// One try. `None` if it failed, because another press was faster or a lock-down holds.
    async fn attempt(&self) -> Result<Option<Reply>, Undecided> {
        let app = &self.site.app;
        let database = app.database.as_ref();
        let waiting = authorization::find(
            database,
            self.transaction.hash(),
            &self.browser.hashes(),
            app.clock.now(),
        )
        .await?
        .ok_or(Undecided::Stale)?;
        let identity_id = waiting.identity_id.ok_or(Undecided::Stale)?;
        let (seen, _) = self.csrf.split_once('.').ok_or(Undecided::Foreign)?;
        if !csrf(self.site, &self.transaction, &waiting, identity_id, seen).is(self.csrf) {
            return Err(Undecided::Foreign);
        }
        let Ok(decision) = Decision::parse(self.form, &waiting.scopes) else {
            return Err(Undecided::Stale);
        };
        let application = application::by_id(database, waiting.application_id)
            .await?
            .ok_or(Undecided::Stale)?;
        let patient = identity::patient_of(database, identity_id).await?;
        let order = decision.after(waiting.decision.as_ref());
        // What was given can be taken back, whatever became of the application or the person meanwhile.
        let takes_back = order == Order::Narrower && decision == Decision::Deny;
        let active = application.status == Status::Active;
        let logo_since = logo::since(database, application.id).await?;
        if !takes_back && (!active || patient.is_none()) {
            return Err(Undecided::Stale);
        }
        // A denial holds whatever was shown. Where an Allow may lead nowhere any more, the page says so.
        if let (Decision::Allow(_), Order::First | Order::Narrower) = (&decision, order) {
            if !still_stands(&application, &waiting) {
                return Err(Undecided::Stale);
            }
            if shown(&application, &waiting, logo_since) != seen {
                return Err(Undecided::Changed);
            }
        }
        let decided = Decided {
            waiting: &waiting,
            application: &application,
            logo_since,
            identity_id,
            patient: patient.as_ref(),
        };
        let done = match order {
            Order::First | Order::Narrower => self.write(&decided, &decision).await?,
            Order::Same => self.repeat(&decided, &decision).await?,
            Order::Wider => return Err(Undecided::Stale),
        };
        // Nobody is sent to an application that may not be used, or to an address that is no longer its own.
        match (done, still_verified(&application, &waiting).is_some()) {
            (false, _) => Ok(None),
            (true, false) => Err(Undecided::Stale),
            (true, true) => self.answer(&decided, &decision).await.map(Some),
        }
    }

    /// False where another decision was faster, or a lock-down holds.
    async fn write(&self, decided: &Decided<'_>, decision: &Decision) -> Result<bool, Undecided> {
        let app = &self.site.app;
        let allow = match decision {
            Decision::Allow(granted) => Some(self.allow(decided, granted)?),
            Decision::Deny => None,
        };
        let standing = decided.waiting.decision.as_ref();
        let code = if standing.is_some() { "taken_back" } else { "" };
        let event = self
            .event(decided, decision, code)
            .draft(self.site, self.request);
        let now = app.clock.now();
        let written = authorization::decide(
            app.database.as_ref(),
            NewDecision {
                id_hash: self.transaction.hash(),
                browser_hash: decided.waiting.browser_hash,
                identity_id: decided.identity_id,
                standing,
                allow,
                now,
                answered_until: now.plus_seconds(CODE_TTL_S),
                event: &event.event(),
            },
        )
        .await?;
        if written {
            event.log(self.site);
        }
        Ok(written)
    }

    fn allow<'s>(
        &self,
        decided: &Decided<'_>,
        granted: &'s ScopeSet,
    ) -> Result<Allow<'s>, Undecided> {
        let app = &self.site.app;
        let now = app.clock.now();
        let profile_sealed = granted
            .permissions()
            .contains(Permissions::PROFILE)
            .then(|| {
                profile(
                    self.site,
                    self.request,
                    &self.transaction,
                    decided.identity_id,
                )
            })
            .flatten()
            .zip(decided.patient)
            .map(|(profile, patient)| {
                let context = grant_context(patient, decided.application.client_id.as_str());
                profile.seal(&app.config.store_key, &context, app.entropy.as_ref())
            })
            .transpose()?;
        let kind = decided.application.data_access_type;
        Ok(Allow {
            application_updated_at: decided.application.updated_at,
            logo_since: decided.logo_since,
            granted,
            data_access_type: kind,
            grant_expires_at: grant_end(kind, now, CODE_TTL_S, app.config.access_token_ttl_s),
            profile_sealed,
            code_hash: self.derived("code", granted).hash(),
            code_expires_at: now.plus_seconds(CODE_TTL_S),
        })
    }

    /// The same decision again. It has an event of its own, so that no code is ever told without one, even where
    /// the answer or the event of the first press was lost.
    async fn repeat(&self, decided: &Decided<'_>, decision: &Decision) -> Result<bool, Undecided> {
        // A code that was used is not sent twice: it would end what it gave. (The implicit flow has none to send.)
        if matches!(decision, Decision::Allow(_))
            && !decided.waiting.code_lives
            && !decided.waiting.implicit
        {
            return Err(Undecided::Stale);
        }
        self.event(decided, decision, "repeated")
            .record(self.site, self.request)
            .await?;
        Ok(true)
    }

    fn event<'e>(&self, decided: &Decided<'e>, decision: &Decision, code: &'e str) -> Action<'e> {
        let action = match decision {
            Decision::Allow(_) => "consent.allow",
            Decision::Deny => "consent.deny",
        };
        let event = Action::done(action, code)
            .by("beneficiary")
            .application(decided.application.client_id.as_str())
            .flow(&decided.waiting.flow_id);
        match decided.patient {
            Some(patient) => event.person(patient),
            None => event,
        }
    }

    async fn answer(&self, decided: &Decided<'_>, decision: &Decision) -> Result<Reply, Undecided> {
        let waiting = decided.waiting;
        let config = &self.site.app.config;
        let mut reply = match decision {
            Decision::Allow(granted) if waiting.implicit => self.implicit(decided, granted).await?,
            Decision::Allow(granted) => see_other(&waiting.redirect.with(&[
                ("code", self.derived("code", granted).expose()),
                ("state", &waiting.state),
                ("iss", &config.public_base_url),
            ])),
            Decision::Deny => {
                let refusal = Refusal {
                    code: ErrorCode::AccessDenied,
                    description: "the person did not allow access".into(),
                };
                authorize::refuse(self.site, &waiting.redirect, Some(&waiting.state), &refusal)
            }
        };
        let person = cookies::person_name(config, &self.transaction);
        add_cookie(&mut reply, &cookies::set(config, &person, "", 0));
        Ok(reply)
    }

    /// The access token in the fragment, without a refresh token (RFC 6749, section 4.2.2).
    async fn implicit(
        &self,
        decided: &Decided<'_>,
        granted: &ScopeSet,
    ) -> Result<Reply, Undecided> {
        let (app, waiting) = (&self.site.app, decided.waiting);
        let database = app.database.as_ref();
        let now = app.clock.now();
        let access = self.derived("implicit-access", granted);
        let action = Action::ok("token.implicit")
            .by("application")
            .application(decided.application.client_id.as_str());
        let event = action.draft(self.site, self.request);
        let redemption = Redemption {
            code_hash: self.derived("code", granted).hash(),
            application_id: decided.application.id,
            redirect_uri: Some(waiting.redirect.as_str()),
            challenge: &authorize::implicit_verifier(self.site, &self.transaction).challenge(),
            access_hash: access.hash(),
            access_expires_at: now.plus_seconds(app.config.access_token_ttl_s),
            refresh_hash: None,
            now,
            version: waiting.version.segment(),
            event: &event.event(),
        };
        let issued = redeem(database, &redemption).await?;
        if let Some(issued) = &issued {
            action
                .flow(&issued.flow_id)
                .person(issued.patients.shared())
                .draft(self.site, self.request)
                .log(self.site);
        }
        // Redeemed by an earlier press: the same token, with what is left of its time.
        let live = token::find(database, access.hash(), now)
            .await?
            .filter(|found| found.live)
            .ok_or(Undecided::Stale)?;
        let left = live
            .expires_at
            .map_or(0, |end| end.seconds() - now.seconds());
        Ok(see_other(&waiting.redirect.with(&[
            ("access_token", access.expose()),
            ("token_type", "Bearer"),
            ("expires_in", &left.to_string()),
            ("scope", &live.scopes.to_string()),
            ("state", &waiting.state),
            ("iss", &app.config.public_base_url),
        ])))
    }

    /// Derived from the transaction and from what was granted: a double click gets the same, another decision
    /// another one. 256 bits of the transaction's id are behind it.
    fn derived(&self, purpose: &str, granted: &ScopeSet) -> Secret {
        Secret::derived(
            &self.site.app.config.token_key,
            purpose,
            &[
                self.transaction.expose().as_bytes(),
                &granted.permissions().bits().to_be_bytes(),
            ],
        )
    }
}

const TRIES: usize = 3;
const CODE_TTL_S: i64 = 60;
