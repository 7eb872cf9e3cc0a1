//! The header lines of a head: ranges of the original buffer, or of an arena once edited.

use crate::header::{KnownHeader, is_token_byte, is_value_byte};

/// Some bytes of a head: in the buffer it was parsed from, or in its arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Piece {
    start: u32,
    len: u32,
    in_arena: bool,
}

impl Piece {
    /// A range of the original buffer. Heads are far below 4 GiB: `Limits` bounds them.
    #[inline]
    pub(crate) fn original(start: usize, len: usize) -> Self {
        Self {
            start: u32::try_from(start).expect("a head's limit is below 4 GiB"),
            len: u32::try_from(len).expect("a head's limit is below 4 GiB"),
            in_arena: false,
        }
    }

    pub(crate) fn of<'a>(self, original: &'a [u8], arena: &'a [u8]) -> &'a [u8] {
        let place = if self.in_arena { arena } else { original };
        place
            .get(self.start as usize..self.start as usize + self.len as usize)
            .unwrap_or(b"")
    }
}

/// Puts bytes into an arena.
pub(crate) fn keep(arena: &mut Vec<u8>, bytes: &[u8]) -> Piece {
    let piece = Piece {
        start: u32::try_from(arena.len()).expect("edits of one head stay below 4 GiB"),
        len: u32::try_from(bytes.len()).expect("edits of one head stay below 4 GiB"),
        in_arena: true,
    };
    arena.extend_from_slice(bytes);
    piece
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    name: Piece,
    value: Piece,
    known: KnownHeader,
    /// The line stands in the original exactly as `encode_into` would write it.
    verbatim: bool,
}

/// The place of one header line. Adding keeps places, removing a line moves the later ones up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderIndex(usize);

/// Header lines in order. Each method takes the buffer that the head was parsed from (`original`),
/// unchanged since.
#[derive(Debug, Clone, Default)]
pub struct Headers {
    slots: Vec<Slot>,
    pub(crate) arena: Vec<u8>,
}

