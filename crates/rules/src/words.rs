//! The arguments of one keyword, such as `hdr(host,1)` with its converters `,lower,field(1,:)`.

/// A keyword with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) arguments: Vec<String>,
}

/// Takes a sample expression apart: the fetch first, then its converters.
///
/// In arguments, single quotes keep everything, double quotes keep all but backslashes, and a
/// backslash keeps the next character (`\r`, `\n` and `\t` are the control characters; before
/// other letters, digits and the dot it stays, for regular expressions).
pub(crate) fn calls(text: &str) -> Result<Vec<Call>, String> {
    let mut calls = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(['(', ',']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let (arguments, after) = match after.strip_prefix('(') {
            Some(inner) => arguments(inner)
                .ok_or_else(|| format!("the arguments of '{name}' lack their ')'"))?,
            None => (Vec::new(), after),
        };
        if !name.is_empty() {
            calls.push(Call {
                name: name.to_owned(),
                arguments,
            });
        } else if calls.is_empty() {
            return Err("a sample fetch is expected".to_owned());
        }
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(calls),
            None => return Err(format!("unexpected '{after}' after '{name}(…)'")),
        }
    }
}

/// The arguments up to the closing parenthesis, and what follows it.
fn arguments(text: &str) -> Option<(Vec<String>, &str)> {
    let mut list = Vec::new();
    let mut current = String::new();
    let mut quote = None;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('\''), _) => current.push(character),
            (_, '\\') => {
                let (_, next) = characters.next()?;
                match next {
                    'r' => current.push('\r'),
                    'n' => current.push('\n'),
                    't' => current.push('\t'),
                    // Classes and groups of regular expressions keep theirs.
                    _ if next.is_ascii_alphanumeric() || next == '.' => {
                        current.extend(['\\', next]);
                    }
                    _ => current.push(next),
                }
            }
            (None, '\'' | '"') => quote = Some(character),
            (None, ',') => list.push(std::mem::take(&mut current)),
            (None, ')') => {
                if !current.is_empty() || !list.is_empty() {
                    list.push(current);
                }
                return Some((list, &text[at + 1..]));
            }
            _ => current.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_come_apart_at_commas_outside_arguments() {
        let call = |name: &str, arguments: &[&str]| Call {
            name: name.to_owned(),
            arguments: arguments.iter().map(|text| (*text).to_owned()).collect(),
        };
        for (text, expected) in [
            ("path", Some(vec![call("path", &[])])),
            ("path()", Some(vec![call("path", &[])])),
            ("hdr(host,1)", Some(vec![call("hdr", &["host", "1"])])),
            (
                "hdr(host),lower,field(1,:)",
                Some(vec![
                    call("hdr", &["host"]),
                    call("lower", &[]),
                    call("field", &["1", ":"]),
                ]),
            ),
            (
                "path,regsub('(a),b','\"',g)",
                Some(vec![
                    call("path", &[]),
                    call("regsub", &["(a),b", "\"", "g"]),
                ]),
            ),
            ("str(a\\,b\\))", Some(vec![call("str", &["a,b)"])])),
            ("str(\"a\\\"b\")", Some(vec![call("str", &["a\"b"])])),
            ("concat(a,,b)", Some(vec![call("concat", &["a", "", "b"])])),
            (
                "path,,lower",
                Some(vec![call("path", &[]), call("lower", &[])]),
            ),
            ("hdr(host", None),
            ("hdr(host)x", None),
            ("", None),
        ] {
            assert_eq!(calls(text).ok(), expected, "{text}");
        }
    }
}
