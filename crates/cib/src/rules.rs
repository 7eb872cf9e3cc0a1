//! Rules: when a part of the configuration holds.
