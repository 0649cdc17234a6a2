//! The files of a manifest as a tree that can be cut and put together again.

use std::collections::BTreeMap;

use crate::manifest;

/// A piece of a file in one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    /// The block, without a signature.
    pub(crate) locator: String,
    /// Where the piece begins in the block.
    pub(crate) offset: u64,
    /// Its length.
    pub(crate) length: u64,
}

/// A file or a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// The pieces of a file in order.
    File(Vec<Segment>),
    /// What a directory holds, by name.
    Directory(BTreeMap<String, Node>),
}

/// A directory stands where a file is, or the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotADirectory;

impl Node {
    /// An empty directory.
    pub(crate) fn directory() -> Node {
        Node::Directory(BTreeMap::new())
    }

    /// Reads a manifest that has been checked; a piece beyond the data is cut off.
    ///
    /// # Errors
    ///
    /// Fails if one path is both a file and a directory.
    pub(crate) fn read(text: &str) -> Result<Node, NotADirectory> {
        let mut root = Node::directory();
        for line in text.lines() {
            let mut words = line.split(' ');
            let stream = manifest::unescape(words.next().unwrap_or_default());
            let (blocks, files): (Vec<&str>, Vec<&str>) =
                words.partition(|word| manifest::is_locator(word));
            for file in files {
                let mut parts = file.splitn(3, ':');
                let mut number = || parts.next()?.parse().ok();
                let (Some(position), Some(size)) = (number(), number()) else {
                    continue;
                };
                let name = manifest::unescape(parts.next().unwrap_or_default());
                let path = format!("{stream}/{name}");
                let path: Vec<&str> = path.split('/').filter(|part| *part != ".").collect();
                if name == "." {
                    root.make_directory(&path)?;
                } else {
                    root.append(&path, pieces(&blocks, position, size))?;
                }
            }
        }
        Ok(root)
    }

    /// Finds what is at a path; an empty one is the node itself.
    pub(crate) fn find(&self, path: &[&str]) -> Option<&Node> {
        match (path, self) {
            ([], node) => Some(node),
            ([name, rest @ ..], Node::Directory(entries)) => entries.get(*name)?.find(rest),
            (_, Node::File(_)) => None,
        }
    }

    /// Says whether a path leads through a file, as if it were a directory.
    pub(crate) fn is_below_file(&self, path: &[&str]) -> bool {
        (1..path.len()).any(|length| matches!(self.find(&path[..length]), Some(Node::File(_))))
    }

    /// Puts a node at a path, in place of what is there, and makes the directories on the way.
    pub(crate) fn put(&mut self, path: &[&str], node: Node) -> Result<(), NotADirectory> {
        let Some((name, parents)) = path.split_last() else {
            *self = node;
            return Ok(());
        };
        self.make_directory(parents)?
            .insert((*name).to_owned(), node);
        Ok(())
    }

    /// Takes away what is at a path, if anything is.
    pub(crate) fn remove(&mut self, path: &[&str]) {
        match (path, self) {
            ([], node) => *node = Node::directory(),
            ([name], Node::Directory(entries)) => {
                entries.remove(*name);
            }
            ([name, rest @ ..], Node::Directory(entries)) => {
                if let Some(node) = entries.get_mut(*name) {
                    node.remove(rest);
                }
            }
            (_, Node::File(_)) => {}
        }
    }

    /// Does something to every piece of every file.
    pub(crate) fn for_each_segment(&mut self, change: &mut impl FnMut(&mut Segment)) {
        match self {
            Node::File(segments) => segments.iter_mut().for_each(change),
            Node::Directory(entries) => entries
                .values_mut()
                .for_each(|node| node.for_each_segment(change)),
        }
    }

    /// Writes the manifest as the real service does.
    pub(crate) fn write(&self) -> String {
        let mut text = String::new();
        self.write_stream(".", &mut text);
        text
    }

    fn make_directory(
        &mut self,
        path: &[&str],
    ) -> Result<&mut BTreeMap<String, Node>, NotADirectory> {
        let Node::Directory(entries) = self else {
            return Err(NotADirectory);
        };
        match path {
            [] => Ok(entries),
            [name, rest @ ..] => entries
                .entry((*name).to_owned())
                .or_insert_with(Node::directory)
                .make_directory(rest),
        }
    }

    fn append(&mut self, path: &[&str], segments: Vec<Segment>) -> Result<(), NotADirectory> {
        let Some((name, parents)) = path.split_last() else {
            return Err(NotADirectory);
        };
        let entries = self.make_directory(parents)?;
        match entries
            .entry((*name).to_owned())
            .or_insert_with(|| Node::File(Vec::new()))
        {
            Node::File(known) => known.extend(segments),
            Node::Directory(_) => return Err(NotADirectory),
        }
        Ok(())
    }

