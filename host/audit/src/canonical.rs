//! Values as canonical JSON, with secrets masked.
//!
//! The form is that of RFC 8785: members in the order of their names, no blanks, the shortest
//! escapes. Of numbers there are only integers, so that its rules for fractions do not matter.
//! Fields keep their names; the cases of enumerations are written as in `wit/`: `repo-tag`, `ok`.

mod parts;

use std::fmt::{self, Write as _};

use serde::ser::{Impossible, Serialize, Serializer};

use super::mask::Mask;
use parts::{Elements, Member, Members};

/// A value that the log has no form for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this has no form in the audit log: {0}")]
pub struct Unrepresentable(String);

/// Writes a value as canonical JSON.
///
/// # Errors
/// If it holds fractions, bytes, or names of members that are not text.
pub(super) fn text(
    value: &(impl Serialize + ?Sized),
    mask: &Mask,
) -> Result<String, Unrepresentable> {
    // Hardly any value holds a secret, and one search of the whole text is far quicker than many
    // of small ones.
    let plain = written(value, None)?;
    if mask.may_apply_to(&plain) {
        return written(value, Some(mask));
    }
    Ok(plain)
}

/// Writes a value that is no record of the log in the form that the log has.
///
/// # Errors
/// If it holds fractions, bytes, or names of members that are not text.
pub fn as_contract(value: &(impl Serialize + ?Sized)) -> Result<String, Unrepresentable> {
    written(value, None)
}

fn written(
    value: &(impl Serialize + ?Sized),
    mask: Option<&Mask>,
) -> Result<String, Unrepresentable> {
    let mut writer = Writer {
        out: String::new(),
        mask,
        members: Vec::new(),
        scratch: String::new(),
    };
    value.serialize(&mut writer)?;
    Ok(writer.out)
}

struct Writer<'m> {
    out: String,
    /// None where the text is searched for secrets as a whole.
    mask: Option<&'m Mask>,
    /// The members of all objects that are not finished yet, the outermost object's first.
    members: Vec<Member>,
    /// Where members wait to be put in order.
    scratch: String,
}

impl Writer<'_> {
    fn quoted(&mut self, text: &str) {
        self.out.push('"');
        let mut rest = text;
        while let Some(at) = first_to_escape(rest.as_bytes()) {
            self.out.push_str(&rest[..at]);
            match rest.as_bytes()[at] {
                b'"' => self.out.push_str("\\\""),
                b'\\' => self.out.push_str("\\\\"),
                0x08 => self.out.push_str("\\b"),
                b'\t' => self.out.push_str("\\t"),
                b'\n' => self.out.push_str("\\n"),
                0x0c => self.out.push_str("\\f"),
                b'\r' => self.out.push_str("\\r"),
                other => {
                    write!(self.out, "\\u{other:04x}").expect("writing to a string does not fail")
                }
            }
            rest = &rest[at + 1..];
        }
        self.out.push_str(rest);
        self.out.push('"');
    }

    fn integer(&mut self, value: impl fmt::Display) {
        write!(self.out, "{value}").expect("writing to a string does not fail");
    }
}

/// Finds the first byte that does not stand for itself in a JSON text.
fn first_to_escape(text: &[u8]) -> Option<usize> {
    // All bytes of a chunk are looked at, without branches, many by one instruction.
    const CHUNK: usize = 32;
    let is_special = |byte: &u8| (*byte < b' ') | (*byte == b'"') | (*byte == b'\\');
    let chunks = text.chunks(CHUNK).enumerate();
    for (index, chunk) in chunks {
        if chunk.iter().fold(false, |any, byte| any | is_special(byte)) {
            let place = chunk.iter().position(is_special)?;
            return Some(index * CHUNK + place);
        }
    }
    None
}

