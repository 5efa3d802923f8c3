//! OAuth scopes: docs/contract/07-fhir.md, 7.2.
//!
//! One table names every scope there is and the permissions it stands for. The gateway parses requests,
//! narrows consents and decides routes with it, and the documents and the consent page list it. A set keeps
//! the spelling that was asked for, because a client gets its scopes back in its own spelling
//! (docs/contract/05-token-exchange.md, 5.1); all decisions are made on [`Permissions`].

use serde::Serialize;

/// What scopes allow, as a set of bits. The store keeps it beside the text of the scopes.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Permissions(u32);

impl Permissions {
    /// `openid`: userinfo only, applications get no id_token.
    pub const OPENID: Self = Self(1);
    /// `profile`: name and e-mail through userinfo.
    pub const PROFILE: Self = Self(1 << 1);
    /// `launch/patient` (SMART): the patient id in the token answer.
    pub const LAUNCH_PATIENT: Self = Self(1 << 2);
    /// `offline_access`: accepted; a refresh token is given without it too.
    pub const OFFLINE_ACCESS: Self = Self(1 << 3);
    /// No permission.
    pub const NONE: Self = Self(0);

    /// Read one resource of this type by its id.
    #[must_use]
    pub const fn read(resource: ResourceType) -> Self {
        Self(1 << (4 + 2 * resource as u32))
    }

    /// Search resources of this type.
    #[must_use]
    pub const fn search(resource: ResourceType) -> Self {
        Self(1 << (5 + 2 * resource as u32))
    }

    /// Everything that identifies the person beyond the claims: `profile` and `patient/Patient.*`.
    #[must_use]
    pub const fn demographics() -> Self {
        Self(
            Self::PROFILE.0
                | Self::read(ResourceType::Patient).0
                | Self::search(ResourceType::Patient).0,
        )
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether everything in `other` is in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the two have anything in common.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The bits as the store keeps them.
    #[must_use]
    pub const fn bits(self) -> i64 {
        self.0 as i64
    }

    /// Reads bits from the store; unknown bits are refused.
    #[must_use]
    pub fn from_bits(bits: i64) -> Option<Self> {
        let bits = u32::try_from(bits).ok()?;
        (bits < 1 << 10).then_some(Self(bits))
    }
}

/// The FHIR resource types that the gateway serves.
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
pub enum ResourceType {
    /// Demographics of the person.
    Patient = 0,
    /// Enrolment in Medicare Parts A to D.
    Coverage = 1,
    /// Claims.
    ExplanationOfBenefit = 2,
}

impl ResourceType {
    /// All of them, in the order of the routes.
    pub const ALL: [Self; 3] = [Self::Patient, Self::Coverage, Self::ExplanationOfBenefit];

    /// The FHIR name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Patient => "Patient",
            Self::Coverage => "Coverage",
            Self::ExplanationOfBenefit => "ExplanationOfBenefit",
        }
    }

    /// Reads the FHIR name, exactly.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|resource| resource.name() == name)
    }
}

/// One scope in one spelling.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Scope(&'static Definition);

impl Scope {
    /// Every scope there is.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(Self)
    }

    /// Reads one scope token, exactly (scopes are case-sensitive, RFC 6749, section 3.3).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::all().find(|scope| scope.as_str() == text)
    }

    /// The spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0.text
    }

    /// What it allows.
    #[must_use]
    pub fn permissions(self) -> Permissions {
        self.0.permissions()
    }
}

/// Scopes in the order and spelling in which they were asked for, each once.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ScopeSet(Vec<Scope>);

impl ScopeSet {
    /// Everything of docs/contract/07-fhir.md, 7.2 once, resource scopes spelled `.read`: what an application has by
    /// default, and what a request without `scope` asks for where the application may have it.
    #[must_use]
    pub fn everything() -> Self {
        Self(
            Scope::all()
                .filter(|scope| {
                    let text = scope.as_str();
                    !text.starts_with("patient/")
                        || (text.ends_with(".read") && !text.contains('*'))
                })
                .collect(),
        )
    }

    /// Reads a space-separated list (RFC 6749, section 3.3). Repeats count once. Scopes of SMART and OpenID Connect
    /// that are not given here and open no data are left out, as SMART servers do: their clients send them always.
    ///
    /// # Errors
    ///
    /// [`UnknownScope`] with the first other token that is not in the table.
    pub fn parse(text: &str) -> Result<Self, UnknownScope> {
        let mut set = Self::default();
        for token in tokens(text).filter(|token| !is_left_out(token)) {
            set.push(Scope::parse(token).ok_or_else(|| UnknownScope(printable(token)))?);
        }
        Ok(set)
    }

    /// Reads a list and leaves out every token that is not in the table.
    #[must_use]
    pub fn known(text: &str) -> Self {
        let mut set = Self::default();
        tokens(text)
            .filter_map(Scope::parse)
            .for_each(|scope| set.push(scope));
        set
    }

