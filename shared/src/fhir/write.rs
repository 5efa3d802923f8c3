//! Writes the model as JSON. The same text as serde_json writes, which a test compares; but this
//! compiles to half as much for the browser, because it knows the few kinds of values that the model
//! is made of and nothing else.

use std::fmt;

use serde::Serialize;
use serde::ser::{self, Impossible, SerializeSeq, SerializeStruct};

use super::json::plain;

/// The JSON text of a value of the model; nothing for one that holds anything but objects, lists,
/// text, whole numbers and truth values.
pub fn to_json<T: Serialize + ?Sized>(value: &T) -> Option<String> {
    let mut out = Vec::new();
    let written = append(value, &mut out);
    String::from_utf8(out).ok().filter(|_| written)
}

/// [`to_json`] at the end of a text, as its bytes; false where the value cannot be written.
pub fn append<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> bool {
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
    out: &'o mut Vec<u8>,
}

/// The elements of a list or the members of an object.
struct Parts<'o> {
    out: &'o mut Vec<u8>,
    /// What stands before the next one.
    before: u8,
    closing: &'static [u8],
}

impl<'o> Writer<'o> {
    fn object(self, closing: &'static [u8]) -> Parts<'o> {
        self.out.push(b'{');
        Parts {
            out: self.out,
            before: 0,
            closing,
        }
    }
}

impl Parts<'_> {
    fn separate(&mut self) {
        if self.before != 0 {
            self.out.push(self.before);
        }
        self.before = b',';
    }

    /// Before the value of a member.
    #[inline(never)]
    fn member(&mut self, key: &str) {
        self.separate();
        // Names of the model have nothing to escape.
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.push(b'"');
        self.out.push(b':');
    }

    fn close(self) {
        self.out.extend_from_slice(self.closing);
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
fn string(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    out.push(b'"');
    loop {
        let (before, from) = rest.split_at_checked(plain(rest)).unwrap_or((rest, b""));
        out.extend_from_slice(before);
        let Some((byte, behind)) = from.split_first() else {
            break;
        };
        escape(*byte, out);
        rest = behind;
    }
    out.push(b'"');
}

/// A character that cannot stand in a string as it is.
#[cold]
fn escape(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\x08' => b'b',
        b'\x0c' => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            out.extend_from_slice(b"\\u00");
            for half in [byte >> 4, byte & 0xf] {
                out.push(if half < 10 {
                    b'0' + half
                } else {
                    b'a' + half - 10
                });
            }
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// A whole number.
#[inline(never)]
fn number(negative: bool, value: u64, out: &mut Vec<u8>) {
    if negative {
        out.push(b'-');
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
        out.push(*digit);
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
        let text: &[u8] = if value { b"true" } else { b"false" };
        self.out.extend_from_slice(text);
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
        self.out.extend_from_slice(b"null");
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
        let mut object = self.object(b"}");
        object.serialize_field(variant, value)?;
        SerializeStruct::end(object)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'o>, Unknown> {
        self.out.push(b'[');
        Ok(Parts {
            out: self.out,
            before: 0,
            closing: b"]",
        })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'o>, Unknown> {
        Ok(self.object(b"}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'o>, Unknown> {
        self.out.push(b'{');
        string(variant, self.out);
        self.out.push(b':');
        Ok(self.object(b"}}"))
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
