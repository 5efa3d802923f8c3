//! Finding the way on a tape. Whatever is not there is an absent value, of which everything is
//! absent in turn, so that a chain of names needs no questions in between.

use super::{Document, Key, Kind, Node, ROOT};
use crate::fhir::money::{Money, Unknown};
use crate::fhir::notes::Reason;
use crate::fhir::value::{Date, Decimal, Period, Timestamp};

/// A value of a document, which may be absent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'d> {
    document: &'d Document<'d>,
    at: u32,
}

impl<'d> Value<'d> {
    pub(super) const fn root(document: &'d Document<'d>) -> Self {
        Self { document, at: ROOT }
    }

    /// The member of this name. A value that is there and no object has none, and that is a loss.
    pub(crate) fn get(self, key: Key) -> Self {
        let node = self.node();
        if node.kind != Kind::Object {
            self.expect_absent(node);
            return self.place(0);
        }
        if node.marks & key.mark() == 0 {
            return self.place(0);
        }
        let mut at = self.at + 1;
        while at < node.next {
            let child = self.document.node(at);
            if child.key == key {
                let there = child.kind != Kind::Refused;
                return self.place(if there { at } else { 0 });
            }
            at = child.next;
        }
        self.place(0)
    }

    /// The resource that a reference means: one that the claim contains, or that is in the same page.
    pub(crate) fn resolve(self) -> Self {
        let reference = self.get(Key::Reference);
        let text = reference.as_text().unwrap_or_default();
        if let Some(id) = text.strip_prefix('#') {
            let root = Self::root(self.document);
            let mut contained = root.list(Key::Contained);
            // What is inside of another resource is not in this one.
            let found = contained.find(|found| {
                let known = found.text(Key::Id).unwrap_or_default();
                known.strip_prefix('#').unwrap_or(known) == id && self.at < root.node().next
            });
            return found.unwrap_or(self.place(0));
        }
        let mut neighbours = self.document.neighbours.iter();
        let found = neighbours.find(|(at, _)| *at == reference.at);
        self.place(found.map_or(0, |(_, resource)| *resource))
    }

    /// Notes a reference that nothing was found by; one that names nothing is no loss.
    pub(crate) fn unresolved(self) {
        if self.text(Key::Reference).is_some() && !self.resolve().is_some() {
            self.lose(None, Reason::Unresolved);
        }
    }

    /// Whether it is there, of whatever kind.
    pub(crate) fn is_some(self) -> bool {
        self.at != 0
    }

    /// Whether it is an object.
    pub(crate) fn is_object(self) -> bool {
        self.node().kind == Kind::Object
    }

    /// Whether a list is absent, or has nothing but objects.
    pub(crate) fn is_whole(self, key: Key) -> bool {
        let list = self.get(key);
        let node = list.node();
        let mut at = list.at + 1;
        while at < node.next {
            let element = self.document.node(at);
            if element.kind != Kind::Object {
                return false;
            }
            at = element.next;
        }
        matches!(node.kind, Kind::Absent | Kind::Array)
    }

    /// Itself, if it is there.
    pub(crate) fn some(self) -> Option<Self> {
        self.is_some().then_some(self)
    }

    /// Itself, or another where it is absent.
    pub(crate) fn or(self, other: Self) -> Self {
        if self.is_some() { self } else { other }
    }

