//! Before anything is decided: the configuration spelled out.
//!
//! What comes out is a CIB of its own, in which
//! - each guest (a resource with the meta-attribute `remote-node`) has the connection resource to
//!   its guest node at the end of the resources ([`guest`]);
//! - a resource made from a template has the template's content ([`template`]);
//! - operations that are a reference to others are those others ([`operations`]);
//! - a bundle holds what it implies: a `<clone>` of the primitive inside, and for each replica a
//!   `<replica>` with the container, the address and the connection ([`bundle`]).
//!
//! Nothing is said here of what is wrong: what cannot be spelled out stays as it is, and is refused
//! when resources are read (see `configuration`).

mod build;
pub(crate) mod bundle;
mod guest;
mod operations;
mod template;
#[cfg(test)]
mod tests;

pub(crate) use template::{is_mark, missing_template};

use cib::xml::Document;

/// The expanded copy of `cib`.
#[must_use]
pub fn expand(cib: &Document) -> Document {
    let mut expanded = cib.clone();
    let resources = cib
        .root()
        .child("configuration")
        .and_then(|configuration| configuration.child("resources"));
    if let Some(resources) = resources {
        guest::expand(&mut expanded, resources);
        template::expand(&mut expanded, resources);
        operations::expand(&mut expanded);
        bundle::expand(&mut expanded, resources);
    }
    expanded
}
