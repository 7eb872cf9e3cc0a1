#![allow(missing_docs)]
pub mod supervision;
fn main() {}
