//! What docs/contract/04-consent.md to 07-fhir.md say about grants, codes and tokens, as plainly as it can be
//! written.

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};

/// Bits of the model: Patient, ExplanationOfBenefit, Coverage, profile.
const PATIENT: u8 = 1;
const CLAIMS: u8 = 2;
const COVERAGE: u8 = 4;
const PROFILE: u8 = 8;

pub(super) const SCOPES: [(&str, u8); 4] = [
    (
        "patient/Patient.rs patient/ExplanationOfBenefit.rs profile",
        PATIENT | CLAIMS | PROFILE,
    ),
    ("patient/ExplanationOfBenefit.rs", CLAIMS),
    (
        "patient/Patient.rs patient/ExplanationOfBenefit.rs patient/Coverage.rs",
        PATIENT | CLAIMS | COVERAGE,
    ),
    ("patient/Patient.rs profile", PATIENT | PROFILE),
];
/// What a narrowing refresh asks for.
pub(super) const NARROW: (&str, u8) = ("patient/Patient.rs", PATIENT);
/// Applications: THIRTEEN_MONTH, RESEARCH_STUDY, ONE_TIME.
pub(super) const RESEARCH: usize = 1;
pub(super) const ONE_TIME: usize = 2;

/// What a decision gives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    /// A redirect with the code of this number.
    Code(usize),
    /// `access_denied`.
    Denied,
    /// A page of the gateway.
    Nothing,
}

/// What a refresh gives.
pub(super) enum Refresh {
    Refused(u16),
    Repeated,
    Rotated,
}

pub(super) struct Model {
    /// Seconds.
    pub(super) now: i64,
    pub(super) suspended: [bool; 3],
    requests: Vec<Request>,
    grants: Vec<Grant>,
    codes: Vec<Code>,
    chains: Vec<Chain>,
}

struct Request {
    person: usize,
    app: usize,
    scopes: u8,
    until: i64,
    decided: Option<Decided>,
    /// The grant as the Allow found it; `None` if there was none, or where it was narrowed.
    former: Option<Consent>,
}

/// What was decided: scopes and number of the code, or nothing for a denial.
type Decided = Option<(u8, usize)>;

/// The consent that a grant stands on.
#[derive(Clone, Copy)]
struct Consent {
    request: usize,
    scopes: u8,
    until: Option<i64>,
}

struct Grant {
    person: usize,
    app: usize,
    consent: Consent,
    ended: Option<End>,
}

/// Why a grant has ended.
#[derive(Clone, Copy, Eq, PartialEq)]
enum End {
    /// It had run out when the person consented again.
    Expired,
    Revoked,
}

struct Code {
    grant: usize,
    scopes: u8,
    until: i64,
    chain: Option<usize>,
}

struct Chain {
    grant: usize,
    scopes: u8,
    ended: bool,
    rotated: i64,
    /// End and scopes of each access token.
    access: Vec<(i64, u8)>,
}

impl Model {
    pub(super) const fn new(now: i64) -> Self {
        Self {
            now,
            suspended: [false; 3],
            requests: Vec::new(),
            grants: Vec::new(),
            codes: Vec::new(),
            chains: Vec::new(),
        }
    }

    pub(super) fn authorize(&mut self, person: usize, app: usize, scopes: u8) {
        let until = self.now + 600;
        self.requests.push(Request {
            person,
            app,
            scopes,
            until,
            decided: None,
            former: None,
        });
    }

