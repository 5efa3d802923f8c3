//! The release guard once more, slow and obvious: what docs/contract/07-fhir.md, 7.4 says about a tree of
//! the whole body, without any regard to speed. The scan that serves calls must agree with it on every input.

use bluegate_shared::id::PatientId;
use bluegate_shared::owner::Expected;
use bluegate_shared::scope::ResourceType;

use std::sync::LazyLock;

use regex_lite::Regex;

use crate::tree::Tree;

/// What may be said of a body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Everything in it is the person's.
    Proved,
    /// It is whole and well formed, and names another owner.
    Foreign,
    /// Neither is certain.
    NotProved,
}

/// Reads the whole body and says whose it is.
#[must_use]
pub fn verdict(body: &[u8], expected: Expected, own: &str, bases: &[&str]) -> Verdict {
    let Some(tree) = Tree::parse(body) else {
        return Verdict::NotProved;
    };
    let oracle = Oracle { own, bases };
    let (kind, resources) = match expected {
        Expected::Resource(kind) => (kind, vec![&tree]),
        Expected::Searchset(kind) => match entries(&tree) {
            Some(resources) => (kind, resources),
            None => return Verdict::NotProved,
        },
    };
    let mut foreign = false;
    for resource in &resources {
        if !is_one_of(resource, kind) {
            return Verdict::NotProved;
        }
        match oracle.owner(resource, kind) {
            Some(owner) => foreign |= owner != own,
            None => return Verdict::NotProved,
        }
    }
    if tree.everything().into_iter().any(repeats_what_decides) {
        return Verdict::NotProved;
    }
    if foreign {
        return Verdict::Foreign;
    }
    let inside = Inside::of(&oracle, &tree, expected, &resources);
    if inside.is_harmless(&tree, Place::Anywhere) {
        Verdict::Proved
    } else {
        Verdict::NotProved
    }
}

/// The resources of a search result, where it has the shape of one.
fn entries(bundle: &Tree) -> Option<Vec<&Tree>> {
    const NAMES: [&str; 12] = [
        "beneficiary",
        "entry",
        "fullUrl",
        "id",
        "link",
        "meta",
        "patient",
        "reference",
        "resource",
        "resourceType",
        "total",
        "type",
    ];
    if NAMES.iter().any(|name| bundle.all(name).count() > 1) {
        return None;
    }
    if bundle.get("resourceType")?.text() != Some("Bundle")
        || bundle
            .get("type")
            .is_some_and(|kind| kind.text() != Some("searchset"))
        || bundle
            .get("total")
            .is_some_and(|total| !matches!(total, Tree::Number(_)))
    {
        return None;
    }
    match bundle.get("link") {
        None => {}
        Some(Tree::Array(links)) if links.iter().all(is_link) => {}
        Some(_) => return None,
    }
    match bundle.get("entry") {
        None => Some(Vec::new()),
        Some(Tree::Array(entries)) => entries.iter().map(entry).collect(),
        Some(_) => None,
    }
}

/// `relation` and `url` are texts, and given once.
fn is_link(link: &Tree) -> bool {
    matches!(link, Tree::Object(_))
        && ["relation", "url"].iter().all(|name| {
            link.all(name).all(|value| value.text().is_some()) && link.all(name).count() <= 1
        })
}

/// The resource of an entry. Where there is a `fullUrl`, the resource has an id to build another of.
fn entry(entry: &Tree) -> Option<&Tree> {
    let resource = entry.get("resource")?;
    let Tree::Object(_) = resource else {
        return None;
    };
    if entry.all("fullUrl").count() > 1 {
        return None;
    }
    if let Some(url) = entry.get("fullUrl") {
        url.text()?;
        let id = resource.get("id")?.text()?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if id.is_empty() || id.len() > 64 || !id.chars().all(allowed) {
            return None;
        }
    }
    Some(resource)
}

fn is_one_of(resource: &Tree, kind: ResourceType) -> bool {
    resource.get("resourceType").and_then(Tree::text) == Some(kind.name())
        && resource.all("id").count() <= 1
}

/// The members on which the rules for Patients and references rest.
fn repeats_what_decides(value: &Tree) -> bool {
    ["id", "reference", "resourceType"]
        .iter()
        .any(|name| value.all(name).count() > 1)
}