/// Writes the Rust name of a case as the contract has it: `RepoTag` becomes `repo-tag`.
fn case(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for (position, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && position > 0 {
            text.push('-');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

impl<'a, 'm> Serializer for &'a mut Writer<'m> {
    type Ok = ();
    type Error = Unrepresentable;
    type SerializeSeq = Elements<'a, 'm>;
    type SerializeTuple = Elements<'a, 'm>;
    type SerializeTupleStruct = Impossible<(), Unrepresentable>;
    type SerializeTupleVariant = Impossible<(), Unrepresentable>;
    type SerializeMap = Members<'a, 'm>;
    type SerializeStruct = Members<'a, 'm>;
    type SerializeStructVariant = Impossible<(), Unrepresentable>;

    fn serialize_bool(self, value: bool) -> Result<(), Unrepresentable> {
        self.out.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Unrepresentable> {
        self.integer(value);
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), Unrepresentable> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Unrepresentable> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Unrepresentable> {
        self.serialize_i64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Unrepresentable> {
        self.integer(value);
        Ok(())
    }

    fn serialize_u8(self, value: u8) -> Result<(), Unrepresentable> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), Unrepresentable> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Unrepresentable> {
        self.serialize_u64(value.into())
    }

    fn serialize_f32(self, _value: f32) -> Result<(), Unrepresentable> {
        Err(Unrepresentable("a fraction".to_owned()))
    }

    fn serialize_f64(self, _value: f64) -> Result<(), Unrepresentable> {
        Err(Unrepresentable("a fraction".to_owned()))
    }

    fn serialize_char(self, value: char) -> Result<(), Unrepresentable> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Unrepresentable> {
        match self.mask {
            Some(mask) => self.quoted(&mask.text(value)),
            None => self.quoted(value),
        }
        Ok(())
    }

    fn serialize_bytes(self, _value: &[u8]) -> Result<(), Unrepresentable> {
        Err(Unrepresentable("bytes".to_owned()))
    }

    fn serialize_none(self) -> Result<(), Unrepresentable> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unrepresentable> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unrepresentable> {
        self.out.push_str("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Unrepresentable> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), Unrepresentable> {
        self.quoted(&case(variant));
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), Unrepresentable> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Unrepresentable> {
        let mut members = Members::new(self);
        members.name(case(variant).into());
        members.value(value)?;
        members.finish();
        Ok(())
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<Elements<'a, 'm>, Unrepresentable> {
        self.out.push('[');
        Ok(Elements {
            writer: self,
            first: true,
        })
    }

    fn serialize_tuple(self, length: usize) -> Result<Elements<'a, 'm>, Unrepresentable> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleStruct, Unrepresentable> {
        Err(Unrepresentable(name.to_owned()))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleVariant, Unrepresentable> {
        Err(Unrepresentable(name.to_owned()))
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Members<'a, 'm>, Unrepresentable> {
        Ok(Members::new(self))
    }

    fn serialize_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<Members<'a, 'm>, Unrepresentable> {
        Ok(Members::new(self))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeStructVariant, Unrepresentable> {
        Err(Unrepresentable(name.to_owned()))
    }
}

impl serde::ser::Error for Unrepresentable {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Serialize;
    use serde_json::{Value, json};

    use super::*;

    fn plain(value: &impl Serialize) -> String {
        text(value, &Mask::default()).unwrap()
    }

    /// Types as bindings of the contract are: with the derived way of writing them.
    #[derive(Serialize)]
    struct Query {
        owner: Option<&'static str>,
        names: Names,
        classes: Vec<Class>,
        heads: Option<u64>,
    }

    #[derive(Serialize)]
    enum Names {
        All,
        Exactly(Vec<&'static str>),
    }

    #[derive(Serialize)]
    enum Class {
        RepoTag,
    }

    #[test]
    fn values_of_the_contract_have_ordered_members_and_the_contracts_cases() {
        let query = Query {
            owner: Some("o"),
            names: Names::Exactly(vec!["a\"\n\u{1}é"]),
            classes: vec![Class::RepoTag],
            heads: None,
        };
        assert_eq!(
            plain(&Ok::<_, ()>(query)),
            r#"{"ok":{"classes":["repo-tag"],"heads":null,"names":{"exactly":["a\"\n\u0001é"]},"owner":"o"}}"#
        );
        assert_eq!(plain(&Names::All), "\"all\"");
    }

    #[test]
    fn fractions_have_no_form() {
        assert!(text(&1.5, &Mask::default()).is_err());
        assert!(text(&json!({"a": [1.5]}), &Mask::default()).is_err());
    }

    /// Any text in which nothing looks like a login or a signature.
    fn unmasked() -> impl Strategy<Value = String> {
        any::<String>().prop_map(|text| text.replace(['@', '+'], ""))
    }

    proptest! {
        /// `serde_json` keeps members in order, and escapes as RFC 8785 does.
        #[test]
        fn any_json_without_fractions_is_written_as_serde_json_writes_it(
            texts in proptest::collection::vec(unmasked(), 0..6),
            numbers in proptest::collection::vec(any::<i64>(), 0..4),
        ) {
            let members: serde_json::Map<String, Value> = texts
                .iter()
                .map(|text| (text.clone(), json!([text, numbers, null, {"z": true, "a": text}])))
                .collect();
            let value = Value::Object(members);
            prop_assert_eq!(plain(&value), value.to_string());
        }
    }
}