    /// What the whole set allows.
    #[must_use]
    pub fn permissions(&self) -> Permissions {
        self.0.iter().fold(Permissions::NONE, |all, scope| {
            all.union(scope.permissions())
        })
    }

    /// The set without anything demographic. Wildcards are narrowed to the resource types that remain.
    #[must_use]
    pub fn without_demographics(&self) -> Self {
        let mut narrowed = self.wildcards_without_demographics();
        narrowed
            .0
            .retain(|scope| !scope.permissions().intersects(Permissions::demographics()));
        narrowed
    }

    /// The set with each wildcard replaced by the resource types that are not demographic.
    #[must_use]
    pub fn wildcards_without_demographics(&self) -> Self {
        let mut narrowed = Self::default();
        for scope in &self.0 {
            match scope.as_str().strip_prefix("patient/*.") {
                None => narrowed.push(*scope),
                Some(suffix) => [ResourceType::Coverage, ResourceType::ExplanationOfBenefit]
                    .into_iter()
                    .filter_map(|resource| {
                        Scope::parse(&format!("patient/{}.{suffix}", resource.name()))
                    })
                    .for_each(|one| narrowed.push(one)),
            }
        }
        narrowed
    }

    /// The scopes whose permissions `allowed` contains.
    #[must_use]
    pub fn permitted_by(&self, allowed: Permissions) -> Self {
        Self(
            self.0
                .iter()
                .copied()
                .filter(|scope| allowed.contains(scope.permissions()))
                .collect(),
        )
    }

    /// What of the set `allowed` contains: a scope that is allowed in part is replaced by what remains of it.
    #[must_use]
    pub fn within(&self, allowed: Permissions) -> Self {
        let mut within = Self::default();
        for scope in self.iter() {
            if allowed.contains(scope.permissions()) {
                within.push(scope);
                continue;
            }
            for resource in ResourceType::ALL {
                let suffix =
                    |suffix: &str| Scope::parse(&format!("patient/{}.{suffix}", resource.name()));
                let spelled = scope.as_str().rsplit('.').next().unwrap_or_default();
                [spelled, "r", "s"]
                    .into_iter()
                    .filter_map(suffix)
                    .find(|part| {
                        scope.permissions().contains(part.permissions())
                            && allowed.contains(part.permissions())
                    })
                    .into_iter()
                    .for_each(|part| within.push(part));
            }
        }
        within
    }

    /// Whether anything is in it that gives access to data.
    #[must_use]
    pub fn grants_data(&self) -> bool {
        self.0.iter().any(|scope| {
            scope.permissions() == Permissions::PROFILE || scope.as_str().starts_with("patient/")
        })
    }

    /// The scopes in order.
    pub fn iter(&self) -> impl Iterator<Item = Scope> + '_ {
        self.0.iter().copied()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn push(&mut self, scope: Scope) {
        if !self.0.contains(&scope) {
            self.0.push(scope);
        }
    }
}

impl std::fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, scope) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

/// A scope token that is not in the table.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("unknown scope: {0}")]
pub struct UnknownScope(pub String);

#[derive(Debug, Eq, PartialEq)]
struct Definition {
    text: &'static str,
    resources: &'static [ResourceType],
    read: bool,
    search: bool,
    other: Permissions,
}

impl Definition {
    const fn other(text: &'static str, other: Permissions) -> Self {
        Self {
            text,
            resources: &[],
            read: false,
            search: false,
            other,
        }
    }

    const fn resource(
        text: &'static str,
        resources: &'static [ResourceType],
        read: bool,
        search: bool,
    ) -> Self {
        Self {
            text,
            resources,
            read,
            search,
            other: Permissions::NONE,
        }
    }

    fn permissions(&self) -> Permissions {
        self.resources.iter().fold(self.other, |mut all, resource| {
            if self.read {
                all = all.union(Permissions::read(*resource));
            }
            if self.search {
                all = all.union(Permissions::search(*resource));
            }
            all
        })
    }
}

fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|token| !token.is_empty())
}

/// What SMART App Launch 2.2 and OpenID Connect Core, section 5.4 name and this server does not give. None of them
/// opens a resource: one that does is never left out silently.
fn is_left_out(token: &str) -> bool {
    const LEFT_OUT: [&str; 6] = [
        "fhirUser",
        "launch",
        "online_access",
        "email",
        "address",
        "phone",
    ];
    LEFT_OUT.contains(&token) || (token.starts_with("launch/") && Scope::parse(token).is_none())
}

fn printable(token: &str) -> String {
    token
        .chars()
        .filter(|c| c.is_ascii_graphic())
        .take(64)
        .collect()
}

const PATIENT: &[ResourceType] = &[ResourceType::Patient];
const COVERAGE: &[ResourceType] = &[ResourceType::Coverage];
const EOB: &[ResourceType] = &[ResourceType::ExplanationOfBenefit];
const EACH: &[ResourceType] = &ResourceType::ALL;