/// Where a value stands, as far as that matters.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Place {
    /// A link of the Bundle.
    Link,
    /// An identifier of a Patient or a Coverage.
    Identifier,
    /// Whoever owns the resource.
    Owner,
    /// Whoever subscribes to a Coverage.
    Subscriber,
    Anywhere,
}

/// The whole body, and where in it other rules hold.
struct Inside<'a> {
    oracle: &'a Oracle<'a>,
    /// What carries the resources, and the resources themselves: these are judged by type and owner, so that the
    /// rules for what stands inside need not hold for them.
    frame: Vec<*const Tree>,
    places: Vec<(*const Tree, Place)>,
}

impl<'a> Inside<'a> {
    fn of(oracle: &'a Oracle<'a>, tree: &Tree, expected: Expected, resources: &[&Tree]) -> Self {
        let mut frame: Vec<_> = resources.iter().map(|r| std::ptr::from_ref(*r)).collect();
        let mut places = Vec::new();
        let (Expected::Resource(kind) | Expected::Searchset(kind)) = expected;
        for resource in resources {
            let owner = owner_member(kind);
            places.extend(
                resource
                    .all(owner)
                    .map(|it| (std::ptr::from_ref(it), Place::Owner)),
            );
            if kind == ResourceType::Coverage {
                let subscribers = resource.all("subscriber");
                places.extend(subscribers.map(|it| (std::ptr::from_ref(it), Place::Subscriber)));
            }
            if kind != ResourceType::ExplanationOfBenefit {
                let identifiers = resource.all("identifier").flat_map(Tree::items);
                places.extend(identifiers.map(|it| (std::ptr::from_ref(it), Place::Identifier)));
            }
        }
        if let Expected::Searchset(_) = expected {
            frame.push(std::ptr::from_ref(tree));
            for entries in tree.all("entry") {
                frame.extend(entries.items().iter().map(std::ptr::from_ref));
            }
            for links in tree.all("link") {
                places.extend(
                    links
                        .items()
                        .iter()
                        .map(|it| (std::ptr::from_ref(it), Place::Link)),
                );
            }
        }
        Self {
            oracle,
            frame,
            places,
        }
    }

    fn is_harmless(&self, value: &Tree, place: Place) -> bool {
        let oracle = self.oracle;
        let mut members = value.members().iter();
        let text = value.text();
        !text.is_some_and(|text| oracle.mentions(text, place == Place::Link))
            && (place != Place::Subscriber || oracle.refers_to_own(value))
            && self.is_harmless_object(value, place)
            && members.all(|(name, _)| !oracle.mentions(name, false))
            && value
                .items()
                .iter()
                .all(|item| self.is_harmless(item, self.place(item)))
            && value.members().iter().all(|(name, member)| {
                let is_link = place == Place::Link && (name == "relation" || name == "url");
                if is_link && let Some(text) = member.text() {
                    return !oracle.mentions(text, true) && !oracle.asks(text);
                }
                self.is_harmless(member, self.place(member))
            })
    }

    fn place(&self, value: &Tree) -> Place {
        let found = self
            .places
            .iter()
            .find(|(place, _)| std::ptr::eq(*place, value));
        found.map_or(Place::Anywhere, |(_, place)| *place)
    }

    fn is_harmless_object(&self, value: &Tree, place: Place) -> bool {
        let oracle = self.oracle;
        let reference = value.get("reference").and_then(Tree::text);
        // The owner's was judged as the owner.
        if place != Place::Owner && reference.is_some_and(|text| !oracle.may_refer_to(text)) {
            return false;
        }
        if self.frame.contains(&std::ptr::from_ref(value)) {
            return true;
        }
        let mut says_people = value.all("type").filter_map(Tree::text);
        if says_people.any(names_people) && place != Place::Owner && !oracle.refers_to_own(value) {
            return false;
        }
        // A type of people says who, be it the owner's.
        if place == Place::Owner
            && value.all("type").filter_map(Tree::text).any(names_people)
            && value.get("reference").is_none()
        {
            return false;
        }
        oracle.owns(value) && oracle.has_own_numbers(value, place)
    }
}

/// The member that names the owner.
const fn owner_member(kind: ResourceType) -> &'static str {
    match kind {
        ResourceType::Patient => "id",
        ResourceType::Coverage => "beneficiary",
        ResourceType::ExplanationOfBenefit => "patient",
    }
}

