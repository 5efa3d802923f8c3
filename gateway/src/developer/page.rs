//! The pages of the developer portal.

use askama::Template;
use http::StatusCode;

use crate::base::calls::Exchange;
use crate::base::http::Reply;
use crate::base::http::reply::{Forms, page};
use crate::base::language::Language;
use crate::base::page::texts::Texts;
use crate::base::secret::Secret;
use crate::developer::password::SHORTEST;
use crate::developer::statements::Usage;
use crate::developer::texts::DeveloperTexts;
use crate::developer::{FIELDS, FormState, PAR, Step, Visitor};
use crate::oauth::application::{Application, Status};

/// What was wrong when somebody wanted to come in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Entry {
    Name,
    NewPassword,
    Password,
    SlowDown,
    Taken,
}

/// The form for another password.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PasswordForm {
    /// Nobody asked for it.
    Closed,
    Changed,
    Wrong(Entry),
}

/// What a page about an application says first.
pub(crate) enum Said<'a> {
    Nothing,
    /// With the secret, where it has one.
    Registered(Option<&'a Secret>),
    Rotated(&'a Secret),
    Saved,
}

impl Entry {
    const fn said(self, dev: &DeveloperTexts) -> (StatusCode, &'static str) {
        match self {
            Self::Name => (StatusCode::BAD_REQUEST, dev.user_name_help),
            Self::NewPassword => (StatusCode::BAD_REQUEST, dev.password_help),
            Self::Password => (StatusCode::FORBIDDEN, dev.password_wrong),
            Self::SlowDown => (StatusCode::TOO_MANY_REQUESTS, dev.slow_down),
            Self::Taken => (StatusCode::CONFLICT, dev.account_exists),
        }
    }
}

/// Sign-in and account creation.
pub(crate) fn enter(language: Language, wrong: Option<Entry>, name: &str, sandbox: bool) -> Reply {
    let dev = DeveloperTexts::of(language);
    let (status, said) = wrong.map_or((StatusCode::OK, ""), |entry| entry.said(dev));
    let html = EnterPage {
        lang: language.tag(),
        texts: Texts::of(language),
        dev,
        said,
        name,
        shortest: SHORTEST,
        samples: samples(sandbox),
    };
    page(status, html.render().unwrap_or_default(), Forms::StayHere)
}

/// The applications of a developer.
pub(crate) fn list(
    visitor: &Visitor,
    applications: &[(Application, Usage)],
    password: PasswordForm,
    sandbox: bool,
) -> Reply {
    let dev = DeveloperTexts::of(visitor.language);
    let (status, said) = match password {
        PasswordForm::Closed => (StatusCode::OK, ""),
        PasswordForm::Changed => (StatusCode::OK, dev.password_changed),
        PasswordForm::Wrong(entry) => entry.said(dev),
    };
    let html = ListPage {
        lang: visitor.language.tag(),
        texts: Texts::of(visitor.language),
        dev,
        visitor: Bar::of(visitor),
        applications: applications
            .iter()
            .map(|(application, usage)| Item {
                client_id: application.client_id.as_str(),
                name: &application.name,
                status: self::status(application, dev),
                calls: usage.calls,
                errors: usage.errors,
            })
            .collect(),
        samples: samples(sandbox),
        said,
        changes: matches!(password, PasswordForm::Wrong(_)),
        shortest: SHORTEST,
        sandbox,
    };
    page(status, html.render().unwrap_or_default(), Forms::StayHere)
}

/// The form for a new application.
pub(crate) fn new(visitor: &Visitor, state: &FormState) -> Reply {
    let html = NewPage {
        lang: visitor.language.tag(),
        texts: Texts::of(visitor.language),
        dev: DeveloperTexts::of(visitor.language),
        visitor: Bar::of(visitor),
        fields: fields(visitor.language, state),
        wrong: wrong(visitor.language, state),
    };
    page(
        status_of(state),
        html.render().unwrap_or_default(),
        Forms::StayHere,
    )
}

/// One application: what it is, its form, and what can be done with it.
pub(crate) fn application(
    visitor: &Visitor,
    application: &Application,
    state: &FormState,
    said: &Said<'_>,
    sandbox: bool,
) -> Reply {
    let dev = DeveloperTexts::of(visitor.language);
    let (said, secret) = match said {
        Said::Nothing => ("", None),
        Said::Registered(secret) => (dev.registered, *secret),
        Said::Rotated(secret) => (dev.saved, Some(*secret)),
        Said::Saved => (dev.saved, None),
    };
    let html = ApplicationPage {
        lang: visitor.language.tag(),
        texts: Texts::of(visitor.language),
        dev,
        visitor: Bar::of(visitor),
        client_id: application.client_id.as_str(),
        name: &application.name,
        status: status(application, dev),
        rejected_because: application.rejected_because.as_deref(),
        active: application.status == Status::Active,
        resumable: application.status == Status::Suspended && application.suspended_by_developer,
        has_secret: application.auth_method.has_secret(),
        said,
        secret: secret.map(Secret::expose).unwrap_or_default(),
        fields: fields(visitor.language, state),
        wrong: wrong(visitor.language, state),
        sandbox,
    };
    page(
        status_of(state),
        html.render().unwrap_or_default(),
        Forms::StayHere,
    )
}

/// The question before an application is deleted.
pub(crate) fn delete(visitor: &Visitor, application: &Application) -> Reply {
    let html = DeletePage {
        lang: visitor.language.tag(),
        texts: Texts::of(visitor.language),
        dev: DeveloperTexts::of(visitor.language),
        visitor: Bar::of(visitor),
        client_id: application.client_id.as_str(),
        name: &application.name,
    };
    page(
        StatusCode::OK,
        html.render().unwrap_or_default(),
        Forms::StayHere,
    )
}

/// What the test client did; `None` if it failed.
pub(crate) fn test(visitor: &Visitor, steps: &[(Step, Exchange)]) -> Reply {
    let dev = DeveloperTexts::of(visitor.language);
    let html = TestPage {
        lang: visitor.language.tag(),
        texts: Texts::of(visitor.language),
        dev,
        visitor: Bar::of(visitor),
        steps: steps
            .iter()
            .map(|(at, exchange)| (step(*at, dev), exchange))
            .collect(),
    };
    page(
        StatusCode::OK,
        html.render().unwrap_or_default(),
        Forms::StayHere,
    )
}

const fn step(step: Step, dev: &'static DeveloperTexts) -> &'static str {
    match step {
        Step::Authorize => dev.test_step_authorize,
        Step::Claims => dev.test_step_claims,
        Step::Coverage => dev.test_step_coverage,
        Step::Patient => dev.test_step_patient,
        Step::Refresh => dev.test_step_refresh,
        Step::Revoke => dev.test_step_revoke,
        Step::Token => dev.test_step_token,
        Step::Userinfo => dev.test_step_userinfo,
    }
}

fn status(application: &Application, dev: &'static DeveloperTexts) -> &'static str {
    match application.status {
        Status::Active => dev.status_active,
        Status::Pending => dev.status_pending,
        Status::Rejected => dev.status_rejected,
        Status::Suspended if application.suspended_by_developer => dev.status_suspended,
        _ => dev.status_suspended_operator,
    }
}

const fn status_of(state: &FormState) -> StatusCode {
    if state.wrong.is_some() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    }
}

/// One field of the form.
struct Field {
    name: &'static str,
    label: &'static str,
    help: &'static str,
    kind: Kind,
    wrong: bool,
}

enum Kind {
    Address(String),
    Area(String),
    Choice(Vec<(&'static str, &'static str, bool)>),
    Text(String),
    Tick(bool),
}

fn fields(language: Language, state: &FormState) -> Vec<Field> {
    let dev = DeveloperTexts::of(language);
    let typed = &state.typed;
    let text = |name: &str| typed.text(name).to_owned();
    FIELDS
        .into_iter()
        .chain([PAR])
        .map(|name| {
            let (label, help) = labels(name, dev);
            let kind = match name {
                "token_endpoint_auth_method" => choice(
                    typed.text(name),
                    [
                        ("client_secret_basic", dev.auth_basic),
                        ("client_secret_post", dev.auth_post),
                        ("private_key_jwt", dev.auth_jwt),
                        ("none", dev.auth_none),
                    ]
                    .to_vec(),
                ),
                "grant_types" => choice(
                    typed.text(name),
                    [
                        ("authorization_code refresh_token", dev.grants_refresh),
                        ("authorization_code", dev.grants_code),
                    ]
                    .to_vec(),
                ),
                "data_access_type" => choice(
                    typed.text(name),
                    [
                        ("THIRTEEN_MONTH", dev.data_type_year),
                        ("ONE_TIME", dev.data_type_once),
                        ("RESEARCH_STUDY", dev.data_type_research),
                    ]
                    .to_vec(),
                ),
                "requires_demographics" | PAR => Kind::Tick(typed.ticked(name)),
                "redirect_uris" | "jwks" | "contacts" | "description" | "scope" => {
                    Kind::Area(text(name))
                }
                "client_uri" | "jwks_uri" | "tos_uri" | "policy_uri" => Kind::Address(text(name)),
                _ => Kind::Text(text(name)),
            };
            Field {
                name,
                label,
                help,
                kind,
                wrong: state
                    .wrong
                    .as_ref()
                    .is_some_and(|(field, _)| *field == name),
            }
        })
        .collect()
}

fn choice(chosen: &str, options: Vec<(&'static str, &'static str)>) -> Kind {
    Kind::Choice(
        options
            .into_iter()
            .map(|(value, text)| (value, text, value == chosen))
            .collect(),
    )
}

fn labels(name: &str, dev: &'static DeveloperTexts) -> (&'static str, &'static str) {
    match name {
        "client_name" => (dev.name, dev.name_help),
        "redirect_uris" => (dev.add_redirect, dev.add_redirect_help),
        "token_endpoint_auth_method" => (dev.auth_label, dev.auth_help),
        "jwks" => (dev.jwks, dev.jwks_help),
        "jwks_uri" => (dev.jwks_uri, dev.jwks_uri_help),
        "grant_types" => (dev.grants, dev.grants_help),
        "data_access_type" => (dev.data_type, dev.data_type_help),
        "requires_demographics" => (dev.demographics, dev.demographics_help),
        "scope" => (dev.scope, dev.scope_help),
        "client_uri" => (dev.website, dev.uri_help),
        "tos_uri" => (dev.tos_uri, dev.uri_help),
        "policy_uri" => (dev.policy_uri, dev.uri_help),
        "contacts" => (dev.contacts, dev.contacts_help),
        "logo" => (dev.logo, dev.logo_wrong),
        PAR => (dev.par, ""),
        _ => (dev.description, dev.description_help),
    }
}

/// What to correct: the field and its rule in words, and the precise reason as the API gives it.
struct Wrong<'a> {
    field: &'a str,
    label: &'static str,
    rule: &'static str,
    reason: &'a str,
}

fn wrong(language: Language, state: &FormState) -> Option<Wrong<'_>> {
    state.wrong.as_ref().map(|(field, reason)| {
        let (label, rule) = labels(field, DeveloperTexts::of(language));
        Wrong {
            field,
            label,
            rule,
            reason,
        }
    })
}

