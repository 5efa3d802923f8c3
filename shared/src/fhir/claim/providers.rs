//! Who provides: the same people stand in `provider`, `organization` and `facility` in v1, in a
//! contained Organization in v2, and in contained Organizations and Practitioners in v3. An NPI is
//! recognised by the system or the type of its identifier; any other number is kept as such.

use super::{CareTeamMember, Claim, Provider};
use crate::fhir::lookup::{by_number, ends_in, extension, shown};
use crate::fhir::notes::Notes;
use crate::fhir::wire::{self, Contained, Identifier, Names, Reference};
use crate::fhir::{owned, text};

impl Provider {
    /// Who a reference names; nothing where it names nobody.
    fn read(reference: &Reference<'_>, contained: &[Contained<'_>]) -> Option<Self> {
        let mut provider = Self::default();
        if let Some(contained) = resolve(reference, contained) {
            for identifier in &contained.identifier {
                provider.identify(identifier);
            }
            provider.name = name(&contained.name);
        }
        if let Some(identifier) = &reference.identifier {
            provider.identify(identifier);
        }
        provider.name = shown(text(&reference.display)).or(provider.name);
        // v3 repeats the NPI of a pharmacy under a second system.
        if provider.number == provider.npi {
            provider.number = None;
        }
        (!provider.is_empty()).then_some(provider)
    }

    fn identify(&mut self, identifier: &Identifier<'_>) {
        let system = text(&identifier.system).unwrap_or("");
        let kind = identifier.kind.as_ref().and_then(|kind| kind.first());
        let typed = kind.and_then(|kind| text(&kind.code));
        // v2 names the variable as the system of the billing provider of a carrier claim.
        let npi = ends_in("us-npi")(system)
            || ends_in("carr_clm_blg_npi_num")(system)
            || typed.is_some_and(|code| code.eq_ignore_ascii_case("npi"));
        let slot = if npi { &mut self.npi } else { &mut self.number };
        if slot.is_none() {
            *slot = owned(&identifier.value);
        }
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Fills in who billed, where it was done and who took part.
pub(super) fn read(claim: &mut Claim, wire: &wire::Resource<'_>, notes: &mut Notes) {
    let read =
        |reference: &Option<Reference<'_>>| Provider::read(reference.as_ref()?, &wire.contained);
    claim.billing = read(&wire.provider);
    claim.organization = read(&wire.organization);
    claim.facility = read(&wire.facility);
    claim.facility_type = wire.facility.as_ref().and_then(|facility| {
        extension(&facility.extension, "clm_fac_type_cd")
            .or_else(|| extension(&facility.extension, "phrmcy_srvc_type_cd"))?
            .to_code()
    });
    claim.care_team = care_team(wire, notes);
    claim.referring = referring(wire);

    // The backend fills `organization` and `facility` from the same NPI, and v2 puts it into the
    // contained Organization that `provider` refers to. So a missing one is another that is there.
    let billing_is_organization = wire.provider.as_ref().is_some_and(|provider| {
        let contained = resolve(provider, &wire.contained);
        contained.is_some_and(|found| text(&found.resource_type) == Some("Organization"))
    });
    if claim.organization.is_none() {
        claim.organization = if billing_is_organization {
            claim.billing.clone().map(|billing| Provider {
                number: None,
                ..billing
            })
        } else {
            claim.facility.clone().or_else(|| line_organization(wire))
        };
    }
    if wire.facility.is_some() && claim.facility.is_none() {
        claim.facility.clone_from(&claim.organization);
    }
    // v1 gives the billing provider's CMS number alone, or no billing provider (Part D).
    if wire.provider.is_none() && wire.organization.is_some() {
        claim.billing.clone_from(&claim.organization);
    } else if let (Some(billing), Some(organization)) = (&mut claim.billing, &claim.organization) {
        let same = billing.npi.is_none() || billing.npi == organization.npi;
        if same {
            billing.npi = billing.npi.take().or_else(|| organization.npi.clone());
            billing.name = billing.name.take().or_else(|| organization.name.clone());
        }
    }
}

fn care_team(wire: &wire::Resource<'_>, notes: &mut Notes) -> Vec<CareTeamMember> {
    let mut team = Vec::with_capacity(wire.care_team.len());
    for (index, member) in wire.care_team.iter().enumerate() {
        let Some(sequence) =
            notes.sequence(member.sequence, format_args!("careTeam[{index}].sequence"))
        else {
            continue;
        };
        let qualification =
            |system: fn(&str) -> bool| member.qualification.as_ref()?.of(system)?.to_code();
        team.push(CareTeamMember {
            sequence,
            role: member
                .role
                .as_ref()
                .and_then(|role| owned(&role.first()?.code)),
            provider: member
                .provider
                .as_ref()
                .and_then(|provider| Provider::read(provider, &wire.contained))
                .unwrap_or_default(),
            specialty: qualification(|system| {
                ends_in("prvdr_spclty")(system) || ends_in("CLM-PRVDR-SPCLTY-CD")(system)
            }),
            taxonomy: qualification(ends_in_taxonomy),
        });
    }
    by_number(team, |member| member.sequence)
}

fn ends_in_taxonomy(system: &str) -> bool {
    ends_in("provider-taxonomy")(system)
}

/// v1 contains a ReferralRequest, v2 has the identifier, v3 a care team role.
fn referring(wire: &wire::Resource<'_>) -> Option<Provider> {
    let direct = wire
        .referral
        .as_ref()
        .and_then(|referral| Provider::read(referral, &wire.contained));
    let requested = || {
        let agent = wire
            .contained
            .iter()
            .find_map(|contained| contained.requester.as_ref())?;
        Provider::read(agent.agent.as_ref()?, &wire.contained)
    };
    let role = || {
        let member = wire.care_team.iter().find(|member| {
            let role = member.role.as_ref().and_then(|role| role.first());
            role.and_then(|role| text(&role.code)) == Some("referring")
        })?;
        Provider::read(member.provider.as_ref()?, &wire.contained)
    };
    direct.or_else(requested).or_else(role)
}

/// Carrier claims name the group practice among the care team: v1 in an extension of the member, v2
/// as a member with the role that it gives to nobody else.
fn line_organization(wire: &wire::Resource<'_>) -> Option<Provider> {
    let mut extended = wire.care_team.iter();
    let extended = extended.find_map(|member| extension(&member.extension, "us_npi")?.to_code());
    if let Some(code) = extended {
        return Some(Provider {
            npi: Some(code.code),
            number: None,
            name: code.display,
        });
    }
    let primary = wire.care_team.iter().find(|member| {
        let role = member.role.as_ref().and_then(|role| role.first());
        role.is_some_and(|role| {
            role.system() == "http://terminology.hl7.org/CodeSystem/claimcareteamrole"
                && text(&role.code) == Some("primary")
        })
    })?;
    Provider::read(primary.provider.as_ref()?, &wire.contained)
}

/// The contained resource that a local reference (`#id`) means.
fn resolve<'w>(
    reference: &Reference<'_>,
    contained: &'w [Contained<'w>],
) -> Option<&'w Contained<'w>> {
    let id = text(&reference.reference)?.strip_prefix('#')?;
    contained
        .iter()
        .find(|contained| text(&contained.id) == Some(id))
}

/// The name of an organization, or of a person as "given family".
fn name(names: &Names<'_>) -> Option<String> {
    if let Some(name) = text(&names.organization) {
        return shown(Some(name));
    }
    let name = names.people.first()?;
    let given = name.given.iter().map(|given| &*given.0);
    let parts = given
        .chain(text(&name.family))
        .filter(|part| !part.is_empty());
    let joined = parts.collect::<Vec<_>>().join(" ");
    shown(Some(&joined)).filter(|name| !name.is_empty())
}