    pub(super) fn decide(&mut self, number: usize, allow: bool, withhold: bool) -> Outcome {
        let request = &self.requests[number];
        let granted = if withhold {
            request.scopes & !(PATIENT | PROFILE)
        } else {
            request.scopes
        };
        let granted = (allow && granted & (PATIENT | CLAIMS | COVERAGE) != 0).then_some(granted);
        let suspended = self.suspended[request.app];
        if self.now >= request.until {
            return Outcome::Nothing;
        }
        match (request.decided, granted) {
            (None, _) if suspended => return Outcome::Nothing,
            (None, _) => {}
            (Some(None), None) if !suspended => return Outcome::Denied,
            (Some(None), _) => return Outcome::Nothing,
            // A double click finds the same code, while it can still be used.
            (Some(Some((given, code))), Some(now)) if given == now => {
                let code_of = &self.codes[code];
                return if code_of.chain.is_none() && self.now < code_of.until && !suspended {
                    Outcome::Code(code)
                } else {
                    Outcome::Nothing
                };
            }
            // Wider, or narrower where there is nothing left to narrow.
            (Some(Some((given, _))), Some(now))
                if now & !given != 0 || suspended || self.live_grant(number).is_none() =>
            {
                return Outcome::Nothing;
            }
            (Some(Some((_, code))), _) => self.take_back(number, code, granted.is_none()),
        }
        let request = &mut self.requests[number];
        request.until = request.until.max(self.now + 60);
        let Some(granted) = granted else {
            request.decided = Some(None);
            return if suspended {
                Outcome::Nothing
            } else {
                Outcome::Denied
            };
        };
        let code = self.codes.len();
        request.decided = Some(Some((granted, code)));
        let grant = self.consent(number, granted);
        self.codes.push(Code {
            grant,
            scopes: granted,
            until: self.now + 60,
            chain: None,
        });
        Outcome::Code(code)
    }

    /// Ends what an Allow gave, and leaves what others gave.
    fn take_back(&mut self, number: usize, code: usize, denied: bool) {
        let code = &mut self.codes[code];
        code.until = code.until.min(self.now);
        if let Some(chain) = code.chain {
            self.chains[chain].ended = true;
        }
        let former = self.requests[number].former;
        for request in &mut self.requests {
            if request
                .former
                .is_some_and(|consent| consent.request == number)
            {
                request.former = former;
            }
        }
        let Some(grant) = self.live_grant(number) else {
            return;
        };
        if self.grants[grant].consent.request != number {
            return;
        }
        match former {
            Some(consent) => self.grants[grant].consent = consent,
            None if denied => self.end(grant, End::Revoked),
            None => {}
        }
    }

    /// The grant of the same person to the same application that has not ended.
    fn live_grant(&self, request: usize) -> Option<usize> {
        let request = &self.requests[request];
        self.grants.iter().position(|grant| {
            grant.person == request.person && grant.app == request.app && grant.ended.is_none()
        })
    }

    fn consent(&mut self, request: usize, scopes: u8) -> usize {
        let (person, app) = (self.requests[request].person, self.requests[request].app);
        let until = match app {
            RESEARCH => None,
            ONE_TIME => Some(self.now + 60 + 3600),
            _ => Some(thirteen_months_after(self.now)),
        };
        let consent = Consent {
            request,
            scopes,
            until,
        };
        let mut live = self.live_grant(request);
        if let Some(number) = live
            && self.is_past(number)
        {
            self.end(number, End::Expired);
            live = None;
        }
        self.requests[request].former = None;
        let Some(number) = live else {
            self.grants.push(Grant {
                person,
                app,
                consent,
                ended: None,
            });
            return self.grants.len() - 1;
        };
        let former = std::mem::replace(&mut self.grants[number].consent, consent);
        let narrows = former.scopes & !scopes != 0;
        if !narrows && former.request != request {
            self.requests[request].former = Some(former);
        }
        for chain in self.chains.iter_mut().filter(|chain| chain.grant == number) {
            chain.ended |= narrows;
        }
        number
    }

    /// Whether a grant has run out.
    fn is_past(&self, grant: usize) -> bool {
        let until = self.grants[grant].consent.until;
        until.is_some_and(|end| end <= self.now)
    }

    fn end(&mut self, grant: usize, why: End) {
        self.grants[grant].ended.get_or_insert(why);
        for chain in self.chains.iter_mut().filter(|chain| chain.grant == grant) {
            chain.ended = true;
        }
    }

