//! Rules: ACLs, sample expressions and actions, from words to compiled programs.
//!
//! Owns: the language of conditions and actions, and what they do to a head. Must never: touch a
//! socket, a clock or a file, or look back at the configuration's text once compiled.
//!
//! ```text
//! Config ── compile ──► Programs ──► ProxyProgram ── request(head) ──► edits in the head + Verdict
//!              └► Diagnostics                     ├─ backend(head) ──► which backend
//!                                                 └─ response(head) ──► edits + Verdict
//! ```

mod acl;
mod action;
mod answer;
mod condition;
mod converter;
mod edit;
mod expression;
mod fetch;
mod fetch_names;
mod format;
mod names;
mod pattern;
mod program;
mod scope;
mod session;
mod value;
mod verdict;
mod words;

pub use program::{Programs, ProxyProgram, compile};
pub use scope::Inputs;
pub use session::{Answered, Live, Request, Response, Session, Tls};
pub use verdict::{ConnectionVerdict, Verdict};
