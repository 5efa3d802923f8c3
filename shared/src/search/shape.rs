//! Parameters that do not depend on what is searched: how the answer looks, and how strictly unknown
//! parameters are taken; and the codes of claim types.

use std::borrow::Cow;

use super::{SearchError, once};

/// What happens to parameters that nobody knows: `Prefer: handling=…` (FHIR R4, http.html).
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Handling {
    /// They are ignored.
    #[default]
    Lenient,
    /// They are an error.
    Strict,
}

/// Parameters that change how an answer looks and nothing else. The only ones of a read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Shape {
    format: Option<Format>,
    elements: Option<Vec<String>>,
    count_only: bool,
}

impl Shape {
    pub(super) const EMPTY: Self = Self {
        format: None,
        elements: None,
        count_only: false,
    };

    /// Reads the decoded parameters of a read.
    ///
    /// # Errors
    ///
    /// [`SearchError`] for the first parameter that is wrong.
    pub fn parse<'a>(
        parameters: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
        handling: Handling,
    ) -> Result<Self, SearchError> {
        let mut shape = Self::default();
        for (index, (name, value)) in parameters.into_iter().enumerate() {
            if index == super::MOST_PARAMETERS {
                return Err(SearchError::TooMany);
            }
            shape.take(&name, &value, handling)?;
        }
        Ok(shape)
    }

    /// The media type that `_format` asks for.
    #[must_use]
    pub const fn format(&self) -> Option<Format> {
        self.format
    }

    /// The members that `_elements` asks for.
    #[must_use]
    pub fn elements(&self) -> Option<&[String]> {
        self.elements.as_deref()
    }

    /// Whether only the total is wanted.
    pub(super) const fn is_count_only(&self) -> bool {
        self.count_only
    }

    /// Gives the name back where the parameter is one of these.
    pub(super) fn take(
        &mut self,
        name: &str,
        value: &str,
        handling: Handling,
    ) -> Result<Option<&'static str>, SearchError> {
        match name {
            "_format" => {
                let format = Format::parse(value).ok_or(SearchError::Format)?;
                once(&mut self.format, format, "_format")?;
                Ok(Some("_format"))
            }
            "_elements" => {
                let elements = elements(value).ok_or(SearchError::Value("_elements"))?;
                once(&mut self.elements, elements, "_elements")?;
                Ok(Some("_elements"))
            }
            "_summary" => match value {
                "count" => {
                    self.count_only = true;
                    Ok(Some("_summary"))
                }
                "false" => Ok(Some("_summary")),
                // Allowed by FHIR, and allowed to be answered with more than asked for.
                "data" | "text" | "true" if handling == Handling::Lenient => Ok(None),
                _ => Err(SearchError::Value("_summary")),
            },
            _ if handling == Handling::Strict => Err(SearchError::Unknown),
            _ => Ok(None),
        }
    }
}

/// A media type of answers, as `_format` or `Accept` names it.
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// `application/fhir+json`.
    FhirJson,
    /// `application/json`.
    Json,
}

impl Format {
    /// Reads a media type with whatever parameters, or its short name: the one table for `_format` and `Accept`.
    #[must_use]
    pub fn parse(media_type: &str) -> Option<Self> {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        let is = |names: &[&str]| names.iter().any(|name| essence.eq_ignore_ascii_case(name));
        // With a blank: a plus sign that nobody percent-encoded.
        let fhir = [
            "application/fhir+json",
            "application/json+fhir",
            "application/fhir json",
            "application/json fhir",
        ];
        if essence == "json" || is(&fhir) {
            Some(Self::FhirJson)
        } else if is(&["application/json", "text/json"]) {
            Some(Self::Json)
        } else {
            None
        }
    }
}

/// The types of claims, as the `type` parameter names them.
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EobType {
    /// Physicians and other suppliers (Part B).
    Carrier,
    /// Durable medical equipment.
    Dme,
    /// Home health.
    Hha,
    /// Hospice.
    Hospice,
    /// Hospital, inpatient.
    Inpatient,
    /// Hospital, outpatient.
    Outpatient,
    /// Drugs (Part D).
    Pde,
    /// Skilled nursing facility.
    Snf,
}

impl EobType {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Carrier,
        Self::Dme,
        Self::Hha,
        Self::Hospice,
        Self::Inpatient,
        Self::Outpatient,
        Self::Pde,
        Self::Snf,
    ];

    /// The code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Carrier => "carrier",
            Self::Dme => "dme",
            Self::Hha => "hha",
            Self::Hospice => "hospice",
            Self::Inpatient => "inpatient",
            Self::Outpatient => "outpatient",
            Self::Pde => "pde",
            Self::Snf => "snf",
        }
    }

    /// Reads one code in lower case, bare or with its code system.
    #[must_use]
    pub fn parse(token: &str) -> Option<Self> {
        let code = token
            .strip_prefix("https://bluebutton.cms.gov/resources/codesystem/eob-type|")
            .unwrap_or(token);
        Self::ALL.into_iter().find(|kind| kind.as_str() == code)
    }
}

fn elements(list: &str) -> Option<Vec<String>> {
    let names: Vec<_> = list
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    let plain = |name: &String| {
        name.len() <= 64
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_')
    };
    (!names.is_empty() && names.len() <= 64 && names.iter().all(plain)).then_some(names)
}
