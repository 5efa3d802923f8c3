//! Writes the model as JSON. The same text as serde_json writes, which a test compares; but this
//! compiles to half as much for the browser, because it knows the few kinds of values that the model
//! is made of and nothing else.

use std::fmt;

use serde::Serialize;
use serde::ser::{self, Impossible, SerializeSeq, SerializeStruct};

/// The JSON text of a value of the model; nothing for one that holds anything but objects, lists,
/// text, whole numbers and truth values.
pub fn to_json<T: Serialize + ?Sized>(value: &T) -> Option<String> {
    let mut out = String::new();
    append(value, &mut out).then_some(out)
}

/// [`to_json`] at the end of a text; false where the value cannot be written.
pub fn append<T: Serialize + ?Sized>(value: &T, out: &mut String) -> bool {
    value.serialize(Writer { out }).is_ok()
}

/// A value that the writer does not know.
#[derive(Debug)]
struct Unknown;

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a value of the model")
    }
}

impl std::error::Error for Unknown {}

impl ser::Error for Unknown {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

struct Writer<'o> {
    out: &'o mut String,
}

/// The elements of a list or the members of an object.
struct Parts<'o> {
    out: &'o mut String,
    /// What stands before the next one.
    before: char,
    closing: &'static str,
}

impl<'o> Writer<'o> {
    fn object(self, closing: &'static str) -> Parts<'o> {
        self.out.push('{');
        Parts {
            out: self.out,
            before: '\0',
            closing,
        }
    }
}

impl Parts<'_> {
    fn separate(&mut self) {
        if self.before != '\0' {
            self.out.push(self.before);
        }
        self.before = ',';
    }

    /// Before the value of a member.
    #[inline(never)]
    fn member(&mut self, key: &str) {
        self.separate();
        string(key, self.out);
        self.out.push(':');
    }

    fn close(self) {
        self.out.push_str(self.closing);
    }
}

impl SerializeSeq for Parts<'_> {
    type Ok = ();
    type Error = Unknown;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unknown> {
        self.separate();
        value.serialize(Writer { out: self.out })
    }

    fn end(self) -> Result<(), Unknown> {
        self.close();
        Ok(())
    }
}

impl SerializeStruct for Parts<'_> {
    type Ok = ();
    type Error = Unknown;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Unknown> {
        self.member(key);
        value.serialize(Writer { out: self.out })
    }

    fn end(self) -> Result<(), Unknown> {
        self.close();
        Ok(())
    }
}

/// A string in quotes (RFC 8259, section 7), with the escapes that serde_json chooses.
#[inline(never)]
fn string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    let special = |byte: u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    while let Some(at) = rest.bytes().position(special) {
        let (plain, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(plain);
        let byte = from.bytes().next().unwrap_or_default();
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\x08' => out.push_str("\\b"),
            b'\x0c' => out.push_str("\\f"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            other => {
                out.push_str("\\u00");
                let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
                out.push(digit(other >> 4));
                out.push(digit(other & 0xf));
            }
        }
        rest = from.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
    out.push('"');
}

/// A whole number.
#[inline(never)]
pub(super) fn number(negative: bool, value: u64, out: &mut String) {
    if negative {
        out.push('-');
    }
    // Digits from the last one; a number of 64 bits has at most twenty.
    let (mut digits, mut rest) = ([0_u8; 20], value);
    let mut length = 0;
    for digit in &mut digits {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        length += 1;
        if rest == 0 {
            break;
        }
    }
    for digit in digits.iter().take(length).rev() {
        out.push(char::from(*digit));
    }
}

macro_rules! numbers {
    ($($name:ident: $type:ty,)*) => {$(
        fn $name(self, value: $type) -> Result<(), Unknown> {
            number(false, value.into(), self.out);
            Ok(())
        }
    )*};
}

macro_rules! signed {
    ($($name:ident: $type:ty,)*) => {$(
        fn $name(self, value: $type) -> Result<(), Unknown> {
            let value = i64::from(value);
            number(value < 0, value.unsigned_abs(), self.out);
            Ok(())
        }
    )*};
}

macro_rules! unknown {
    ($($name:ident($($type:ty),*) -> $result:ty;)*) => {$(
        fn $name(self, $(_: $type),*) -> Result<$result, Unknown> {
            Err(Unknown)
        }
    )*};
}

impl<'o> ser::Serializer for Writer<'o> {
    type Ok = ();
    type Error = Unknown;
    type SerializeSeq = Parts<'o>;
    type SerializeTuple = Impossible<(), Unknown>;
    type SerializeTupleStruct = Impossible<(), Unknown>;
    type SerializeTupleVariant = Impossible<(), Unknown>;
    type SerializeMap = Impossible<(), Unknown>;
    type SerializeStruct = Parts<'o>;
    type SerializeStructVariant = Parts<'o>;

    numbers! {
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
    }

    signed! {
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
    }

    unknown! {
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
    }

    fn serialize_bool(self, value: bool) -> Result<(), Unknown> {
        self.out.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Unknown> {
        string(value.encode_utf8(&mut [0; 4]), self.out);
        Ok(())
    }

    fn serialize_str(self, text: &str) -> Result<(), Unknown> {
        string(text, self.out);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Unknown> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unknown> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unknown> {
        self.out.push_str("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unknown> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Unknown> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unknown> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Unknown> {
        let mut object = self.object("}");
        object.serialize_field(variant, value)?;
        SerializeStruct::end(object)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'o>, Unknown> {
        self.out.push('[');
        Ok(Parts {
            out: self.out,
            before: '\0',
            closing: "]",
        })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'o>, Unknown> {
        Ok(self.object("}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'o>, Unknown> {
        self.out.push('{');
        string(variant, self.out);
        self.out.push(':');
        Ok(self.object("}}"))
    }
}

impl ser::SerializeStructVariant for Parts<'_> {
    type Ok = ();
    type Error = Unknown;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Unknown> {
        SerializeStruct::serialize_field(self, key, value)
    }

    fn end(self) -> Result<(), Unknown> {
        SerializeStruct::end(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    enum Kind {
        Plain,
        One(u8),
        #[serde(rename_all = "camelCase")]
        Named {
            some_text: &'static str,
        },
    }

    #[derive(Serialize)]
    struct All {
        text: String,
        list: Vec<Option<i64>>,
        numbers: (),
        largest: u64,
        smallest: i64,
        kinds: Vec<Kind>,
        yes: bool,
        range: std::ops::Range<usize>,
    }

    #[test]
    fn the_text_is_that_of_serde_json() {
        let all = All {
            text: (0..0x300).filter_map(char::from_u32).collect(),
            list: vec![None, Some(0), Some(-10), Some(1_000_000)],
            numbers: (),
            largest: u64::MAX,
            smallest: i64::MIN,
            kinds: vec![
                Kind::Plain,
                Kind::One(7),
                Kind::Named {
                    some_text: "\u{1f600}",
                },
            ],
            yes: true,
            range: 9..10,
        };
        assert_eq!(to_json(&all), serde_json::to_string(&all).ok());
        assert_eq!(to_json("a\"b").as_deref(), Some(r#""a\"b""#));
    }

    #[test]
    fn what_the_model_does_not_hold_is_not_written() {
        assert_eq!(to_json(&1.5), None);
        assert_eq!(to_json(&(1, 2)), None);
    }
}
