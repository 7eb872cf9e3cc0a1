//! Short options that were joined, taken apart.
//!
//! `-sSQ` becomes `-s -S -Q`, and `-Sx file` becomes `-S -x file`. An argument that is joined to its
//! option (`-xfile`) is taken off it, with a notice: that is deprecated. What follows an option that
//! takes an argument is left as it is, whatever it looks like; so are `-INFINITY` and negative
//! numbers, which are meant as arguments, and everything after `--`.

use std::fmt::Write as _;

/// Takes `arguments` apart. `letters_with_argument` are the short options that take one. What there
/// is to say goes to `notices`.
pub(super) fn take_apart(
    arguments: &[String],
    letters_with_argument: &str,
    notices: &mut String,
) -> Vec<String> {
    let mut words = Vec::with_capacity(arguments.len());
    let mut arguments = arguments.iter();
    while let Some(word) = arguments.next() {
        if word == "--" {
            words.push(word.clone());
            break;
        }
        let Some(letters) = word.strip_prefix('-').filter(|_| is_joined(word)) else {
            words.push(word.clone());
            continue;
        };
        for (index, letter) in letters.char_indices() {
            words.push(format!("-{letter}"));
            if !letters_with_argument.contains(letter) {
                continue;
            }
            let attached = &letters[index + letter.len_utf8()..];
            if attached.is_empty() {
                words.extend(arguments.next().cloned());
            } else {
                // Writing to a String cannot fail.
                let _ = write!(
                    notices,
                    "Deprecated argument format '-{letter}{attached}' used.\n\
                     Please use '-{letter} {attached}' instead.  \
                     Support will be removed in a future release.\n"
                );
                words.push(attached.to_owned());
            }
            break;
        }
    }
    words.extend(arguments.cloned());
    words
}

/// Whether `word` is made of short options.
fn is_joined(word: &str) -> bool {
    let Some(letters) = word.strip_prefix('-') else {
        return false;
    };
    let is_number = letters.bytes().all(|byte| byte.is_ascii_digit())
        && letters.bytes().next().is_some_and(|first| first != b'0');
    !letters.is_empty() && !letters.starts_with('-') && word != "-INFINITY" && !is_number
}

#[cfg(test)]
mod tests {
    use super::take_apart;

    #[test]
    fn joined_options_are_taken_apart() {
        let check = |line: &str, expected: &str| {
            let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
            let mut notices = String::new();
            let apart = take_apart(&words, "xi", &mut notices).join(" ");
            assert_eq!(apart, expected, "{line}");
            assert_eq!(notices.is_empty(), apart == line || !line.contains("xf"));
        };
        check("-sSQ", "-s -S -Q");
        check("-Sx file -Q", "-S -x file -Q");
        check("-Sxfile -Q", "-S -x file -Q");
        check("-x -S -Q", "-x -S -Q");
        check("-12 -012 -1x -INFINITY -", "-12 -0 -1 -2 -1 -x -INFINITY -");
        check("--xml-file -ab", "--xml-file -a -b");
        check("-a -- -bc -- -d", "-a -- -bc -- -d");
    }
}