/// People of the sandbox worth trying, and what each shows.
fn samples(sandbox: bool) -> &'static [(&'static str, &'static str, &'static str)] {
    if sandbox { SAMPLES } else { &[] }
}

/// User name, password, what can be seen.
const SAMPLES: &[(&str, &str, &str)] = &[
    (
        "BBUser28324",
        "PW28324!",
        "Carrier, Part D, inpatient, outpatient",
    ),
    ("BBUser20023", "PW20023!", "Many claims"),
    ("BBUser29999", "PW29999!", "Jane Doe"),
    ("BBUser00000", "PW00000!", "The first one"),
];

/// Who signed in, on top of each page.
struct Bar<'a> {
    name: &'a str,
    csrf: &'a str,
}

impl<'a> Bar<'a> {
    fn of(visitor: &'a Visitor) -> Self {
        Self {
            name: &visitor.name,
            csrf: visitor.csrf.expose(),
        }
    }
}

struct Item<'a> {
    client_id: &'a str,
    name: &'a str,
    status: &'static str,
    calls: i64,
    errors: i64,
}

#[derive(Template)]
#[template(path = "developer_enter.html")]
struct EnterPage<'a> {
    lang: &'a str,
    texts: &'static Texts,
    dev: &'static DeveloperTexts,
    said: &'a str,
    name: &'a str,
    shortest: usize,
    samples: &'static [(&'static str, &'static str, &'static str)],
}

