//! What XML 1.0 allows in names and in text.

/// Where the first character is that no document may hold.
pub(super) fn forbidden(text: &str) -> Option<usize> {
    let control = text
        .bytes()
        .position(|byte| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r'));
    let none = || text.find('\u{fffe}').or_else(|| text.find('\u{ffff}'));
    control.or_else(none)
}

/// Whether `text` is a name as nearly all are: in ASCII, without a prefix.
pub(super) fn is_plain_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|first| first == b'_' || first.is_ascii_alphabetic())
        && bytes.all(|it| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-' | b'.'))
}

/// Whether `text` is a name.
pub(super) fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(begins_name) && characters.all(continues_name)
}

/// `text` as an id: what no name may begin with becomes a low line, what no name may have a full stop
/// for each of its bytes.
#[must_use]
pub fn sanitized_id(text: &str) -> String {
    let mut id = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        let dots = match at {
            0 if !begins_name(character) => {
                id.push('_');
                character.len_utf8() - 1
            }
            1.. if !continues_name(character) => character.len_utf8(),
            _ => {
                id.push(character);
                0
            }
        };
        id.extend(std::iter::repeat_n('.', dots));
    }
    id
}

fn begins_name(character: char) -> bool {
    matches!(
        character,
        ':' | '_'
            | 'a'..='z'
            | 'A'..='Z'
            | '\u{c0}'..='\u{d6}'
            | '\u{d8}'..='\u{f6}'
            | '\u{f8}'..='\u{2ff}'
            | '\u{370}'..='\u{37d}'
            | '\u{37f}'..='\u{1fff}'
            | '\u{200c}'..='\u{200d}'
            | '\u{2070}'..='\u{218f}'
            | '\u{2c00}'..='\u{2fef}'
            | '\u{3001}'..='\u{d7ff}'
            | '\u{f900}'..='\u{fdcf}'
            | '\u{fdf0}'..='\u{fffd}'
            | '\u{10000}'..='\u{effff}'
    )
}

fn continues_name(character: char) -> bool {
    begins_name(character)
        || matches!(
            character,
            '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}'
        )
}

#[cfg(test)]
mod tests {
    use super::sanitized_id;

    #[test]
    fn ids_are_names() {
        for (text, id) in [
            ("a-b.c_d:e1", "a-b.c_d:e1"),
            ("2-fail-count-a#stop_0", "_-fail-count-a.stop_0"),
            ("\u{2022}b\u{2022}", "_..b..."),
        ] {
            assert_eq!(sanitized_id(text), id);
        }
    }
}
