//! Text to tree: lines with everything expanded, words, blocks.

mod definitions;
mod lines;
mod sequence;
mod tree;
mod words;

pub(crate) use lines::Reader;
pub(crate) use tree::{Statement, grow};
pub(crate) use words::{Word, arguments};
