//! Name-value sets (`meta_attributes`, `instance_attributes`, …): which pairs hold now.