    pub(super) fn exchange(&mut self, number: usize, app: usize, verified: bool) -> u16 {
        if self.suspended[app] {
            return 403;
        }
        let code = &mut self.codes[number];
        let grant = &mut self.grants[code.grant];
        if app != grant.app || !verified {
            return 400;
        }
        if let Some(chain) = code.chain {
            self.chains[chain].ended = true;
            return 400;
        }
        if self.now >= code.until
            || grant.ended.is_some()
            || code.scopes & !grant.consent.scopes != 0
        {
            return 400;
        }
        code.chain = Some(self.chains.len());
        let end = self.now + 3600;
        if app == ONE_TIME {
            grant.consent.until = Some(end);
        }
        self.chains.push(Chain {
            grant: code.grant,
            scopes: code.scopes,
            ended: false,
            rotated: 0,
            access: vec![(end, code.scopes)],
        });
        200
    }

    pub(super) fn refresh(
        &mut self,
        number: usize,
        token: usize,
        current: usize,
        narrow: bool,
    ) -> Refresh {
        if self.suspended[self.app_of_chain(number)] {
            return Refresh::Refused(403);
        }
        let grant = self.chains[number].grant;
        match self.grants[grant].ended {
            Some(End::Revoked) => return Refresh::Refused(403),
            Some(End::Expired) => return Refresh::Refused(401),
            None => {}
        }
        let is_past = self.is_past(grant);
        let chain = &mut self.chains[number];
        if chain.ended {
            return Refresh::Refused(400);
        }
        if is_past {
            return Refresh::Refused(401);
        }
        let repeats = token + 1 == current && self.now - chain.rotated < 60;
        if token != current && !repeats {
            chain.ended = true;
            return Refresh::Refused(400);
        }
        let scopes = if narrow { NARROW.1 } else { chain.scopes };
        chain.access.push((self.now + 3600, scopes));
        if repeats {
            return Refresh::Repeated;
        }
        chain.scopes = scopes;
        chain.rotated = self.now;
        Refresh::Rotated
    }

    pub(super) fn may_narrow(&self, chain: usize) -> bool {
        self.chains[chain].scopes & NARROW.1 == NARROW.1
    }

    pub(super) fn revoke(&mut self, chain: usize, whole_grant: bool) -> u16 {
        if self.suspended[self.app_of_chain(chain)] {
            return 403;
        }
        let grant = self.chains[chain].grant;
        if whole_grant {
            self.end(grant, End::Revoked);
        } else {
            self.chains[chain].ended = true;
        }
        200
    }

    /// Chain and grant live and the grant runs.
    pub(super) fn is_live(&self, chain: usize) -> bool {
        let chain = &self.chains[chain];
        !chain.ended && self.grants[chain.grant].ended.is_none() && !self.is_past(chain.grant)
    }

    /// The access token itself has not expired.
    pub(super) fn runs(&self, chain: usize, access: usize) -> bool {
        self.now < self.chains[chain].access[access].0
    }

    /// Status and code of a search for claims.
    pub(super) fn read(&self, number: usize, access: usize) -> (u16, &'static str) {
        let chain = &self.chains[number];
        let grant = &self.grants[chain.grant];
        if !self.runs(number, access) || (chain.ended && grant.ended.is_none()) {
            return (401, "invalid_token");
        }
        if self.suspended[grant.app] {
            return (401, "application_inactive");
        }
        if grant.ended == Some(End::Revoked) {
            return (403, "grant_revoked");
        }
        if grant.ended.is_some() || self.is_past(chain.grant) {
            return (401, "grant_expired");
        }
        if chain.access[access].1 & grant.consent.scopes & CLAIMS == 0 {
            return (403, "insufficient_scope");
        }
        (200, "")
    }

    pub(super) fn live_chains(&self) -> i64 {
        let live = self.chains.iter().filter(|chain| !chain.ended);
        i64::try_from(live.count()).unwrap()
    }

    pub(super) fn app_of_code(&self, code: usize) -> usize {
        self.grants[self.codes[code].grant].app
    }

    pub(super) fn app_of_chain(&self, chain: usize) -> usize {
        self.grants[self.chains[chain].grant].app
    }

    pub(super) fn person_of_chain(&self, chain: usize) -> usize {
        self.grants[self.chains[chain].grant].person
    }
}

fn thirteen_months_after(now: i64) -> i64 {
    let zoned = Timestamp::from_second(now).unwrap().to_zoned(TimeZone::UTC);
    zoned
        .checked_add(13.months())
        .unwrap()
        .timestamp()
        .as_second()
}
