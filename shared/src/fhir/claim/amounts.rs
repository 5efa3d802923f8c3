//! Amounts of a claim or a line, where they stand in each version. Every amount is kept under the
//! normalised name of its variable, in whole cents; the few that everyone asks for are also named
//! ([`super::Totals`]).

use std::borrow::Cow;

use serde::Serialize;

use super::totals::By;
use crate::fhir::json::{Key, Value};
use crate::fhir::lookup::is_cms;
use crate::fhir::money::{Cents, Money, Unknown};
use crate::fhir::value::variable;

/// One amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Amount {
    /// The normalised name of its variable, such as `line_nch_pmt_amt`; the category code where
    /// no variable is given.
    pub name: String,
    /// How much.
    pub cents: Cents,
    /// The label that came with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// Amounts in the server's order. The same variable twice with the same value is one amount.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Amounts(Vec<Amount>);

impl Amounts {
    /// The first amount of this variable.
    pub fn get(&self, name: &str) -> Option<Cents> {
        self.0
            .iter()
            .find(|amount| amount.name == name)
            .map(|amount| amount.cents)
    }

    /// All amounts.
    pub fn iter(&self) -> std::slice::Iter<'_, Amount> {
        self.0.iter()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Amounts {
    type Item = &'a Amount;
    type IntoIter = std::slice::Iter<'a, Amount>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// An amount as it stands in the text.
pub(super) struct Read<'d> {
    pub(super) name: Cow<'d, str>,
    pub(super) category: &'d str,
    pub(super) money: Result<Money, Unknown>,
    /// What kind of name it has.
    pub(super) by: By,
    /// What the label came with.
    coding: Option<Value<'d>>,
}

impl Amounts {
    /// Keeps an amount that is known.
    pub(super) fn add(&mut self, amount: &Read<'_>) {
        let Ok(cents) = amount.money.map(Money::cents) else {
            return;
        };
        let same = |other: &Amount| other.cents == cents && other.name == amount.name;
        if !self.0.iter().any(same) {
            self.0.push(Amount {
                name: amount.name.clone().into_owned(),
                cents,
                label: amount.coding.and_then(Value::shown).map(str::to_owned),
            });
        }
    }
}

/// The amounts of a line: its adjudications, and what other payers than Medicare call its net price.
pub(super) fn each_of_line<'d>(item: Value<'d>, take: &mut dyn FnMut(&Read<'d>)) {
    for adjudication in item.list(Key::Adjudication) {
        categorised(adjudication, Key::Category, Key::Amount, take);
    }
    plain(item, Key::Net, Cow::Borrowed("net"), By::Net, take);
}

/// The amounts of the claim as a whole: `totalCost` (v1), `total` (R4), `adjudication` (v3),
/// extensions (v1, some in v2) and `benefitBalance` (v2).
pub(super) fn each_of_claim<'d>(claim: Value<'d>, take: &mut dyn FnMut(&Read<'d>)) {
    let charged = Cow::Borrowed("clm_tot_chrg_amt");
    plain(claim, Key::TotalCost, charged, By::Variable, take);
    for total in claim.list(Key::Total) {
        categorised(total, Key::Category, Key::Amount, take);
    }
    for adjudication in claim.list(Key::Adjudication) {
        categorised(adjudication, Key::Category, Key::Amount, take);
    }
    for extension in claim.list(Key::Extension) {
        // Whatever others put there need not mean what it is named like.
        if extension.get(Key::ValueMoney).is_some()
            && let Some(url) = extension.text(Key::Url)
            && is_cms(url)
        {
            plain(
                extension,
                Key::ValueMoney,
                variable(url),
                By::Variable,
                take,
            );
        }
    }
    for balance in claim.list(Key::BenefitBalance) {
        for financial in balance.list(Key::Financial) {
            // Of other payers it is what is left of a benefit, and no amount of the claim.
            if financial.get(Key::Type).coding_of(is_cms).is_some() {
                categorised(financial, Key::Type, Key::UsedMoney, take);
            }
        }
    }
}

/// An amount of a known name.
fn plain<'d>(
    parent: Value<'d>,
    amount: Key,
    name: Cow<'d, str>,
    by: By,
    take: &mut dyn FnMut(&Read<'d>),
) {
    if let Some(money) = parent.money(amount) {
        take(&Read {
            name,
            category: "",
            money,
            by,
            coding: None,
        });
    }
}

/// An amount with a category; one that is left out is not known.
fn categorised<'d>(parent: Value<'d>, category: Key, amount: Key, take: &mut dyn FnMut(&Read<'d>)) {
    let (mut cms, mut other) = (None, None);
    for coding in parent.get(category).list(Key::Coding) {
        if let Some(code) = coding.text(Key::Code) {
            let list = if is_cms(coding.system()) {
                &mut cms
            } else {
                &mut other
            };
            list.get_or_insert((coding, code));
        }
    }
    let Some((coding, code)) = cms.or(other) else {
        return;
    };
    let mut name = variable(code);
    let category = other.map_or("", |(_, code)| code);
    // v2 carrier and DME claims file what v1 calls `prpayamt` under the total charge, with the
    // right category (docs/claims-backend.md#claims).
    if name == "clm_tot_chrg_amt" && category == "priorpayerpaid" {
        name = Cow::Borrowed("prpayamt");
    }
    take(&Read {
        name,
        category,
        money: parent.money(amount).unwrap_or(Err(Unknown::NoValue)),
        by: if cms.is_some() {
            By::Variable
        } else {
            By::Name
        },
        coding: Some(coding),
    });
}
