//! Who provides: the same people stand in `provider`, `organization` and `facility` in v1, in a
//! contained Organization in v2, in contained Organizations and Practitioners in v3, and beside the claim
//! of other payers. An NPI is recognised by the system or the type of its identifier; any other number is
//! kept as such.

use std::borrow::Cow;

use super::{CareTeamMember, Provider};
use crate::fhir::json::{Key, Value};
use crate::fhir::lookup::{by_number, ends_in, not_a_placeholder};
use crate::fhir::value::cut_last;

/// A person or organization, as the text has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Party<'d> {
    pub(super) npi: Option<&'d str>,
    number: Option<&'d str>,
    pub(super) name: Option<Cow<'d, str>>,
}

impl<'d> Party<'d> {
    /// Who a reference names; `None` if it names nobody.
    fn read(reference: Value<'d>) -> Option<Self> {
        let mut party = Self::default();
        let mut found = reference.resolve();
        // A role is that of somebody, who has the name and the number.
        let role = found.get(Key::Practitioner);
        found = role.resolve().or(found);
        for identifier in found.list(Key::Identifier) {
            party.identify(identifier);
        }
        party.name = name_of(found).or_else(|| role.shown().map(Cow::Borrowed));
        if let Some(identifier) = reference.get(Key::Identifier).some() {
            party.identify(identifier);
        }
        if let Some(searched) = reference.text(Key::Reference) {
            // A search in the place of an id says the number.
            let searched = cut_last(searched, b'|');
            let npi = searched.filter(|(system, _)| ends_in("us-npi")(system));
            party.npi = party.npi.or(npi.map(|(_, npi)| npi));
        }
        party.name = reference.shown().map(Cow::Borrowed).or(party.name);
        // v3 repeats the NPI of a pharmacy under a second system.
        if party.number == party.npi {
            party.number = None;
        }
        (party != Self::default()).then_some(party)
    }

    /// [`Self::read`], and a note where the reference leads nowhere.
    fn noted(reference: Value<'d>) -> Option<Self> {
        let party = Self::read(reference);
        if party.is_none() {
            reference.unresolved();
        }
        party
    }

    fn identify(&mut self, identifier: Value<'d>) {
        let system = identifier.system();
        let typed = identifier.get(Key::Type).first_code();
        // v2 names the variable as the system of the billing provider of a carrier claim.
        let npi = ends_in("us-npi")(system)
            || ends_in("carr_clm_blg_npi_num")(system)
            || typed.is_some_and(|code| code.eq_ignore_ascii_case("npi"));
        let slot = if npi { &mut self.npi } else { &mut self.number };
        if slot.is_none() {
            *slot = identifier.text(Key::Value);
        }
    }

    pub(super) fn owned(self) -> Provider {
        Provider {
            npi: self.npi.map(str::to_owned),
            number: self.number.map(str::to_owned),
            name: self.name.map(Cow::into_owned),
        }
    }
}

/// Who billed, and where it was done.
#[derive(Debug)]
pub(super) struct Parties<'d> {
    pub(super) billing: Option<Party<'d>>,
    pub(super) organization: Option<Party<'d>>,
    pub(super) facility: Option<Party<'d>>,
}

impl<'d> Parties<'d> {
    pub(super) fn read(claim: Value<'d>) -> Self {
        let reference = claim.get(Key::Provider);
        let [mut billing, mut organization, mut facility] =
            [Key::Provider, Key::Organization, Key::Facility]
                .map(|key| Party::noted(claim.get(key)));

        // The backend fills `organization` and `facility` from the same NPI, and v2 puts it into the
        // contained Organization that `provider` refers to. So a missing one is another that is there.
        let billing_is_organization =
            reference.resolve().text(Key::ResourceType) == Some("Organization");
        if organization.is_none() {
            organization = if billing_is_organization {
                billing.clone().map(|billing| Party {
                    number: None,
                    ..billing
                })
            } else {
                facility.clone().or_else(|| line_organization(claim))
            };
        }
        if claim.get(Key::Facility).is_some() && facility.is_none() {
            facility.clone_from(&organization);
        }
        // v1 gives the billing provider's CMS number alone, or no billing provider (Part D).
        if !reference.is_some() && claim.get(Key::Organization).is_some() {
            billing.clone_from(&organization);
        } else if let (Some(billing), Some(organization)) = (&mut billing, &organization) {
            let same = billing.npi.is_none() || billing.npi == organization.npi;
            if same {
                billing.npi = billing.npi.or(organization.npi);
                billing.name = billing.name.take().or_else(|| organization.name.clone());
            }
        }
        Self {
            billing,
            organization,
            facility,
        }
    }