impl Headers {
    /// No lines; keeps the memory.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.arena.clear();
    }

    /// Adds a line as parsed: name and value are ranges of the original.
    #[inline]
    pub(crate) fn push_original(&mut self, original: &[u8], name: Piece, value: Piece) {
        let name_end = (name.start + name.len) as usize;
        let value_end = (value.start + value.len) as usize;
        let verbatim = value.start as usize == name_end + 2
            && original.get(name_end..name_end + 2) == Some(b": ")
            && original.get(value_end..value_end + 2) == Some(b"\r\n");
        self.slots.push(Slot {
            known: KnownHeader::recognise(name.of(original, &[])),
            name,
            value,
            verbatim,
        });
    }

    /// What the last line is.
    pub(crate) fn last_known(&self) -> KnownHeader {
        self.slots
            .last()
            .map_or(KnownHeader::Other, |slot| slot.known)
    }

    /// Takes the last line back.
    pub(crate) fn pop(&mut self) {
        self.slots.pop();
    }

    /// How many lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Every line in order: place, known name, name, value.
    pub fn iter<'a>(
        &'a self,
        original: &'a [u8],
    ) -> impl DoubleEndedIterator<Item = (HeaderIndex, KnownHeader, &'a [u8], &'a [u8])> {
        self.slots.iter().enumerate().map(|(index, slot)| {
            (
                HeaderIndex(index),
                slot.known,
                slot.name.of(original, &self.arena),
                slot.value.of(original, &self.arena),
            )
        })
    }

    /// Whether a line of that name is there.
    #[must_use]
    pub fn contains(&self, known: KnownHeader) -> bool {
        self.slots.iter().any(|slot| slot.known == known)
    }

    /// The values of every line of a known name, in order.
    pub fn values<'a>(
        &'a self,
        original: &'a [u8],
        known: KnownHeader,
    ) -> impl DoubleEndedIterator<Item = (HeaderIndex, &'a [u8])> {
        self.slots
            .iter()
            .enumerate()
            .filter(move |(_, slot)| slot.known == known)
            .map(|(index, slot)| (HeaderIndex(index), slot.value.of(original, &self.arena)))
    }

    /// The values of every line of a name in any case, in order.
    pub fn named<'a>(
        &'a self,
        original: &'a [u8],
        name: &'a [u8],
    ) -> impl DoubleEndedIterator<Item = (HeaderIndex, &'a [u8])> {
        let known = KnownHeader::recognise(name);
        self.slots
            .iter()
            .enumerate()
            .filter(move |(_, slot)| {
                slot.known == known
                    && (known != KnownHeader::Other
                        || slot
                            .name
                            .of(original, &self.arena)
                            .eq_ignore_ascii_case(name))
            })
            .map(|(index, slot)| (HeaderIndex(index), slot.value.of(original, &self.arena)))
    }

    /// The first value of a known name.
    #[must_use]
    pub fn first<'a>(&'a self, original: &'a [u8], known: KnownHeader) -> Option<&'a [u8]> {
        self.slots
            .iter()
            .find(|slot| slot.known == known)
            .map(|slot| slot.value.of(original, &self.arena))
    }

    /// The value of one line.
    #[must_use]
    pub fn value<'a>(&'a self, original: &'a [u8], index: HeaderIndex) -> &'a [u8] {
        self.slots
            .get(index.0)
            .map_or(b"", |slot| slot.value.of(original, &self.arena))
    }

    /// Appends a line. Returns false, and adds nothing, where the name is not a token or the value
    /// holds a control character: such a line would change where the head ends.
    pub fn add(&mut self, name: &[u8], value: &[u8]) -> bool {
        if name.is_empty() || !name.iter().copied().all(is_token_byte) || !is_value(value) {
            return false;
        }
        let known = KnownHeader::recognise(name);
        let name = keep(&mut self.arena, name);
        let value = keep(&mut self.arena, value);
        self.slots.push(Slot {
            name,
            value,
            known,
            verbatim: false,
        });
        true
    }

    /// Appends a line of a known name; the same conditions as [`Self::add`].
    pub fn add_known(&mut self, known: KnownHeader, value: &[u8]) -> bool {
        self.add(known.name(), value)
    }

    /// Replaces every line of a name by one at the end; the same conditions as [`Self::add`].
    pub fn set(&mut self, original: &[u8], name: &[u8], value: &[u8]) -> bool {
        if !is_value(value) {
            return false;
        }
        self.remove_named(original, name);
        self.add(name, value)
    }

    /// Replaces one line's value in place. Returns false, and changes nothing, where the value
    /// holds a control character.
    pub fn replace(&mut self, index: HeaderIndex, value: &[u8]) -> bool {
        if !is_value(value) {
            return false;
        }
        if let Some(slot) = self.slots.get_mut(index.0) {
            slot.value = keep(&mut self.arena, value);
            slot.verbatim = false;
        }
        true
    }

    /// Replaces one line's name and value in place; the same conditions as [`Self::add`].
    pub fn rename(&mut self, index: HeaderIndex, name: &[u8], value: &[u8]) -> bool {
        if index.0 >= self.slots.len() || !self.add(name, value) {
            return false;
        }
        self.slots.swap_remove(index.0);
        true
    }

    /// Removes one line.
    pub fn remove(&mut self, index: HeaderIndex) {
        if index.0 < self.slots.len() {
            self.slots.remove(index.0);
        }
    }

    /// Removes every line of a known name.
    pub fn remove_known(&mut self, known: KnownHeader) {
        self.slots.retain(|slot| slot.known != known);
    }

    /// Removes every line of a name in any case.
    pub fn remove_named(&mut self, original: &[u8], name: &[u8]) {
        self.retain(original, |other, _| !other.eq_ignore_ascii_case(name));
    }

    /// Removes the lines for which `keep` of name and value says false.
    pub fn retain(&mut self, original: &[u8], mut keep: impl FnMut(&[u8], &[u8]) -> bool) {
        let arena = &self.arena;
        self.slots.retain(|slot| {
            keep(
                slot.name.of(original, arena),
                slot.value.of(original, arena),
            )
        });
    }

    /// Appends all lines, each ended by CR LF, without the empty line after them. Neighbouring
    /// lines that were not edited are copied in one piece.
    pub(crate) fn encode_into(&self, original: &[u8], out: &mut Vec<u8>) {
        let mut run = 0..0;
        for slot in &self.slots {
            let end = (slot.value.start + slot.value.len) as usize + 2;
            let start = slot.name.start as usize;
            if slot.verbatim && start == run.end {
                run.end = end;
                continue;
            }
            out.extend_from_slice(original.get(run.clone()).unwrap_or(b""));
            run = 0..0;
            if slot.verbatim {
                run = start..end;
            } else {
                out.extend_from_slice(slot.name.of(original, &self.arena));
                out.extend_from_slice(b": ");
                out.extend_from_slice(slot.value.of(original, &self.arena));
                out.extend_from_slice(b"\r\n");
            }
        }
        out.extend_from_slice(original.get(run).unwrap_or(b""));
    }
}

