//! Schema versions: validation, and upgrade of old syntax to the current one.
