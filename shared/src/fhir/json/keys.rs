//! The members that are read, and where. A list of claims needs a tenth of what a claim in full
//! does; each key says in which [`Context`]s it is read, and everything else is skipped.

/// What is being read: a resource in full, or one of the parts that a row of a list is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    /// Every member that the model knows.
    Full = FULL,
    /// A claim's own members, for a row.
    Row = ROW,
    /// A line, for a row.
    Line = LINE,
    /// Something with an amount, for a row.
    Money = MONEY,
    /// Codes, periods, providers: whatever else a row needs.
    Other = OTHER,
    /// What a resource is called.
    Name = NAME,
}

const FULL: isize = 1;
const ROW: isize = 2;
const LINE: isize = 4;
const MONEY: isize = 8;
const OTHER: isize = 16;
const NAME: isize = 32;

impl Context {
    /// What the members of a member are read as.
    pub(super) const fn within(self, key: Key) -> Self {
        match (self, key) {
            (Self::Row, Key::Item | Key::AddItem) => Self::Line,
            (
                Self::Row,
                Key::Total | Key::TotalCost | Key::Payment | Key::BenefitBalance | Key::Extension,
            )
            | (Self::Row | Self::Line, Key::Adjudication)
            | (Self::Line, Key::Net) => Self::Money,
            (Self::Row | Self::Line, _) => Self::Other,
            (other, _) => other,
        }
    }
}

macro_rules! keys {
    ($($name:literal => $key:ident $(in $($context:ident)|+)?,)*) => {
        /// The name of a member that is read.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Key {
            $(#[doc = $name] $key,)*
            /// None: an element of a list.
            Element,
        }

        const KEYS: &[(&str, Key, isize)] = &[$(($name, Key::$key, FULL $($(| $context)+)?),)*];
    };
}

keys! {
    "addItem" => AddItem in ROW,
    "address" => Address,
    "adjudication" => Adjudication in ROW | LINE,
    "agent" => Agent,
    "amount" => Amount in MONEY,
    "beneficiary" => Beneficiary,
    "benefitBalance" => BenefitBalance in ROW,
    "billablePeriod" => BillablePeriod in ROW,
    "birthDate" => BirthDate,
    "careTeam" => CareTeam in ROW,
    "careTeamLinkId" => CareTeamLinkId,
    "careTeamSequence" => CareTeamSequence,
    "category" => Category in MONEY,
    "city" => City,
    "class" => Class,
    "code" => Code in MONEY | OTHER,
    "coding" => Coding in MONEY | OTHER,
    "communication" => Communication,
    "contained" => Contained in ROW,
    "coverage" => Coverage,
    "created" => Created,
    "currency" => Currency in MONEY,
    "date" => Date,
    "deceasedBoolean" => DeceasedBoolean,
    "deceasedDateTime" => DeceasedDateTime,
    "detail" => Detail in LINE,
    "diagnosis" => Diagnosis in ROW,
    "diagnosisCodeableConcept" => DiagnosisCodeableConcept in OTHER,
    "diagnosisLinkId" => DiagnosisLinkId,
    "diagnosisReference" => DiagnosisReference in OTHER,
    "diagnosisSequence" => DiagnosisSequence,
    "display" => Display in OTHER,
    "end" => End in OTHER,
    "entry" => Entry,
    "extension" => Extension in ROW | OTHER,
    "facility" => Facility in ROW,
    "family" => Family in OTHER,
    "financial" => Financial in MONEY,
    "focal" => Focal,
    "fullUrl" => FullUrl,
    "gender" => Gender,
    "given" => Given in OTHER,
    "grouping" => Grouping,
    "hospitalization" => Hospitalization,
    "id" => Id in ROW | OTHER | NAME,
    "identifier" => Identifier in OTHER,
    "information" => Information,
    "insurance" => Insurance,
    "insurer" => Insurer,
    "item" => Item in ROW,
    "language" => Language,
    "lastUpdated" => LastUpdated,
    "line" => Line,
    "link" => Link,
    "locationAddress" => LocationAddress,
    "locationCodeableConcept" => LocationCodeableConcept,
    "meta" => Meta in ROW,
    "modifier" => Modifier,
    "name" => Name in OTHER,
    "net" => Net in LINE,
    "onAdmission" => OnAdmission,
    "organization" => Organization in ROW,
    "other" => Other,
    "outcome" => Outcome in ROW,
    "packageCode" => PackageCode,
    "patient" => Patient,
    "payment" => Payment in ROW,
    "payor" => Payor,
    "performedDateTime" => PerformedDateTime,
    "performedPeriod" => PerformedPeriod,
    "period" => Period,
    "postalCode" => PostalCode,
    "practitioner" => Practitioner in OTHER,
    "preAuthRef" => PreAuthRef,
    "procedure" => Procedure,
    "procedureCodeableConcept" => ProcedureCodeableConcept,
    "procedureReference" => ProcedureReference,
    "productOrService" => ProductOrService in LINE | OTHER,
    "provider" => Provider in ROW | OTHER,
    "qualification" => Qualification,
    "quantity" => Quantity,
    "reason" => Reason,
    "reference" => Reference in OTHER,
    "referral" => Referral,
    "relation" => Relation,
    "requester" => Requester,
    "resource" => Resource,
    "resourceType" => ResourceType in ROW | OTHER | NAME,
    "revenue" => Revenue,
    "role" => Role in OTHER,
    "sequence" => Sequence in LINE | OTHER,
    "service" => Service in LINE,
    "servicedDate" => ServicedDate in LINE,
    "servicedPeriod" => ServicedPeriod in LINE,
    "start" => Start in OTHER,
    "state" => State,
    "status" => Status in ROW,
    "subPlan" => SubPlan,
    "subType" => SubType in ROW,
    "subscriberId" => SubscriberId,
    "supportingInfo" => SupportingInfo,
    "system" => System in MONEY | OTHER,
    "tag" => Tag in OTHER,
    "text" => Text in OTHER,
    "timingDate" => TimingDate,
    "timingPeriod" => TimingPeriod,
    "total" => Total in ROW,
    "totalCost" => TotalCost in ROW,
    "type" => Type in ROW | MONEY | OTHER,
    "unit" => Unit,
    "url" => Url in MONEY | OTHER,
    "use" => Use in ROW,
    "usedMoney" => UsedMoney in MONEY,
    "usedUnsignedInt" => UsedUnsignedInt,
    "value" => Value in MONEY | OTHER,
    "valueCode" => ValueCode in OTHER,
    "valueCoding" => ValueCoding in OTHER,
    "valueDate" => ValueDate,
    "valueIdentifier" => ValueIdentifier in OTHER,
    "valueMoney" => ValueMoney in MONEY,
    "valueQuantity" => ValueQuantity in OTHER,
    "valueString" => ValueString in OTHER,
}