fn is_value(value: &[u8]) -> bool {
    value.iter().copied().all(is_value_byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"Host: a\r\nX-A:  1\r\nx-b: 2\r\nX-a: 3\r\n";

    fn parsed() -> Headers {
        let mut headers = Headers::default();
        let mut start = 0;
        for line in TEXT.split_inclusive(|byte| *byte == b'\n') {
            let colon = line.iter().position(|byte| *byte == b':').unwrap();
            let value = crate::header::trim(&line[colon + 1..line.len() - 2]);
            let at = start + line.len() - 2 - value.len();
            headers.push_original(
                TEXT,
                Piece::original(start, colon),
                Piece::original(at, value.len()),
            );
            start += line.len();
        }
        headers
    }

    fn text(headers: &Headers) -> String {
        let mut out = Vec::new();
        headers.encode_into(TEXT, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn edits_apply_in_order_and_untouched_lines_stay_as_they_were() {
        type Edit = fn(&mut Headers);
        let cases: [(Edit, &str); 7] = [
            (|_| {}, "Host: a\r\nX-A: 1\r\nx-b: 2\r\nX-a: 3\r\n"),
            (
                |h| assert!(h.add(b"New", b"v")),
                "Host: a\r\nX-A: 1\r\nx-b: 2\r\nX-a: 3\r\nNew: v\r\n",
            ),
            (
                |h| assert!(h.set(TEXT, b"x-A", b"9")),
                "Host: a\r\nx-b: 2\r\nx-A: 9\r\n",
            ),
            (
                |h| h.remove_known(KnownHeader::Host),
                "X-A: 1\r\nx-b: 2\r\nX-a: 3\r\n",
            ),
            (
                |h| {
                    let (index, _) = h.named(TEXT, b"X-B").next().unwrap();
                    assert!(h.replace(index, b"two"));
                },
                "Host: a\r\nX-A: 1\r\nx-b: two\r\nX-a: 3\r\n",
            ),
            (
                |h| h.retain(TEXT, |_, value| value != b"2"),
                "Host: a\r\nX-A: 1\r\nX-a: 3\r\n",
            ),
            (
                |h| h.remove(HeaderIndex(0)),
                "X-A: 1\r\nx-b: 2\r\nX-a: 3\r\n",
            ),
        ];
        for (edit, expected) in cases {
            let mut headers = parsed();
            edit(&mut headers);
            assert_eq!(text(&headers), expected);
        }
    }

    #[test]
    fn an_edit_cannot_smuggle_a_line() {
        let mut headers = parsed();
        for (name, value) in [
            ("X", "a\r\nY: b"),
            ("X", "a\nb"),
            ("X", "a\0b"),
            ("X Y", "a"),
            ("X:", "a"),
            ("", "a"),
        ] {
            assert!(
                !headers.add(name.as_bytes(), value.as_bytes()),
                "{name}: {value}"
            );
            assert!(!headers.set(TEXT, name.as_bytes(), value.as_bytes()) || value == "a");
        }
        assert!(!headers.replace(HeaderIndex(0), b"a\rb"));
        assert_eq!(headers.value(TEXT, HeaderIndex(0)), b"a");
    }
}
