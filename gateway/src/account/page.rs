//! The page of `/account/`.

use askama::Template;
use http::StatusCode;

use crate::account::statements::{Access, Connected};
use crate::base::http::Reply;
use crate::base::http::reply::{Forms, page};
use crate::base::language::Language;
use crate::base::page::dates::{date, moment};
use crate::base::page::seen;
use crate::base::page::texts::Texts;

/// What the page shows.
pub(crate) struct AccountFacts<'a> {
    /// Name of the person, where it is known.
    pub(crate) person: &'a str,
    /// The application whose end is to be confirmed.
    pub(crate) asked: Option<&'a Connected>,
    pub(crate) applications: &'a [Connected],
    pub(crate) accesses: &'a [Access],
    /// One was just ended.
    pub(crate) revoked: bool,
    pub(crate) csrf: &'a str,
}

/// Connected applications, recent accesses, and the question before a revocation.
pub(crate) fn account(language: Language, facts: &AccountFacts<'_>) -> Reply {
    let texts = Texts::of(language);
    let html = match facts.asked {
        Some(asked) => RevokePage {
            lang: language.tag(),
            texts,
            name: &asked.name,
            grant_id: asked.grant_id,
            csrf: facts.csrf,
        }
        .render(),
        None => AccountPage {
            lang: language.tag(),
            texts,
            person: facts.person,
            applications: facts
                .applications
                .iter()
                .map(|connected| Card::of(connected, language))
                .collect(),
            accesses: Line::of_days(facts.accesses, language),
            revoked: facts.revoked,
            csrf: facts.csrf,
        }
        .render(),
    };
    // Sign-out goes on to the provider, and so does any form once the session has ended.
    page(
        StatusCode::OK,
        html.unwrap_or_default(),
        Forms::LeadElsewhere,
    )
}

/// One application.
struct Card<'a> {
    grant_id: i64,
    client_id: &'a str,
    name: &'a str,
    logo: bool,
    suspended: bool,
    items: Vec<&'static str>,
    since: String,
    until: String,
    last_access: String,
}

impl<'a> Card<'a> {
    fn of(connected: &'a Connected, language: Language) -> Self {
        let texts = Texts::of(language);
        let day = |at| date(at, language);
        Self {
            grant_id: connected.grant_id,
            client_id: &connected.client_id,
            name: &connected.name,
            logo: connected.logo,
            suspended: connected.suspended,
            items: seen(&connected.scopes, texts),
            since: day(connected.consented_at),
            until: connected.expires_at.map_or(texts.no_end.to_owned(), day),
            last_access: connected.last_access.map_or(texts.never.to_owned(), day),
        }
    }
}

/// What happened on a day at an application: an app that looks at many pages does it in one visit.
struct Line<'a> {
    /// The last time, where there are several.
    at: String,
    day: String,
    what: &'static str,
    application: &'a str,
    times: usize,
}

impl<'a> Line<'a> {
    /// Of what happened, the newest first; at most as many as a page shows.
    fn of_days(accesses: &'a [Access], language: Language) -> Vec<Self> {
        let mut lines: Vec<Self> = Vec::new();
        for access in accesses {
            let line = Self::of(access, language);
            let same_day = lines.iter_mut().rev().take_while(|one| one.day == line.day);
            let mut same =
                same_day.filter(|one| (one.what, one.application) == (line.what, line.application));
            match same.next() {
                Some(known) => known.times += 1,
                None => lines.push(line),
            }
        }
        lines.truncate(LINES);
        lines
    }

    fn of(access: &'a Access, language: Language) -> Self {
        let texts = Texts::of(language);
        Self {
            at: moment(access.at, language),
            day: date(access.at, language),
            times: 1,
            what: match access.action.as_str() {
                "account.revoke" | "consent.deny" => texts.access_revoked,
                "consent.allow" => texts.access_allowed,
                "signin" => texts.access_sign_in,
                "userinfo" => texts.access_profile,
                _ => texts.access_fhir,
            },
            application: &access.application,
        }
    }
}

/// Lines of the list.
const LINES: usize = 50;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage<'a> {
    lang: &'a str,
    texts: &'static Texts,
    person: &'a str,
    applications: Vec<Card<'a>>,
    accesses: Vec<Line<'a>>,
    revoked: bool,
    csrf: &'a str,
}

#[derive(Template)]
#[template(path = "account_revoke.html")]
struct RevokePage<'a> {
    lang: &'a str,
    texts: &'static Texts,
    name: &'a str,
    grant_id: i64,
    csrf: &'a str,
}

/// The question before a sign-out, or, without a form, that nobody is signed in.
pub(crate) fn sign_out(language: Language, csrf: Option<&str>) -> Reply {
    let template = SignOutPage {
        lang: language.tag(),
        texts: Texts::of(language),
        csrf,
    };
    page(
        StatusCode::OK,
        template.render().unwrap_or_default(),
        Forms::LeadElsewhere,
    )
}

#[derive(Template)]
#[template(path = "sign_out.html")]
struct SignOutPage<'a> {
    lang: &'a str,
    texts: &'static Texts,
    csrf: Option<&'a str>,
}
