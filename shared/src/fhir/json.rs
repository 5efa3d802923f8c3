//! JSON as the reader wants it: one pass over borrowed text lays the members that the model knows on
//! a flat tape, and [`Value`] finds its way on it. No type is built for the shapes of the wire, and
//! nothing is allocated for a member, so the same code is small in a browser and fast on a page.
//!
//! Where the versions write different things under one name, whoever asks says what it expects; a
//! member of another shape is noted as a loss and is absent. `null` is absent too. Members that
//! nobody reads are skipped by their quotes and brackets, and not looked into.

mod bundle;
mod keys;
mod neighbours;
mod reader;
mod scan;
mod value;

use std::cell::RefCell;
use std::ops::Range;

use super::notes::{Note, Reason};
use super::write::to_json;
use super::{ParseError, ParseErrorKind};

pub(crate) use bundle::{Index, Place, index, span};
pub(crate) use keys::{Context, Key};
pub(crate) use neighbours::Neighbours;
pub(crate) use scan::{inside, plain};
pub(crate) use value::Value;

/// A place on the tape: a value, with the key that it is a member by.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// Where its text begins; for [`Kind::Escaped`] in the buffer of unescaped text.
    start: u32,
    /// Where its text ends. Strings are without their quotes.
    end: u32,
    /// The place behind its last descendant.
    next: u32,
    key: Key,
    kind: Kind,
    /// The marks of an object's members: most that are asked for are not there.
    marks: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Not there: what a value that was not found has.
    Absent,
    Object,
    Array,
    /// A string without escapes.
    Text,
    /// A string with escapes, which are resolved.
    Escaped,
    /// A number, `true` or `false`.
    Scalar,
    /// `null`, as an element of a list; as a member it is not on the tape.
    Null,
    /// Something that came where nothing is read: a member for the second time, or nested too deep.
    Refused,
}

/// A resource on its tape.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    text: &'a str,
    unescaped: String,
    /// The first node is absent, so that a value which was not found has a place; the second is the root.
    nodes: Vec<Node>,
    /// References, each with the resource that it means; those stand behind the root.
    neighbours: Vec<(u32, u32)>,
    losses: RefCell<Vec<Loss>>,
}

/// Something that could not be read, by its place on the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Loss {
    node: u32,
    /// A member of the node that should be there.
    missing: Option<Key>,
    reason: Reason,
}

impl<'a> Document<'a> {
    /// Reads an object, with the members that are read in this context.
    pub(crate) fn read(text: &'a str, context: Context) -> Result<Self, ParseError> {
        reader::document(text, 0..text.len(), context, &|_| None)
    }

    /// Reads an object that stands in a text, together with what it refers to: `find` says where that
    /// stands in the same text.
    pub(crate) fn read_at(
        text: &'a str,
        place: Range<usize>,
        context: Context,
        find: &dyn Fn(&str) -> Option<Range<usize>>,
    ) -> Result<Self, ParseError> {
        reader::document(text, place, context, find)
    }

    /// The object.
    pub(crate) fn root(&self) -> Value<'_> {
        Value::root(self)
    }

    /// What could not be read so far, in the order of the text.
    pub(crate) fn notes(&self) -> Vec<Note> {
        let losses = self.losses.take();
        // A handful at most: no sort is worth its code.
        let mut notes = Vec::with_capacity(losses.len());
        let mut from = 0;
        while let Some(node) = losses
            .iter()
            .map(|loss| loss.node)
            .filter(|node| *node >= from)
            .min()
        {
            for loss in losses.iter().filter(|loss| loss.node == node) {
                let mut path = self.path(node);
                if let Some(key) = loss.missing {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(key.name());
                }
                notes.push(Note {
                    path,
                    reason: loss.reason,
                });
            }
            from = node + 1;
        }
        notes
    }

    /// Whether something could not be read so far; what is told to the nearest cent was.
    pub(crate) fn has_lost(&self) -> bool {
        let losses = self.losses.try_borrow();
        losses.is_ok_and(|losses| losses.iter().any(|loss| loss.reason != Reason::Rounded))
    }

    #[cold]
    fn lose(&self, node: u32, missing: Option<Key>, reason: Reason) {
        let loss = Loss {
            node,
            missing,
            reason,
        };
        // What two fields are read from is lost once.
        if let Ok(mut losses) = self.losses.try_borrow_mut()
            && !losses.contains(&loss)
        {
            losses.push(loss);
        }
    }

    #[inline(always)]
    fn node(&self, at: u32) -> Node {
        self.nodes.get(at as usize).copied().unwrap_or(ABSENT)
    }

    /// Where a node stands, such as `item[2].quantity.value`: from the root down.
    fn path(&self, wanted: u32) -> String {
        let mut path = String::new();
        let mut parent = ROOT;
        // In what another resource refers to: where it does, and on from there.
        if wanted >= self.node(ROOT).next {
            let before = self.neighbours.iter().filter(|(_, at)| *at <= wanted);
            if let Some((reference, resource)) = before.max_by_key(|(_, at)| *at) {
                let at = self.path(*reference);
                at.strip_suffix("reference")
                    .unwrap_or(&at)
                    .clone_into(&mut path);
                path.push_str("resolve()");
                parent = *resource;
            }
        }
        while parent != wanted {
            let mut child = parent + 1;
            let mut number = 0_u32;
            while self.node(child).next <= wanted && self.node(child).kind != Kind::Absent {
                child = self.node(child).next;
                number += 1;
            }
            if self.node(child).kind == Kind::Absent {
                break;
            }
            if self.node(parent).kind == Kind::Array {
                path.push('[');
                path.push_str(&to_json(&number).unwrap_or_default());
                path.push(']');
            } else {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(self.node(child).key.name());
            }
            parent = child;
        }
        path
    }
}

const ROOT: u32 = 1;

const ABSENT: Node = Node {
    start: 0,
    end: 0,
    next: 0,
    key: Key::Element,
    kind: Kind::Absent,
    marks: 0,
};

impl ParseError {
    pub(super) const fn new(position: usize, kind: ParseErrorKind) -> Self {
        Self { position, kind }
    }
}