/// A form of text.
type Form = LazyLock<Regex>;

/// `Patient/7`, `patient=7`, `dual-7`, `part-a-7`, and whether a letter follows.
static NAMED: Form = LazyLock::new(|| {
    form(r"^(?:(?i:patient)(?:=|/(?:/|\./)*)|(?i:dual)-|(?i:part)-[A-Za-z]+-)(-?[0-9]+)([A-Za-z]?)")
});

/// A search for Patients, up to its query.
static ASKED: Form = LazyLock::new(|| form(r"^(?i:patient)(?:\?|/(?:/|\./)*(?:\?|_search\?))"));

/// The id of a Coverage.
static COVERAGE: Form = LazyLock::new(|| {
    form(r"^(?:c4dic-)?(?i:part-[abcd]|dual)-(-?[0-9]+)(?:-[A-Z0-9]{5}-[0-9]{3})?$")
});

/// Base, type and id of any resource, and a version of it.
static OTHER: Form = LazyLock::new(|| {
    form(
        r"^(?:(?i:https?)://[^/?#]*((?:/[^/?#]+)*)/)?([A-Za-z]+)/([A-Za-z0-9._-]+)(?:/_history/[A-Za-z0-9._-]+)?$",
    )
});

fn form(form: &str) -> Regex {
    Regex::new(form).expect("a form")
}

struct Oracle<'a> {
    own: &'a str,
    bases: &'a [&'a str],
}

