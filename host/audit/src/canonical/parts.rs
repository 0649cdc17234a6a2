//! Lists and objects under construction.

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple};

use super::{Unrepresentable, Writer, written};

/// The rest of a list.
pub(super) struct Elements<'a, 'm> {
    pub(super) writer: &'a mut Writer<'m>,
    pub(super) first: bool,
}

impl Elements<'_, '_> {
    pub(super) fn add(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Unrepresentable> {
        if !std::mem::take(&mut self.first) {
            self.writer.out.push(',');
        }
        value.serialize(&mut *self.writer)
    }
}

/// A member of an object under construction, and where it stands in the text.
pub(super) struct Member {
    name: Cow<'static, str>,
    begin: usize,
    end: usize,
}

/// The rest of an object. Its members are written as they come, and put in order at its end.
pub(super) struct Members<'a, 'm> {
    writer: &'a mut Writer<'m>,
    /// Where the first member stands in the text.
    start: usize,
    /// How many members the objects have of which this one is a part.
    outer: usize,
}

impl<'a, 'm> Members<'a, 'm> {
    pub(super) fn new(writer: &'a mut Writer<'m>) -> Self {
        writer.out.push('{');
        Self {
            start: writer.out.len(),
            outer: writer.members.len(),
            writer,
        }
    }

    pub(super) fn name(&mut self, name: Cow<'static, str>) {
        if self.writer.members.len() > self.outer {
            self.writer.out.push(',');
        }
        let begin = self.writer.out.len();
        self.writer.quoted(&name);
        self.writer.out.push(':');
        self.writer.members.push(Member {
            name,
            begin,
            end: begin,
        });
    }

    pub(super) fn value(
        &mut self,
        value: &(impl Serialize + ?Sized),
    ) -> Result<(), Unrepresentable> {
        value.serialize(&mut *self.writer)?;
        if let Some(member) = self.writer.members.last_mut() {
            member.end = self.writer.out.len();
        }
        Ok(())
    }

    pub(super) fn finish(self) {
        let Writer {
            out,
            members,
            scratch,
            ..
        } = self.writer;
        let own = &mut members[self.outer..];
        if !own.is_sorted_by(|a, b| a.name <= b.name) {
            scratch.clear();
            scratch.push_str(&out[self.start..]);
            out.truncate(self.start);
            own.sort_unstable_by(|a, b| a.name.cmp(&b.name));
            for (position, member) in own.iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                out.push_str(&scratch[member.begin - self.start..member.end - self.start]);
            }
        }
        members.truncate(self.outer);
        out.push('}');
    }
}

impl SerializeSeq for Elements<'_, '_> {
    type Ok = ();
    type Error = Unrepresentable;

    fn serialize_element<T: Serialize + ?Sized>(
        &mut self,
        value: &T,
    ) -> Result<(), Unrepresentable> {
        self.add(value)
    }

    fn end(self) -> Result<(), Unrepresentable> {
        self.writer.out.push(']');
        Ok(())
    }
}

impl SerializeTuple for Elements<'_, '_> {
    type Ok = ();
    type Error = Unrepresentable;

    fn serialize_element<T: Serialize + ?Sized>(
        &mut self,
        value: &T,
    ) -> Result<(), Unrepresentable> {
        self.add(value)
    }

    fn end(self) -> Result<(), Unrepresentable> {
        SerializeSeq::end(self)
    }
}

impl SerializeStruct for Members<'_, '_> {
    type Ok = ();
    type Error = Unrepresentable;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Unrepresentable> {
        self.name(Cow::Borrowed(key));
        self.value(value)
    }

    fn end(self) -> Result<(), Unrepresentable> {
        self.finish();
        Ok(())
    }
}

impl SerializeMap for Members<'_, '_> {
    type Ok = ();
    type Error = Unrepresentable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unrepresentable> {
        let quoted = written(key, self.writer.mask)?;
        let name = serde_json::from_str::<String>(&quoted)
            .map_err(|_| Unrepresentable("a member whose name is not text".to_owned()))?;
        self.name(name.into());
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unrepresentable> {
        self.value(value)
    }

    fn end(self) -> Result<(), Unrepresentable> {
        self.finish();
        Ok(())
    }
}