impl Key {
    /// The key of this name, if it is read in this context.
    pub(super) fn of(name: &[u8], context: Context) -> Option<Self> {
        let mut slot = slot(name);
        loop {
            let at = *TABLE.get(slot)?;
            // The last of the chain points past the keys.
            let (known, key, contexts) = KEYS.get(usize::from(at))?;
            if known.as_bytes() == name {
                return (contexts & context as isize != 0).then_some(*key);
            }
            slot = (slot + 1) % SLOTS;
        }
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        KEYS.get(self as usize).map_or("", |(name, ..)| name)
    }

    /// One of sixteen bits, which it shares with some others.
    pub(super) const fn mark(self) -> u16 {
        1 << (self as u8 % 16)
    }

    /// A bit of its own.
    pub(super) const fn bit(self) -> u128 {
        1 << self as u8
    }
}

const SLOTS: usize = 512;
const EMPTY: u8 = u8::MAX;

/// A hash table over the names, made by the compiler: a chain begins at the name's slot and ends at
/// an empty one.
static TABLE: [u8; SLOTS] = {
    let mut table = [EMPTY; SLOTS];
    let mut key = 0;
    while key < KEYS.len() {
        let mut slot = slot(KEYS[key].0.as_bytes());
        while table[slot] != EMPTY {
            slot = (slot + 1) % SLOTS;
        }
        #[expect(clippy::cast_possible_truncation, reason = "a hundred keys")]
        {
            table[slot] = key as u8;
        }
        key += 1;
    }
    table
};

/// Length, first, middle and last byte tell nearly all names apart.
const fn slot(name: &[u8]) -> usize {
    let length = name.len();
    if length == 0 {
        return 0;
    }
    let ends = name[0] as usize * 7 + name[length - 1] as usize * 29;
    (length * 47 + ends + name[length / 2] as usize * 3) % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_found_by_its_name_and_no_other_name_is() {
        assert!(KEYS.len() < 127);
        for (place, (name, key, _)) in KEYS.iter().enumerate() {
            assert_eq!(Key::of(name.as_bytes(), Context::Full), Some(*key));
            assert_eq!((*key as usize, key.name()), (place, *name));
        }
        for name in ["", "x", "Id", "idx", "coding ", "valueInteger", "codinG"] {
            assert_eq!(Key::of(name.as_bytes(), Context::Full), None, "{name}");
        }
    }

    #[test]
    fn chains_are_short() {
        for (name, ..) in KEYS {
            let place = KEYS.iter().position(|(known, ..)| known == name);
            let found = TABLE
                .iter()
                .position(|key| Some(usize::from(*key)) == place);
            let chain = found.unwrap().wrapping_sub(slot(name.as_bytes())) % SLOTS;
            assert!(chain < 4, "{name} {chain}");
        }
    }
}