#[derive(Template)]
#[template(path = "developer_list.html")]
struct ListPage<'a> {
    lang: &'a str,
    texts: &'static Texts,
    dev: &'static DeveloperTexts,
    visitor: Bar<'a>,
    applications: Vec<Item<'a>>,
    samples: &'static [(&'static str, &'static str, &'static str)],
    said: &'a str,
    /// Whether the form for another password is open.
    changes: bool,
    shortest: usize,
    sandbox: bool,
}

#[derive(Template)]
#[template(path = "developer_new.html")]
struct NewPage<'a> {
    lang: &'a str,
    texts: &'static Texts,
    dev: &'static DeveloperTexts,
    visitor: Bar<'a>,
    fields: Vec<Field>,
    wrong: Option<Wrong<'a>>,
}

#[derive(Template)]
#[template(path = "developer_application.html")]
struct ApplicationPage<'a> {
    lang: &'a str,
    texts: &'static Texts,
    dev: &'static DeveloperTexts,
    visitor: Bar<'a>,
    client_id: &'a str,
    name: &'a str,
    status: &'static str,
    rejected_because: Option<&'a str>,
    active: bool,
    resumable: bool,
    has_secret: bool,
    said: &'static str,
    secret: &'a str,
    fields: Vec<Field>,
    wrong: Option<Wrong<'a>>,
    sandbox: bool,
}

#[derive(Template)]
#[template(path = "developer_delete.html")]
struct DeletePage<'a> {
    lang: &'a str,
    texts: &'static Texts,
    dev: &'static DeveloperTexts,
    visitor: Bar<'a>,
    client_id: &'a str,
    name: &'a str,
}

#[derive(Template)]
#[template(path = "developer_test.html")]
struct TestPage<'a> {
    lang: &'a str,
    texts: &'static Texts,
    dev: &'static DeveloperTexts,
    visitor: Bar<'a>,
    steps: Vec<(&'static str, &'a Exchange)>,
}
