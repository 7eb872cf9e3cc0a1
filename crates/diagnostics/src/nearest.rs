//! The word that was probably meant.

/// The longest word that is compared at all: no word of any language here is nearly as long, and
/// the work grows with the length.
const LONGEST_WRITTEN_BYTES: usize = 100;

/// How many candidates are looked at: a text with many names and many mistakes stays quick to
/// refuse.
const MAX_CANDIDATES: usize = 1000;

/// The candidate nearest to `written`, or `None` where none is near enough to be worth naming.
///
/// Near enough is one edit for short words and about a third of the word's length for longer ones
/// (Damerau-Levenshtein distance: a swapped pair of letters counts once). Case does not count.
/// Between equally near candidates the first one wins.
pub fn nearest<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if written.len() > LONGEST_WRITTEN_BYTES {
        return None;
    }
    let written = written.to_lowercase();
    let limit = (written.chars().count() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates.into_iter().take(MAX_CANDIDATES) {
        let distance = strsim::damerau_levenshtein(&written, &candidate.to_lowercase());
        if distance <= limit && best.is_none_or(|(nearest, _)| distance < nearest) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_past_the_limit_is_near_to_nothing() {
        let word = |len| "a".repeat(len);
        let long = word(LONGEST_WRITTEN_BYTES);
        assert_eq!(nearest(&long, [long.as_str()]), Some(long.as_str()));
        assert_eq!(
            nearest(&word(LONGEST_WRITTEN_BYTES + 1), [long.as_str()]),
            None
        );
    }

    #[test]
    fn candidates_past_the_limit_are_not_looked_at() {
        let words = |others| std::iter::repeat_n("x", others).chain(["balance"]);
        assert_eq!(
            nearest("balence", words(MAX_CANDIDATES - 1)),
            Some("balance")
        );
        assert_eq!(nearest("balence", words(MAX_CANDIDATES)), None);
    }

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let words = ["balance", "bind", "backend", "stonith-enabled"];
        for (written, expected) in [
            ("balence", Some("balance")),
            ("bidn", Some("bind")),
            ("BIND", Some("bind")),
            ("stonith-enable", Some("stonith-enabled")),
            ("xyz", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, words), expected, "{written}");
        }
    }
}
