//! `cargo xtask tidy`: what a reviewer should never have to say.

use std::path::{Path, PathBuf};

use crate::{Outcome, complete};

/// One look at the whole tree.
type Check = fn() -> Outcome;

/// Formatting, clippy as errors, licences, links in the documents. All are run; the first failure
/// is the outcome.
pub fn run() -> Outcome {
    let checks: [(&str, Check); 4] = [
        ("formatting", formatting),
        ("clippy", clippy),
        ("licences", licences),
        ("links in the documents", links),
    ];
    let mut outcome = Ok(());
    for (name, check) in checks {
        match check() {
            Ok(()) => println!("tidy: {name}: ok"),
            Err(message) => {
                println!("tidy: {name}: {message}");
                outcome = outcome.and(Err(format!("{name} is not tidy")));
            }
        }
    }
    outcome
}

fn formatting() -> Outcome {
    complete(
        crate::cargo().args(["fmt", "--all", "--check"]),
        "cargo fmt --check",
    )
}

fn clippy() -> Outcome {
    complete(
        crate::cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]),
        "cargo clippy",
    )
}

/// Every crate that we build on has a licence from the list in `deny.toml`.
///
/// `cargo deny check` reads the same list and also knows advisories; this needs no installation.
fn licences() -> Outcome {
    let text = read(&crate::root().join("deny.toml"))?;
    let table: toml::Table = text
        .parse()
        .map_err(|error| format!("deny.toml: {error}"))?;
    let allowed: Vec<&str> = table
        .get("licenses")
        .and_then(|licenses| licenses.get("allow"))
        .and_then(toml::Value::as_array)
        .ok_or("deny.toml has no list licenses.allow")?
        .iter()
        .filter_map(toml::Value::as_str)
        .collect();
    let output = crate::cargo()
        .args(["metadata", "--format-version", "1", "--locked"])
        .output()
        .map_err(|error| format!("cargo metadata could not be started: {error}"))?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cargo metadata: {error}"))?;
    let packages = metadata["packages"]
        .as_array()
        .ok_or("cargo metadata lists no packages")?;
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| !satisfied(package["license"].as_str().unwrap_or(""), &allowed))
        .map(|package| format!("{} ({})", package["name"], package["license"]))
        .collect();
    if refused.is_empty() {
        Ok(())
    } else {
        Err(format!("not allowed: {}", refused.join(", ")))
    }
}

/// Whether an SPDX expression can be met with the allowed licences: some alternative of `OR` has
/// all its parts of `AND` allowed. The innermost parentheses are judged first and stand for a
/// licence that is allowed, or not, from then on.
fn satisfied(expression: &str, allowed: &[&str]) -> bool {
    const MET: &str = "met";
    let mut expression = expression.replace('/', " OR ");
    let judge = |expression: &str| {
        expression.split(" OR ").any(|alternative| {
            alternative
                .split(" AND ")
                .map(str::trim)
                .all(|part| part == MET || allowed.contains(&part))
        })
    };
    while let Some(close) = expression.find(')') {
        let Some(open) = expression[..close].rfind('(') else {
            return false;
        };
        let verdict = if judge(&expression[open + 1..close]) {
            MET
        } else {
            "unmet"
        };
        expression.replace_range(open..=close, verdict);
    }
    judge(&expression)
}

/// Every relative link in a Markdown file leads to a file.
fn links() -> Outcome {
    let root = crate::root();
    let mut broken = Vec::new();
    for document in documents(&root)? {
        let text = read(&document)?;
        for target in link_targets(&text) {
            let target = target.split('#').next().unwrap_or("");
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let folder = document.parent().unwrap_or(&root);
            if !folder.join(target).exists() {
                let name = document.strip_prefix(&root).unwrap_or(&document);
                broken.push(format!("{} → {target}", name.display()));
            }
        }
    }
    if broken.is_empty() {
        Ok(())
    } else {
        Err(format!("broken: {}", broken.join(", ")))
    }
}

/// The targets of `[text](target)`.
fn link_targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
}

fn documents(root: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder)
            .map_err(|error| format!("cannot list {}: {error}", folder.display()))?;
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() && name != "target" && !name.to_string_lossy().starts_with('.') {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{link_targets, satisfied};

    #[test]
    fn licence_expressions() {
        let allowed = ["MIT", "Apache-2.0", "ISC"];
        for (expression, expected) in [
            ("MIT OR Apache-2.0", true),
            ("MIT/Apache-2.0", true),
            ("GPL-3.0 OR MIT", true),
            ("ISC AND GPL-3.0", false),
            ("ISC AND (Apache-2.0 OR GPL-3.0)", true),
            ("ISC AND (GPL-2.0 OR GPL-3.0)", false),
            ("ISC AND (MIT OR GPL-2.0) AND (Apache-2.0 OR GPL-3.0)", true),
            ("((GPL-2.0 AND MIT) OR ISC) AND GPL-3.0", false),
            ("MIT)", false),
            ("", false),
        ] {
            assert_eq!(satisfied(expression, &allowed), expected, "{expression}");
        }
    }

    #[test]
    fn links_are_found_in_text() {
        let targets: Vec<_> = link_targets("see [a](b.md) and [c](d.md#e), not (f)").collect();
        assert_eq!(targets, ["b.md", "d.md#e"]);
    }
}