    /// The text of a member; empty means absent.
    pub(crate) fn text(self, key: Key) -> Option<&'d str> {
        self.get(key).as_text()
    }

    /// [`Self::text`], owned.
    #[inline(never)]
    pub(crate) fn owned(self, key: Key) -> Option<String> {
        self.text(key).map(str::to_owned)
    }

    /// The elements of a list that are objects. Others are losses.
    pub(crate) fn list(self, key: Key) -> Elements<'d> {
        let list = self.get(key);
        let node = list.node();
        if node.kind != Kind::Array {
            list.expect_absent(node);
        }
        list.elements(node, Kind::Object)
    }

    /// The elements of a list, or the one object that stands in its place.
    pub(crate) fn one_or_many(self, key: Key) -> Elements<'d> {
        let list = self.get(key);
        if list.node().kind == Kind::Object {
            return Elements {
                next: list.at,
                end: list.at + 1,
                ..list.elements(list.node(), Kind::Object)
            };
        }
        self.list(key)
    }

    /// The strings of a list. Others are losses.
    pub(crate) fn texts(self, key: Key) -> impl Iterator<Item = &'d str> {
        let list = self.get(key);
        let node = list.node();
        if node.kind != Kind::Array {
            list.expect_absent(node);
        }
        list.elements(node, Kind::Text).filter_map(Self::as_text)
    }

    /// The numbers of a list: sequences of other elements.
    pub(crate) fn sequences(self, key: Key) -> impl Iterator<Item = u32> {
        let list = self.get(key);
        let node = list.node();
        if node.kind != Kind::Array {
            list.expect_absent(node);
        }
        list.elements(node, Kind::Scalar)
            .filter_map(Self::as_sequence)
    }

    /// The string that it is; empty means absent.
    pub(crate) fn as_text(self) -> Option<&'d str> {
        let node = self.node();
        match node.kind {
            Kind::Text => self.source(node),
            Kind::Escaped => self.resolved(node),
            _ => {
                self.expect_absent(node);
                None
            }
        }
        .filter(|text| !text.is_empty())
    }

    /// Whether it is a string.
    pub(crate) fn is_text(self) -> bool {
        matches!(self.node().kind, Kind::Text | Kind::Escaped)
    }

    /// The text of a number, `true` or `false`, which some servers put into quotes.
    pub(crate) fn scalar(self, key: Key) -> Option<&'d str> {
        self.get(key).as_scalar()
    }

    fn as_scalar(self) -> Option<&'d str> {
        let node = self.node();
        match node.kind {
            Kind::Scalar | Kind::Text => self.source(node),
            _ => {
                self.expect_absent(node);
                None
            }
        }
    }

    /// The date of a member.
    pub(crate) fn date(self, key: Key) -> Option<Date> {
        let value = self.get(key);
        value.or_lose(Date::parse(value.as_text()?), Reason::NotADate)
    }

    /// The instant of a member.
    pub(crate) fn timestamp(self, key: Key) -> Option<Timestamp> {
        let value = self.get(key);
        value.or_lose(Timestamp::parse(value.as_text()?), Reason::NotADate)
    }

    /// The period of a member; one with neither end is absent.
    pub(crate) fn period(self, key: Key) -> Option<Period> {
        let value = self.get(key);
        let period = Period {
            start: value.date(Key::Start),
            end: value.date(Key::End),
        };
        (!period.is_empty()).then_some(period)
    }

    /// The amount of a member: `None` if the member is absent.
    pub(crate) fn money(self, key: Key) -> Option<Result<Money, Unknown>> {
        self.get(key).some().map(Self::as_money)
    }

    fn as_money(self) -> Result<Money, Unknown> {
        let value = self.get(Key::Value);
        // R4 names the currency, STU3 has it as the code of a quantity. Without one it is dollars.
        let currency = self.get(Key::Currency).or(self.get(Key::Code));
        if currency.is_some()
            && !currency
                .as_text()
                .is_some_and(|code| code.eq_ignore_ascii_case("USD"))
        {
            currency.lose(None, Reason::OtherCurrency);
            return Err(Unknown::OtherCurrency);
        }
        if !value.is_some() {
            // Something else in its place has been noted.
            let there = self.node().kind == Kind::Object;
            return Err(if there {
                Unknown::NoValue
            } else {
                Unknown::Unreadable
            });
        }
        let read = value.as_scalar().ok_or(Unknown::Unreadable)?;
        let money = Money::parse(read);
        match money {
            Ok(money) if money.is_rounded() => value.lose(None, Reason::Rounded),
            Err(Unknown::TooLarge) => value.lose(None, Reason::TooLarge),
            Err(_) => value.lose(None, Reason::NotANumber),
            Ok(_) => {}
        }
        money
    }

    /// The number of a member.
    pub(crate) fn decimal(self, key: Key) -> Option<Decimal> {
        let value = self.get(key);
        value.or_lose(Decimal::parse(value.as_scalar()?), Reason::NotANumber)
    }

    /// Its `sequence`.
    pub(crate) fn sequence(self) -> Option<u32> {
        self.get(Key::Sequence).as_sequence()
    }

    fn as_sequence(self) -> Option<u32> {
        self.or_lose(self.as_scalar()?.parse().ok(), Reason::NotANumber)
    }

    /// Notes that it should have a member and has none.
    #[cold]
    pub(crate) fn missing(self, key: Key) {
        self.lose(Some(key), Reason::Missing);
    }

    fn or_lose<T>(self, value: Option<T>, reason: Reason) -> Option<T> {
        if value.is_none() {
            self.lose(None, reason);
        }
        value
    }

    #[cold]
    fn lose(self, missing: Option<Key>, reason: Reason) {
        self.document.lose(self.at, missing, reason);
    }

    /// It is not of the kind that was asked for: a loss, unless it is not there.
    #[inline]
    fn expect_absent(self, node: Node) {
        if node.kind != Kind::Absent {
            self.lose(None, Reason::WrongShape);
        }
    }

    fn elements(self, node: Node, kind: Kind) -> Elements<'d> {
        let there = node.kind == Kind::Array;
        Elements {
            document: self.document,
            next: self.at + 1,
            end: if there { node.next } else { 0 },
            kind,
        }
    }

    fn source(self, node: Node) -> Option<&'d str> {
        self.document
            .text
            .get(node.start as usize..node.end as usize)
    }

    #[cold]
    fn resolved(self, node: Node) -> Option<&'d str> {
        self.document
            .unescaped
            .get(node.start as usize..node.end as usize)
    }

    #[inline(always)]
    fn node(self) -> Node {
        self.document.node(self.at)
    }

    const fn place(self, at: u32) -> Self {
        Self {
            document: self.document,
            at,
        }
    }
}

/// The elements of a list that are of one kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Elements<'d> {
    document: &'d Document<'d>,
    next: u32,
    end: u32,
    kind: Kind,
}

impl<'d> Iterator for Elements<'d> {
    type Item = Value<'d>;

    fn next(&mut self) -> Option<Value<'d>> {
        while self.next < self.end {
            let value = Value {
                document: self.document,
                at: self.next,
            };
            let node = value.node();
            self.next = node.next;
            let fits = match node.kind {
                // Whoever asks for strings or numbers looks at them anyway.
                Kind::Text | Kind::Escaped | Kind::Scalar => self.kind != Kind::Object,
                kind => kind == self.kind,
            };
            if fits {
                return Some(value);
            }
            if node.kind != Kind::Refused {
                value.lose(None, Reason::WrongShape);
            }
        }
        None
    }
}
