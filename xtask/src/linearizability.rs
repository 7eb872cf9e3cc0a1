//! `cargo xtask linearizability FILE`: whether one copy explains what clients saw.

use crate::Outcome;

const USAGE: &str = "usage: cargo xtask linearizability FILE";

/// The file's form is that of crate `linearizability`, module `history`.
pub fn run(arguments: &[String]) -> Outcome {
    let [path] = arguments else {
        return Err(USAGE.to_owned());
    };
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let history = ::linearizability::parse(&text).map_err(|error| format!("{path}: {error}"))?;
    ::linearizability::check(&history).map_err(|violation| format!("{path}: {violation}"))?;
    println!("{path}: one copy explains all {} operations", history.len());
    Ok(())
}
