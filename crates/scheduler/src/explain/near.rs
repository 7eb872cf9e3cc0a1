//! What may have been meant by a name that is not known.

/// How many names are offered.
const OFFERS: usize = 3;

/// How long a name may be to be compared letter by letter: the work grows with the square.
const LONGEST: usize = 256;

/// The names that are nearest to `asked`: one contains the other, or few letters differ.
pub(super) fn nearest<'n>(asked: &str, names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let asked = asked.to_lowercase();
    let mut rated: Vec<(usize, &str)> = names
        .filter_map(|name| Some((distance(&asked, &name.to_lowercase())?, name)))
        .collect();
    rated.sort_unstable();
    rated.dedup();
    rated
        .into_iter()
        .take(OFFERS)
        .map(|(_, name)| name.to_owned())
        .collect()
}

/// How far two names are apart; `None` for too far.
fn distance(asked: &str, name: &str) -> Option<usize> {
    if asked.is_empty() || asked.len().max(name.len()) > LONGEST {
        return None;
    }
    let edits = edits(asked, name);
    let tolerated = asked.chars().count().max(3) / 3;
    let related = name.contains(asked) || asked.contains(name);
    (edits <= tolerated || related).then_some(edits)
}

/// How many letters have to be inserted, removed or replaced.
fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, &against) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != against);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names_are_offered() {
        let names = ["WebSite", "WebFS", "ClusterIP", "node1", "node10"];
        for (asked, expected) in [
            ("website", &["WebSite"][..]),
            ("WebSitte", &["WebSite"]),
            ("IP", &["ClusterIP"]),
            ("node2", &["node1"]),
            ("database", &[]),
            ("", &[]),
        ] {
            assert_eq!(nearest(asked, names.into_iter()), expected, "{asked}");
        }
    }
}
