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

/// The rest of an object. Its members are written as they come, and put in order at its end.
pub(super) struct Members<'a, 'm> {
    pub(super) writer: &'a mut Writer<'m>,
    pub(super) start: usize,
    /// The name of each member, and where it ends.
    pub(super) members: Vec<(Cow<'static, str>, usize)>,
}

impl<'a, 'm> Members<'a, 'm> {
    pub(super) fn new(writer: &'a mut Writer<'m>, count: usize) -> Self {
        writer.out.push('{');
        Self {
            start: writer.out.len(),
            members: Vec::with_capacity(count),
            writer,
        }
    }

    pub(super) fn name(&mut self, name: Cow<'static, str>) {
        if !self.members.is_empty() {
            self.writer.out.push(',');
        }
        self.writer.quoted(&name);
        self.writer.out.push(':');
        self.members.push((name, 0));
    }

    pub(super) fn value(
        &mut self,
        value: &(impl Serialize + ?Sized),
    ) -> Result<(), Unrepresentable> {
        value.serialize(&mut *self.writer)?;
        if let Some((_, end)) = self.members.last_mut() {
            *end = self.writer.out.len();
        }
        Ok(())
    }

    pub(super) fn finish(self) {
        let out = &mut self.writer.out;
        if !self.members.is_sorted_by(|a, b| a.0 <= b.0) {
            let written = &mut self.writer.scratch;
            written.clear();
            written.push_str(&out[self.start..]);
            out.truncate(self.start);
            let mut begin = self.start;
            let mut places: Vec<(&str, &str)> = Vec::with_capacity(self.members.len());
            for (name, end) in &self.members {
                places.push((name, &written[begin - self.start..end - self.start]));
                begin = end + 1;
            }
            places.sort_unstable_by_key(|(name, _)| *name);
            for (position, (_, member)) in places.iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                out.push_str(member);
            }
        }
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
            .map_err(|_| Unrepresentable("a member whose name is no text".to_owned()))?;
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