impl Oracle<'_> {
    /// The patient id that the resource names as its owner.
    fn owner(&self, resource: &Tree, kind: ResourceType) -> Option<String> {
        let id = match kind {
            ResourceType::Patient => resource.get("id")?.text()?.to_owned(),
            ResourceType::Coverage => self.patient(owner_reference(resource, "beneficiary")?)?,
            ResourceType::ExplanationOfBenefit => {
                self.patient(owner_reference(resource, "patient")?)?
            }
        };
        PatientId::parse(&id).is_ok().then_some(id)
    }

    /// The id in a reference to a Patient of this backend.
    fn patient(&self, reference: &str) -> Option<String> {
        let relative = reference.strip_prefix("Patient/");
        let absolute = self
            .bases
            .iter()
            .find_map(|base| reference.strip_prefix(&format!("{base}/Patient/")));
        relative.or(absolute).map(str::to_owned)
    }

    /// A text that names somebody else by a number, in one of the forms of a reference.
    fn mentions(&self, text: &str, is_link: bool) -> bool {
        let Some(plain) = decoded(text) else {
            return true;
        };
        [text, &plain].into_iter().any(|text| {
            places(text).any(|at| {
                self.names_another(&text[at..]) || self.asks_another(&text[at..], is_link)
            })
        })
    }

    /// `Patient/7`, `patient=7`, `dual-7`, `part-a-7`.
    fn names_another(&self, text: &str) -> bool {
        NAMED
            .captures(text)
            .is_some_and(|found| found[1] != *self.own || !found[2].is_empty())
    }

    /// `Patient?_id=7`.
    fn asks_another(&self, text: &str, is_link: bool) -> bool {
        let Some(found) = ASKED.find(text) else {
            return false;
        };
        let query = &text[found.end()..];
        let is_end = |c: char| c.is_whitespace() || "\"'<>".contains(c);
        let query = &query[..query.find(is_end).unwrap_or(query.len())];
        parameters(query).any(|(name, value)| match name {
            "_id" => self.is_value_of_another(value),
            "identifier" => match value.split_once('|') {
                Some((system, number)) if is_bene_id(system) => number != self.own,
                _ => !is_link,
            },
            _ => false,
        })
    }

    /// Whether a link asks for the resources of somebody else.
    fn asks(&self, url: &str) -> bool {
        let Some((_, query)) = url.split_once('?') else {
            return false;
        };
        parameters(query).any(|(name, value)| {
            let names_owner = ["patient", "beneficiary", "subject", "subscriber"].contains(&name);
            names_owner && decoded(value).is_none_or(|value| self.is_value_of_another(&value))
        })
    }

    /// An id, or a reference that ends in one; several with commas between.
    fn is_value_of_another(&self, value: &str) -> bool {
        let ids = value
            .split(',')
            .filter_map(|value| value.split('/').next_back());
        ids.into_iter()
            .any(|id| PatientId::parse(id).is_ok() && id != self.own)
    }

    /// The person, a Coverage of the person, something in the same resource, or what is nobody's.
    fn may_refer_to(&self, reference: &str) -> bool {
        self.is_own(reference)
            || (is_local(reference) || is_nobodys(reference)) && !self.mentions(reference, false)
    }

    fn refers_to_own(&self, value: &Tree) -> bool {
        let reference = value.get("reference").and_then(Tree::text);
        reference.is_some_and(|reference| self.is_own(reference) || is_local(reference))
    }

    fn is_own(&self, reference: &str) -> bool {
        self.patient(reference).as_deref() == Some(self.own) || self.is_own_coverage(reference)
    }

    fn is_own_coverage(&self, reference: &str) -> bool {
        let relative = reference.strip_prefix("Coverage/");
        let mut bases = self.bases.iter();
        let absolute = bases.find_map(|base| reference.strip_prefix(&format!("{base}/Coverage/")));
        relative
            .or(absolute)
            .and_then(|id| COVERAGE.captures(id))
            .is_some_and(|found| found[1] == *self.own)
    }

    /// A resource inside of another is the person's, or nobody's.
    fn owns(&self, value: &Tree) -> bool {
        let Some(kind) = value.get("resourceType").and_then(Tree::text) else {
            return true;
        };
        let names = ["patient", "subject", "beneficiary"];
        let is_own = |name: &str| {
            value.all(name).all(|it| {
                let reference = it.get("reference").and_then(Tree::text);
                reference
                    .and_then(|reference| self.patient(reference))
                    .as_deref()
                    == Some(self.own)
            })
        };
        if !names.into_iter().all(is_own) {
            return false;
        }
        let has = |name: &str| value.all(name).next().is_some();
        match OWNED
            .iter()
            .find(|(_, kinds)| kinds.split_whitespace().any(|it| it == kind))
        {
            Some(("", _)) => true,
            Some((name, _)) => has(name),
            None => {
                kind.eq_ignore_ascii_case("Patient")
                    && value.get("id").and_then(Tree::text) == Some(self.own)
            }
        }
    }

    /// Numbers of people stand where a record has its own, and ids of Patients are the person's.
    fn has_own_numbers(&self, value: &Tree, place: Place) -> bool {
        // The address of a link is judged as that.
        let names = [
            "system",
            if place == Place::Link {
                "system"
            } else {
                "url"
            },
        ];
        let systems = names.into_iter().flat_map(|name| value.all(name));
        let systems: Vec<_> = systems.filter_map(Tree::text).collect();
        if systems.iter().any(|system| is_bene_id(system)) {
            let mut values = value.all("value").filter_map(Tree::text).peekable();
            if values.peek().is_none() || values.any(|number| number != self.own) {
                return false;
            }
        }
        place == Place::Identifier || !systems.iter().any(|system| is_number_of_people(system))
    }
}

/// `{"reference": …}`, once.
fn owner_reference<'t>(resource: &'t Tree, member: &str) -> Option<&'t str> {
    resource.get(member)?.get("reference")?.text()
}

/// By which member a resource inside of another is owned, and which are.
const OWNED: [(&str, &str); 4] = [
    ("beneficiary", "Coverage"),
    (
        "patient",
        "AllergyIntolerance BodySite BodyStructure Claim ClaimResponse Consent CoverageEligibilityRequest \
         CoverageEligibilityResponse EligibilityRequest EpisodeOfCare ExplanationOfBenefit FamilyMemberHistory \
         ImagingManifest Immunization ImmunizationEvaluation ImmunizationRecommendation NutritionOrder RelatedPerson \
         VisionPrescription",
    ),
    (
        "subject",
        "AdverseEvent CarePlan ChargeItem ClinicalImpression Composition Condition DeviceRequest DeviceUseStatement \
         Flag Goal MedicationAdministration MedicationRequest MedicationStatement Procedure ProcedureRequest \
         ReferralRequest RiskAssessment ServiceRequest",
    ),
    (
        "",
        "Account ActivityDefinition Basic Binary BiologicallyDerivedProduct Bundle CareTeam ChargeItemDefinition \
         Communication CommunicationRequest Contract DetectedIssue Device DeviceComponent DeviceDefinition \
         DeviceMetric DiagnosticReport DocumentManifest DocumentReference EligibilityResponse Encounter Endpoint \
         GuidanceResponse HealthcareService InsurancePlan Invoice Library List Location Measure MeasureReport Media \
         Medication MedicationDispense MedicationKnowledge MolecularSequence Observation ObservationDefinition \
         OperationOutcome Organization OrganizationAffiliation Parameters PaymentNotice PaymentReconciliation \
         PlanDefinition Practitioner PractitionerRole Questionnaire QuestionnaireResponse RequestGroup ResearchStudy \
         Sequence Specimen SpecimenDefinition Substance SupplyDelivery SupplyRequest Task",
    ),
];

