//! What selects among a person's claims in v3: `type`, `_tag`, `_source`, `_security` and `outcome`.
//!
//! None of it needs the claim itself, only its key.

use super::Call;
use crate::backend::problem::Problem;
use crate::claims::id::ClaimKey;
use crate::claims::{ClaimType, generate};
use crate::fhir::v3::Source;

const SYSTEM_TYPE: &str = "https://bluebutton.cms.gov/fhir/CodeSystem/System-Type";
const FINAL_ACTION: &str = "https://bluebutton.cms.gov/fhir/CodeSystem/Final-Action";
const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const SAMHSA: &str = "42CFRPart2";
const SOURCES: [&str; 6] = ["DDPS", "NCH", "MCS", "VMS", "FISS", "CWF"];
const OUTCOMES: [&str; 4] = ["complete", "partial", "queued", "error"];

/// What a search asks for.
#[derive(Debug)]
pub(super) struct Filter {
    kinds: [bool; 8],
    /// Each group must hold; within one, any tag is enough.
    tags: Vec<Vec<Tag>>,
    sources: Vec<String>,
    outcomes: Vec<String>,
    /// Asked for claims about substance use, of which the sandbox has none.
    restricted: bool,
}

#[derive(Clone, Copy, Debug)]
enum Tag {
    System(&'static str),
    Final(bool),
}

impl Filter {
    pub(super) fn parse(call: &Call<'_>) -> Result<Self, Problem> {
        Ok(Self {
            kinds: kinds(call)?,
            tags: call
                .params
                .all("_tag")
                .map(|value| value.split(',').map(tag).collect())
                .collect::<Result<_, Problem>>()?,
            sources: listed(call, "_source", &SOURCES, |text| text.to_ascii_uppercase())
                .ok_or_else(|| {
                    Problem::Invalid(format!(
                        "Unknown source. Supported sources are: [{}]",
                        SOURCES.join(", ")
                    ))
                })?,
            outcomes: listed(call, "outcome", &OUTCOMES, |text| text.to_ascii_lowercase())
                .ok_or_else(|| {
                    Problem::Invalid(format!(
                        "Unknown outcome. Supported outcomes are: {}.",
                        OUTCOMES.join(", ")
                    ))
                })?,
            restricted: security(call)?,
        })
    }

    pub(super) fn selects(&self, key: ClaimKey) -> bool {
        if self.restricted || !self.kinds[usize::from(key.kind.ordinal())] {
            return false;
        }
        if self.tags.is_empty() && self.sources.is_empty() && self.outcomes.is_empty() {
            return true;
        }
        let (final_action, shared) = generate::status(key);
        let source = Source::of(key.kind, shared);
        let listed = |list: &[String], value: &str| {
            list.is_empty() || list.iter().any(|wanted| wanted == value)
        };
        let tagged = |tag: &Tag| match tag {
            Tag::System(system) => *system == source.system,
            Tag::Final(wanted) => *wanted == final_action,
        };
        listed(&self.sources, source.name)
            && listed(&self.outcomes, source.outcome)
            && self.tags.iter().all(|group| group.iter().any(tagged))
    }
}

/// Which types are asked for: all values together, whatever their system; an unknown one fails.
fn kinds(call: &Call<'_>) -> Result<[bool; 8], Problem> {
    let mut selected = [false; 8];
    let mut named = false;
    for token in call.params.all("type").flat_map(|value| value.split(',')) {
        let name = token.rsplit_once('|').map_or(token, |(_, name)| name);
        let name = name.trim().to_ascii_lowercase();
        named = true;
        if name == "*" {
            selected = [true; 8];
        } else {
            let kind = ClaimType::of_name(&name).ok_or(Problem::FailureV3)?;
            selected[usize::from(kind.ordinal())] = true;
        }
    }
    Ok(if named { selected } else { [true; 8] })
}

fn tag(token: &str) -> Result<Tag, Problem> {
    let (system, code) = token.split_once('|').ok_or_else(|| {
        Problem::Invalid(
            "Searching by tag requires a token (system|code) to be specified.".to_owned(),
        )
    })?;
    let is = |name: &str| code.trim().eq_ignore_ascii_case(name);
    match system {
        SYSTEM_TYPE => ["NationalClaimsHistory", "SharedSystem", "DDPS"]
            .into_iter()
            .find(|name| is(name))
            .map(Tag::System)
            .ok_or_else(|| {
                Problem::Invalid(
                    "Unsupported _tag value for system type. Supported values are 'NationalClaimsHistory', 'SharedSystem', 'DDPS'.".to_owned(),
                )
            }),
        FINAL_ACTION if is("FinalAction") => Ok(Tag::Final(true)),
        FINAL_ACTION if is("NotFinalAction") => Ok(Tag::Final(false)),
        FINAL_ACTION => Err(Problem::Invalid(
            "Unsupported _tag value for Final Action Status. Supported values are 'FinalAction', 'NotFinalAction'.".to_owned(),
        )),
        _ => Err(Problem::Invalid(format!(
            "Invalid tag system specified. Supported systems are '{SYSTEM_TYPE}', {FINAL_ACTION}'."
        ))),
    }
}

/// All values of a parameter, where each is one of `known`.
fn listed(
    call: &Call<'_>,
    name: &str,
    known: &[&str],
    fold: impl Fn(&str) -> String,
) -> Option<Vec<String>> {
    let values: Vec<String> = call
        .params
        .all(name)
        .flat_map(|value| value.split(','))
        .map(|value| fold(value.trim()))
        .collect();
    values
        .iter()
        .all(|value| known.contains(&value.as_str()))
        .then_some(values)
}

/// Whether only claims about substance use are asked for.
fn security(call: &Call<'_>) -> Result<bool, Problem> {
    let mut tokens = call
        .params
        .all("_security")
        .flat_map(|value| value.split(','))
        .peekable();
    if tokens.peek().is_none() {
        return Ok(false);
    }
    for token in tokens {
        let known = match token.split_once('|') {
            Some((system, code)) => {
                (system.is_empty() || system.eq_ignore_ascii_case(ACT_CODE))
                    && code.eq_ignore_ascii_case(SAMHSA)
            }
            None => token.eq_ignore_ascii_case(SAMHSA),
        };
        if !known {
            return Err(Problem::Invalid(format!(
                "Invalid security code: Use '{SAMHSA}' or '{ACT_CODE}|{SAMHSA}'."
            )));
        }
    }
    match (
        call.params.plain("_security"),
        call.params.modified("_security"),
    ) {
        (true, true) => Err(Problem::Invalid(format!(
            "Conflict in search filters: You have requested both to include and exclude the '{SAMHSA}' (SAMHSA) security label. Please choose one to see results."
        ))),
        (only, _) => Ok(only),
    }
}