static TABLE: [Definition; 18] = [
    Definition::other("openid", Permissions::OPENID),
    Definition::other("profile", Permissions::PROFILE),
    Definition::other("launch/patient", Permissions::LAUNCH_PATIENT),
    Definition::other("offline_access", Permissions::OFFLINE_ACCESS),
    Definition::resource("patient/Patient.read", PATIENT, true, true),
    Definition::resource("patient/Patient.r", PATIENT, true, false),
    Definition::resource("patient/Patient.s", PATIENT, false, true),
    Definition::resource("patient/Patient.rs", PATIENT, true, true),
    Definition::resource("patient/Coverage.read", COVERAGE, true, true),
    Definition::resource("patient/Coverage.r", COVERAGE, true, false),
    Definition::resource("patient/Coverage.s", COVERAGE, false, true),
    Definition::resource("patient/Coverage.rs", COVERAGE, true, true),
    Definition::resource("patient/ExplanationOfBenefit.read", EOB, true, true),
    Definition::resource("patient/ExplanationOfBenefit.r", EOB, true, false),
    Definition::resource("patient/ExplanationOfBenefit.s", EOB, false, true),
    Definition::resource("patient/ExplanationOfBenefit.rs", EOB, true, true),
    Definition::resource("patient/*.read", EACH, true, true),
    Definition::resource("patient/*.rs", EACH, true, true),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> ScopeSet {
        ScopeSet::parse(text).unwrap()
    }

    #[test]
    fn read_is_read_and_search() {
        assert_eq!(
            set("patient/Coverage.read").permissions(),
            set("patient/Coverage.rs").permissions()
        );
        assert_eq!(
            set("patient/Coverage.r patient/Coverage.s").permissions(),
            set("patient/Coverage.rs").permissions()
        );
        assert!(
            !set("patient/Coverage.r")
                .permissions()
                .contains(Permissions::search(ResourceType::Coverage))
        );
    }

    #[test]
    fn wildcard_is_every_resource() {
        let all = set("patient/Patient.rs patient/Coverage.rs patient/ExplanationOfBenefit.rs");
        assert_eq!(set("patient/*.read").permissions(), all.permissions());
        assert_eq!(set("patient/*.rs").permissions(), all.permissions());
    }

    #[test]
    fn spelling_and_order_come_back_as_asked() {
        assert_eq!(
            set("profile patient/Coverage.rs openid profile").to_string(),
            "profile patient/Coverage.rs openid"
        );
    }

    #[test]
    fn unknown_scope_is_refused() {
        for bad in [
            "patient/Coverage.write",
            "Patient/Coverage.read",
            "patient/Claim.read",
            "patient/*.r",
            "x",
            "fhiruser",
            "user/*.read",
            "system/*.rs",
            "launchpad",
        ] {
            assert!(ScopeSet::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn scopes_that_open_nothing_here_are_left_out() {
        for text in [
            "launch/patient openid fhirUser patient/Coverage.rs",
            "launch launch/patient launch/encounter openid online_access email patient/Coverage.rs",
        ] {
            assert_eq!(
                set(text).to_string(),
                "launch/patient openid patient/Coverage.rs"
            );
        }
        assert!(set("fhirUser").is_empty());
        let known = ScopeSet::known("admin patient/Coverage.rs fhirUser patient/Coverage.write");
        assert_eq!(known.to_string(), "patient/Coverage.rs");
    }

    #[test]
    fn what_remains_of_a_scope_is_spelled_as_it_was() {
        let within =
            |text: &str, allowed: &str| set(text).within(set(allowed).permissions()).to_string();
        let coverage = "patient/Coverage.rs";
        assert_eq!(
            within("patient/*.read openid", coverage),
            "patient/Coverage.read"
        );
        assert_eq!(
            within("patient/*.rs", "patient/Coverage.r"),
            "patient/Coverage.r"
        );
        assert_eq!(
            within("patient/Coverage.rs", "patient/Coverage.s"),
            "patient/Coverage.s"
        );
        assert_eq!(within("profile patient/Patient.rs", coverage), "");
        assert_eq!(
            within("openid patient/*.rs", "openid patient/*.rs"),
            "openid patient/*.rs"
        );
    }

    #[test]
    fn without_demographics_drops_patient_and_profile_and_narrows_wildcards() {
        assert_eq!(
            set("openid profile patient/Patient.r patient/*.read")
                .without_demographics()
                .to_string(),
            "openid patient/Coverage.read patient/ExplanationOfBenefit.read"
        );
        assert!(
            !set("openid profile patient/Patient.rs")
                .without_demographics()
                .grants_data()
        );
    }

    #[test]
    fn everything_is_spelled_read() {
        assert_eq!(
            ScopeSet::everything().to_string(),
            "openid profile launch/patient offline_access patient/Patient.read patient/Coverage.read patient/ExplanationOfBenefit.read"
        );
    }

    #[test]
    fn bits_survive_the_store() {
        let permissions = ScopeSet::everything().permissions();
        assert_eq!(
            Permissions::from_bits(permissions.bits()),
            Some(permissions)
        );
        assert_eq!(Permissions::from_bits(-1), None);
        assert_eq!(Permissions::from_bits(1 << 10), None);
    }
}