    /// Whom to show: the first with a name, else the first with an NPI.
    pub(super) fn shown(self, claim: Value<'d>) -> Option<Party<'d>> {
        let mut all = [self.billing, self.organization, self.facility];
        let named =
            |party: &Option<Party<'_>>| party.as_ref().is_some_and(|party| party.name.is_some());
        if let Some(found) = all.iter_mut().find(|party| named(party)) {
            return found.take();
        }
        let mut all: Vec<_> = all.into_iter().flatten().collect();
        all.extend(
            by_number(team(claim), |(sequence, ..)| *sequence)
                .into_iter()
                .map(|(.., party)| party),
        );
        let found = all.iter().position(|party| party.name.is_some());
        let found = found.or_else(|| all.iter().position(|party| party.npi.is_some()))?;
        Some(all.swap_remove(found))
    }
}

/// The name of whom a reference names.
pub(super) fn named(reference: Value<'_>) -> Option<String> {
    let name = reference.shown().map(Cow::Borrowed);
    name.or_else(|| name_of(reference.resolve()))
        .map(Cow::into_owned)
}

/// The facility type, or the pharmacy's service type.
pub(super) fn facility_type(claim: Value<'_>) -> Option<Value<'_>> {
    let facility = claim.get(Key::Facility);
    facility
        .extension("clm_fac_type_cd")
        .or_else(|| facility.extension("phrmcy_srvc_type_cd"))
}

/// Everyone who took part and has a number.
fn team(claim: Value<'_>) -> Vec<(u32, Value<'_>, Party<'_>)> {
    let members = claim.list(Key::CareTeam).filter_map(|member| {
        let party = Party::noted(member.get(Key::Provider));
        Some((member.sequence()?, member, party.unwrap_or_default()))
    });
    members.collect()
}

pub(super) fn care_team(claim: Value<'_>) -> Vec<CareTeamMember> {
    let members = team(claim).into_iter().map(|(sequence, member, party)| {
        let qualification = |wanted: fn(&str) -> bool| {
            let qualification = member.get(Key::Qualification);
            qualification.coding_of(wanted)?.to_code()
        };
        CareTeamMember {
            sequence,
            role: member.get(Key::Role).first_code().map(str::to_owned),
            provider: party.owned(),
            specialty: qualification(|system| {
                ends_in("prvdr_spclty")(system) || ends_in("CLM-PRVDR-SPCLTY-CD")(system)
            }),
            taxonomy: qualification(|system| ends_in("provider-taxonomy")(system)),
        }
    });
    by_number(members.collect(), |member| member.sequence)
}

/// v1 contains a ReferralRequest, v2 has the identifier, v3 a care team role.
pub(super) fn referring(claim: Value<'_>) -> Option<Party<'_>> {
    let requested = || {
        let mut contained = claim.list(Key::Contained);
        let requester = contained.find_map(|found| found.get(Key::Requester).some())?;
        Party::read(requester.get(Key::Agent).or(requester))
    };
    let role = || {
        let mut team = claim.list(Key::CareTeam);
        let member = team.find(|member| member.get(Key::Role).first_code() == Some("referring"))?;
        Party::read(member.get(Key::Provider))
    };
    let referral = claim.get(Key::Referral);
    let found = Party::read(referral).or_else(requested).or_else(role);
    if found.is_none() {
        referral.unresolved();
    }
    found
}

/// Carrier claims name the group practice among the care team: v1 in an extension of the member, v2
/// as a member with the role that it gives to nobody else.
fn line_organization(claim: Value<'_>) -> Option<Party<'_>> {
    let mut team = claim.list(Key::CareTeam);
    if let Some(extended) = team.find_map(|member| {
        let npi = member.extension("us_npi")?;
        npi.text(Key::Code).map(|_| npi)
    }) {
        return Some(Party {
            npi: extended.text(Key::Code),
            number: None,
            name: extended.shown().map(Cow::Borrowed),
        });
    }
    let mut team = claim.list(Key::CareTeam);
    let primary = team.find(|member| {
        // Of other payers that is a practitioner, by reference.
        let named = !member.get(Key::Provider).get(Key::Reference).is_some();
        let mut role = member
            .get(Key::Role)
            .first_coding()
            .filter(|_| named)
            .into_iter();
        role.any(|role| {
            role.system() == "http://terminology.hl7.org/CodeSystem/claimcareteamrole"
                && role.text(Key::Code) == Some("primary")
        })
    })?;
    Party::read(primary.get(Key::Provider))
}

/// The name of an organization, or of a person as "given family".
fn name_of(contained: Value<'_>) -> Option<Cow<'_, str>> {
    if contained.get(Key::Name).is_text() {
        return contained
            .text(Key::Name)
            .and_then(not_a_placeholder)
            .map(Cow::Borrowed);
    }
    let name = contained.list(Key::Name).next()?;
    if let Some(whole) = name.text(Key::Text) {
        return Some(Cow::Borrowed(whole)).filter(|whole| not_a_placeholder(whole).is_some());
    }
    let mut joined = String::new();
    for part in name.texts(Key::Given).chain(name.text(Key::Family)) {
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(part);
    }
    let shown = !joined.is_empty() && not_a_placeholder(&joined).is_some();
    shown.then_some(Cow::Owned(joined))
}
