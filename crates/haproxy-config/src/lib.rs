//! haproxy.cfg: text → typed configuration + diagnostics.
//!
//! Owns: the configuration language (words, quoting, environment, conditionals, sections,
//! keywords) and the typed model of what was configured. Must never: open a socket or a file, look
//! up a name, or know how anything is carried out. Conditions (`if …`), sample expressions and
//! rule actions stay words here; the `rules` crate owns their language.
//!
//! ```text
//! texts ──► words ──► conditionals ──► sections ──► defaults merged ──► Config
//!    └────────────┴──────────┴────────────┴───────────────┴──────────► Diagnostics
//! ```

pub mod model;
