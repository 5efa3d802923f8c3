//! The machine that fills wire structs from JSON: serde_json reads the text, one visitor for all
//! types walks it, and each struct only says which field a member goes to ([`Fields`]). A derived
//! reader for each of thirty types compiles to tens of kilobytes more, which a browser would have
//! to download. On top of what a derived reader accepts, `null` is absent, and where a version
//! writes one object for a list (`insurance` in STU3) that does too. Arrays for objects and a
//! member that comes twice are errors, and so a matter for `salvage`.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The untouched text of a JSON value.
pub(crate) type Raw<'a> = Option<&'a RawValue>;

/// A string, borrowed from the input unless it has escapes.
#[derive(Clone, Debug)]
pub(crate) struct Str<'a>(pub(crate) Cow<'a, str>);

/// A struct that is read from an object.
pub(crate) trait Fields<'a> {
    /// The field that a member goes to; nothing for one that nobody reads.
    fn field(&mut self, name: &str) -> Option<Slot<'_, 'a>>;
}

/// A list of structs.
pub(crate) trait List<'a> {
    /// A new last element, to be filled.
    fn push(&mut self) -> &mut dyn Fields<'a>;

    /// Where a string goes that stands in place of the list.
    fn text(&mut self) -> Option<&mut Option<Str<'a>>> {
        None
    }
}

/// Where a value goes.
pub(crate) enum Slot<'s, 'a> {
    Text(&'s mut Option<Str<'a>>),
    Texts(&'s mut Vec<Str<'a>>),
    Raw(&'s mut Raw<'a>),
    Raws(&'s mut Vec<&'a RawValue>),
    Object(&'s mut dyn Fields<'a>),
    List(&'s mut dyn List<'a>),
    /// A list that may be written as its one element, or as a string.
    Loose(&'s mut dyn List<'a>),
    /// The field has its value already.
    Filled,
}

/// The type of a field: gives the slot for its value.
pub(crate) trait Field<'a> {
    fn slot(&mut self) -> Slot<'_, 'a>;
}

impl<'a> Field<'a> for Option<Str<'a>> {
    fn slot(&mut self) -> Slot<'_, 'a> {
        if self.is_some() {
            Slot::Filled
        } else {
            Slot::Text(self)
        }
    }
}

impl<'a> Field<'a> for Vec<Str<'a>> {
    fn slot(&mut self) -> Slot<'_, 'a> {
        if self.is_empty() {
            Slot::Texts(self)
        } else {
            Slot::Filled
        }
    }
}

impl<'a> Field<'a> for Raw<'a> {
    fn slot(&mut self) -> Slot<'_, 'a> {
        if self.is_some() {
            Slot::Filled
        } else {
            Slot::Raw(self)
        }
    }
}

impl<'a> Field<'a> for Vec<&'a RawValue> {
    fn slot(&mut self) -> Slot<'_, 'a> {
        if self.is_empty() {
            Slot::Raws(self)
        } else {
            Slot::Filled
        }
    }
}

impl<'a, T: Fields<'a> + Default> Field<'a> for Option<T> {
    fn slot(&mut self) -> Slot<'_, 'a> {
        if self.is_some() {
            return Slot::Filled;
        }
        Slot::Object(self.insert(T::default()))
    }
}

impl<'a, T: Fields<'a> + Default> Field<'a> for Vec<T> {
    fn slot(&mut self) -> Slot<'_, 'a> {
        if self.is_empty() {
            Slot::List(self)
        } else {
            Slot::Filled
        }
    }
}

impl<'a, T: Fields<'a> + Default> List<'a> for Vec<T> {
    fn push(&mut self) -> &mut dyn Fields<'a> {
        self.push_mut(T::default())
    }
}

/// Reads a whole text as one object.
pub(crate) fn object<'a, T: Fields<'a> + Default>(text: &'a str) -> serde_json::Result<T> {
    let mut out = T::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.deserialize_map(Object(&mut out))?;
    deserializer.end()?;
    Ok(out)
}

/// Reads the members of an object in their order, each value untouched.
pub(crate) fn members(text: &str) -> serde_json::Result<Vec<(Str<'_>, &RawValue)>> {
    let mut out = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.deserialize_map(Members(&mut out))?;
    deserializer.end()?;
    Ok(out)
}

impl<'de> DeserializeSeed<'de> for Slot<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self {
            Slot::Text(slot) => *slot = deserializer.deserialize_option(Text)?.map(Str),
            Slot::Texts(slot) => *slot = Vec::deserialize(deserializer)?,
            Slot::Raw(slot) => {
                let raw = <&RawValue>::deserialize(deserializer)?;
                *slot = Some(raw).filter(|raw| raw.get() != "null");
            }
            Slot::Raws(slot) => *slot = Vec::deserialize(deserializer)?,
            Slot::Object(fields) => deserializer.deserialize_option(Object(fields))?,
            Slot::List(list) => deserializer.deserialize_option(Elements(list))?,
            Slot::Loose(list) => {
                let text = <&RawValue>::deserialize(deserializer)?.get();
                loose(text, list).map_err(D::Error::custom)?;
            }
            Slot::Filled => return Err(Error::custom("duplicate member")),
        }
        Ok(())
    }
}

fn loose<'a>(text: &'a str, list: &mut dyn List<'a>) -> serde_json::Result<()> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    match (text.as_bytes().first(), list.text()) {
        (Some(b'{'), _) => deserializer.deserialize_map(Object(list.push())),
        (Some(b'"'), Some(slot)) => Slot::Text(slot).deserialize(&mut deserializer),
        _ => deserializer.deserialize_option(Elements(list)),
    }
}

struct Object<'s, 'a>(&'s mut dyn Fields<'a>);

impl<'de> Visitor<'de> for Object<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(Str(name)) = map.next_key()? {
            match self.0.field(&name) {
                Some(slot) => map.next_value_seed(slot)?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

struct Elements<'s, 'a>(&'s mut dyn List<'a>);

impl<'de> Visitor<'de> for Elements<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<(), S::Error> {
        while seq.next_element_seed(Element(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// One more element of a list; made only when serde has seen that there is one.
struct Element<'s, 'a>(&'s mut dyn List<'a>);

impl<'de> DeserializeSeed<'de> for Element<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(Object(self.0.push()))
    }
}

struct Members<'s, 'a>(&'s mut Vec<(Str<'a>, &'a RawValue)>);

impl<'de> Visitor<'de> for Members<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(member) = map.next_entry()? {
            self.0.push(member);
        }
        Ok(())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Str<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_str(Text)?;
        text.map(Self)
            .ok_or_else(|| D::Error::custom("not a string"))
    }
}

struct Text;

impl<'de> Visitor<'de> for Text {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}