    fn write_stream(&self, prefix: &str, text: &mut String) {
        let Node::Directory(entries) = self else {
            return;
        };
        let mut stream = Stream::default();
        for (name, node) in entries {
            if let Node::File(segments) = node {
                stream.add(name, segments);
            }
        }
        if entries.is_empty() && prefix != "." {
            let block = manifest::EMPTY_BLOCK;
            text.push_str(&format!("{} {block}+0 0:0:\\056\n", escape(prefix)));
        }
        stream.write(prefix, text);
        for (name, node) in entries {
            node.write_stream(&format!("{prefix}/{name}"), text);
        }
    }
}

/// One line of a manifest while it is put together.
#[derive(Default)]
struct Stream {
    blocks: Vec<String>,
    length: u64,
    files: Vec<(String, u64, u64)>,
}

impl Stream {
    fn add(&mut self, name: &str, segments: &[Segment]) {
        if segments.is_empty() {
            self.files.push((name.to_owned(), 0, 0));
        }
        for segment in segments {
            let size = block_size(&segment.locator);
            if self.blocks.last() == Some(&segment.locator) {
                self.length -= size;
            } else {
                self.blocks.push(segment.locator.clone());
            }
            let offset = self.length + segment.offset;
            match self.files.last_mut() {
                Some((last, start, length)) if *last == name && *start + *length == offset => {
                    *length += segment.length;
                }
                _ => self.files.push((name.to_owned(), offset, segment.length)),
            }
            self.length += size;
        }
    }

    fn write(mut self, prefix: &str, text: &mut String) {
        if self.files.is_empty() {
            return;
        }
        if self.blocks.is_empty() {
            self.blocks.push(format!("{}+0", manifest::EMPTY_BLOCK));
        }
        text.push_str(&escape(prefix));
        for block in &self.blocks {
            text.push_str(&format!(" {block}"));
        }
        for (name, offset, length) in &self.files {
            text.push_str(&format!(" {offset}:{length}:{}", escape(name)));
        }
        text.push('\n');
    }
}

/// Returns the pieces of blocks that a range of a stream covers.
fn pieces(blocks: &[&str], position: u64, size: u64) -> Vec<Segment> {
    let end = position.saturating_add(size);
    let mut segments = Vec::new();
    let mut start = 0;
    for block in blocks {
        let next = start + block_size(block);
        let (from, to) = (position.max(start), end.min(next));
        if from < to {
            segments.push(Segment {
                locator: (*block).to_owned(),
                offset: from - start,
                length: to - from,
            });
        }
        start = next;
    }
    segments
}

/// The size that a locator gives.
fn block_size(locator: &str) -> u64 {
    locator
        .split('+')
        .nth(1)
        .and_then(|size| size.parse().ok())
        .unwrap_or(0)
}

/// Writes a name as the real service does: what would end a word, and the colon, in octal.
fn escape(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for character in name.chars() {
        if character <= ' ' || matches!(character, ':' | '\\') {
            text.push_str(&format!("\\{:03o}", u32::from(character)));
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "c6566f64461986ffe46c913e76644b70+7";
    const B: &str = "dc2575f8aac3968055c02eb2f2adeaf2+12";

    #[test]
    fn what_is_read_is_written_in_the_order_of_names() {
        let text = format!("./d {A} 0:7:x\n. {B} {A} 0:12:z 12:7:b:c\n");
        let tree = Node::read(&text).unwrap();
        assert_eq!(
            tree.write(),
            format!(". {A} {B} 0:7:b\\072c 7:12:z\n./d {A} 0:7:x\n")
        );
    }

    #[test]
    fn a_copy_shares_its_block() {
        let mut tree = Node::read(&format!(". {B} 0:12:z\n")).unwrap();
        let file = tree.find(&["z"]).unwrap().clone();
        tree.put(&["a"], file).unwrap();
        assert_eq!(tree.write(), format!(". {B} 0:12:a 0:12:z\n"));
        tree.remove(&["z"]);
        tree.remove(&["nosuch", "x"]);
        assert_eq!(tree.write(), format!(". {B} 0:12:a\n"));
    }

    #[test]
    fn nothing_can_be_put_below_a_file() {
        let mut tree = Node::read(&format!(". {B} 0:12:z\n")).unwrap();
        assert_eq!(tree.put(&["z", "x"], Node::directory()), Err(NotADirectory));
        tree.put(&["e"], Node::directory()).unwrap();
        let empty = manifest::EMPTY_BLOCK;
        assert_eq!(
            tree.write(),
            format!(". {B} 0:12:z\n./e {empty}+0 0:0:\\056\n")
        );
    }

    #[test]
    fn a_file_may_span_blocks() {
        let tree = Node::read(&format!(". {A} {B} 5:10:f\n")).unwrap();
        assert_eq!(tree.write(), format!(". {A} {B} 5:10:f\n"));
    }
}