const OF_PEOPLE: [&str; 5] = ["Patient", "Coverage", "Group", "Person", "RelatedPerson"];

fn is_of_people(kind: &str) -> bool {
    OF_PEOPLE
        .iter()
        .any(|known| known.eq_ignore_ascii_case(kind))
}

/// R4 `Reference.type`: a logical reference names a person by an identifier alone.
fn names_people(kind: &str) -> bool {
    let kind = kind.split(['|', '?', '#']).next().unwrap_or_default();
    let kind = kind.trim_end_matches('/');
    is_of_people(kind.rsplit(['/', ':']).next().unwrap_or_default().trim())
}

fn last_part(system: &str) -> String {
    let part = system.rsplit(['/', '#', ':']).next().unwrap_or_default();
    part.to_ascii_lowercase()
}

fn is_bene_id(system: &str) -> bool {
    ["bene_id", "bene-id", "bene_sk", "bene-sk"].contains(&&*last_part(system))
}

fn is_number_of_people(system: &str) -> bool {
    const NAMES: &str = "mbi us-mbi mbi-hash mbi_hash mbihash hicn us-hicn hicn-hash hicn_hash hicnhash us-medicare \
                         us-ssn ssn 2.16.840.1.113883.4.1 2.16.840.1.113883.4.572 2.16.840.1.113883.4.927";
    NAMES
        .split_whitespace()
        .any(|name| name == last_part(system))
}

/// Something in the same resource.
fn is_local(reference: &str) -> bool {
    reference.strip_prefix('#').is_some_and(|id| {
        id.chars()
            .all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
    })
}

/// A reference that names a resource of another type, or is a word without digits.
fn is_nobodys(reference: &str) -> bool {
    let Some(plain) = decoded(reference) else {
        return false;
    };
    let mut words = plain.split(|c: char| !c.is_ascii_alphanumeric());
    if words.any(|word| word.eq_ignore_ascii_case("patient")) {
        return false;
    }
    if !plain.contains(['/', ':', '?', '#']) {
        return !is_of_people(&plain) && !plain.contains(|c: char| c.is_ascii_digit());
    }
    OTHER.captures(&plain).is_some_and(|found| {
        let base = found.get(1).map_or("", |base| base.as_str());
        let kind = &found[2];
        let is_known = OWNED
            .iter()
            .any(|(_, kinds)| kinds.split_whitespace().any(|it| it == kind));
        is_known
            && !is_of_people(kind)
            && base
                .split('/')
                .all(|part| part != "." && part != ".." && !is_of_people(part))
    })
}

/// Where a word may begin.
fn places(text: &str) -> impl Iterator<Item = usize> {
    text.char_indices().map(|(at, _)| at).filter(|at| {
        let before = text[..*at].chars().next_back();
        !before.is_some_and(|c| c.is_ascii_alphanumeric())
    })
}

/// Parameters, names without modifiers and chains.
fn parameters(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split(['&', ';']).map(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        (name.split([':', '.']).next().unwrap_or_default(), value)
    })
}

/// Without percent escapes, of which there may be four in one another: nobody escapes more often and means no harm.
fn decoded(text: &str) -> Option<String> {
    let mut text = text.to_owned();
    for _ in 0..5 {
        let next = decoded_once(&text);
        if next == text {
            return Some(text);
        }
        text = next;
    }
    None
}

fn decoded_once(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut at = 0;
    let text = text.as_bytes();
    while at < text.len() {
        let digits = text.get(at + 1..at + 3).filter(|_| text[at] == b'%');
        let byte = digits
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(text[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
