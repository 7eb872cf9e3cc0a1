//! `NAME=VALUE` words.

use super::session::Refusal;

/// Names with their values, in the order in which they were written.
pub(crate) type Pairs = Vec<(String, String)>;

/// Reads `NAME=VALUE` words; the same name twice is refused unless the value is the same.
pub(crate) fn parse(words: &[String]) -> Result<Pairs, Refusal> {
    let mut pairs = Pairs::new();
    for word in words {
        let Some((name, value)) = word.split_once('=') else {
            return Err(Refusal::said(format!("missing value of '{word}' option")));
        };
        if name.is_empty() {
            return Err(Refusal::said(format!("missing key in '{word}' option")));
        }
        match get(&pairs, name) {
            Some(other) if other != value => {
                return Err(Refusal::said(format!(
                    "duplicate option '{name}' with different values '{other}' and '{value}'"
                )));
            }
            Some(_) => {}
            None => pairs.push((name.to_owned(), value.to_owned())),
        }
    }
    Ok(pairs)
}

/// The value of `name`.
pub(crate) fn get<'p>(pairs: &'p Pairs, name: &str) -> Option<&'p str> {
    let found = pairs.iter().find(|(it, _)| it == name);
    found.map(|(_, value)| value.as_str())
}

/// Takes `name` out.
pub(crate) fn take(pairs: &mut Pairs, name: &str) -> Option<String> {
    let at = pairs.iter().position(|(it, _)| it == name)?;
    Some(pairs.remove(at).1)
}

/// In the order of their names, as pcs writes new sets.
pub(crate) fn sorted(mut pairs: Pairs) -> Pairs {
    pairs.sort();
    pairs
}

/// Words as pcs lists them: quoted, sorted, set apart by commas.
pub(crate) fn quoted<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let mut names: Vec<String> = names.into_iter().map(|name| format!("'{name}'")).collect();
    names.sort();
    names.join(", ")
}
