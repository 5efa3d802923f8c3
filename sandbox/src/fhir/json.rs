//! A small JSON writer: keys come out in the order they are written, and nothing is built in between.

/// An object that is being written.
#[derive(Debug)]
pub struct Obj<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

/// An array that is being written.
#[derive(Debug)]
pub struct Arr<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

/// Writes one object into `out`.
pub fn object(out: &mut Vec<u8>, write: impl FnOnce(&mut Obj<'_>)) {
    out.push(b'{');
    write(&mut Obj { out, first: true });
    out.push(b'}');
}

impl Obj<'_> {
    /// A string.
    pub fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        string(self.out, &[value]);
    }

    /// A string that is put together from parts.
    pub fn parts(&mut self, key: &str, parts: &[&str]) {
        self.key(key);
        string(self.out, parts);
    }

    /// A whole number.
    pub fn int(&mut self, key: &str, value: i64) {
        self.key(key);
        self.out.extend_from_slice(value.to_string().as_bytes());
    }

    /// A truth value.
    pub fn bool(&mut self, key: &str, value: bool) {
        self.key(key);
        self.out
            .extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// An amount of hundredths with as few digits as it needs, but one: `37.5`, `0.0`, `9.57`.
    pub fn hundredths(&mut self, key: &str, value: i64) {
        self.key(key);
        let (whole, rest) = (value.unsigned_abs() / 100, value.unsigned_abs() % 100);
        let sign = if value < 0 { "-" } else { "" };
        let text = if rest % 10 == 0 {
            format!("{sign}{whole}.{}", rest / 10)
        } else {
            format!("{sign}{whole}.{rest:02}")
        };
        self.out.extend_from_slice(text.as_bytes());
    }

    /// An object.
    pub fn object(&mut self, key: &str, write: impl FnOnce(&mut Obj<'_>)) {
        self.key(key);
        object(self.out, write);
    }

    /// An array.
    pub fn array(&mut self, key: &str, write: impl FnOnce(&mut Arr<'_>)) {
        self.key(key);
        self.out.push(b'[');
        write(&mut Arr {
            out: self.out,
            first: true,
        });
        self.out.push(b']');
    }

    /// A value that is JSON already.
    pub fn raw(&mut self, key: &str, json: &[u8]) {
        self.key(key);
        self.out.extend_from_slice(json);
    }

    fn key(&mut self, key: &str) {
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
        string(self.out, &[key]);
        self.out.push(b':');
    }
}

impl Arr<'_> {
    /// An object.
    pub fn object(&mut self, write: impl FnOnce(&mut Obj<'_>)) {
        self.comma();
        object(self.out, write);
    }

    /// A string.
    pub fn text(&mut self, value: &str) {
        self.comma();
        string(self.out, &[value]);
    }

    /// A string that is put together from parts.
    pub fn parts(&mut self, parts: &[&str]) {
        self.comma();
        string(self.out, parts);
    }

    /// A whole number.
    pub fn int(&mut self, value: i64) {
        self.comma();
        self.out.extend_from_slice(value.to_string().as_bytes());
    }

    fn comma(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
    }
}

fn string(out: &mut Vec<u8>, parts: &[&str]) {
    out.push(b'"');
    for part in parts {
        let bytes = part.as_bytes();
        let mut done = 0;
        for (index, byte) in bytes.iter().enumerate() {
            if *byte >= 0x20 && *byte != b'"' && *byte != b'\\' {
                continue;
            }
            out.extend_from_slice(&bytes[done..index]);
            out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
            done = index + 1;
        }
        out.extend_from_slice(&bytes[done..]);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let mut out = Vec::new();
        object(&mut out, |o| {
            o.text("a", "tab\tquote\"back\\slash ü");
            o.parts("b", &["x", "\n", "y"]);
            o.array("c", |a| {
                a.int(-1);
                a.text("z");
                a.object(|o| o.bool("d", true));
            });
            o.object("e", |_| {});
            for (key, value) in [
                ("f", 3_750),
                ("g", 0),
                ("h", 957),
                ("i", -5),
                ("j", 100_001),
            ] {
                o.hundredths(key, value);
            }
            o.raw("k", b"null");
        });
        let text = String::from_utf8(out).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["a"], "tab\tquote\"back\\slash ü");
        assert_eq!(value["b"], "x\ny");
        assert!(text.ends_with(r#""c":[-1,"z",{"d":true}],"e":{},"f":37.5,"g":0.0,"h":9.57,"i":-0.05,"j":1000.01,"k":null}"#), "{text}");
    }
}
