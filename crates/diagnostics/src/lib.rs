//! Messages about text that an operator wrote: where it stands, what is wrong with it, what was
//! meant.
//!
//! Owns: the source texts of one load (`Sources`), positions in them (`Span`), the messages
//! (`Diagnostic`) and their rendering. Must never: read files, exit, or know any configuration
//! language.
//!
//! ```text
//! text ── Sources::add ──► SourceId ── lexer ──► Span ── parser ──► Diagnostic ── render ──► terminal
//! ```

mod message;
mod nearest;
mod render;
mod source;

pub use message::{Diagnostic, Diagnostics, Severity};
pub use nearest::nearest;
pub use render::{render, render_line};
pub use source::{Position, SourceId, Sources, Span, Spanned};
