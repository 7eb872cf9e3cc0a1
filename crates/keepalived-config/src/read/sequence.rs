//! `~SEQ(…)` and `~LST(…)`: the rest of the line once for each value.

/// What a line with a sequence asks for: for each round, the names and what they stand for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sequence<'a> {
    pub(super) rounds: Vec<Vec<(String, String)>>,
    pub(super) rest: &'a str,
}

/// The most rounds of one sequence.
pub(super) const MAX_ROUNDS: usize = 65_536;

/// Reads a sequence at the start of a line; `None` where the line starts with none. `expand`
/// replaces parameters in the bounds of a `~SEQ`.
pub(super) fn read(
    line: &str,
    expand: impl FnOnce(&str) -> String,
) -> Option<Result<Sequence<'_>, String>> {
    if let Some(after) = line.strip_prefix("~SEQ") {
        let (hexadecimal, after) = match after.strip_prefix('x') {
            Some(after) => (true, after),
            None => (false, after),
        };
        return Some(numbers(after, hexadecimal, expand));
    }
    line.strip_prefix("~LST").map(list)
}

fn inside(after: &str) -> Result<(&str, &str), String> {
    after
        .trim_start()
        .strip_prefix('(')
        .and_then(|after| after.split_once(')'))
        .map(|(inside, rest)| (inside, rest.trim_start()))
        .ok_or_else(|| "expected '(…)' after ~SEQ or ~LST".to_owned())
}

fn numbers(
    after: &str,
    hexadecimal: bool,
    expand: impl FnOnce(&str) -> String,
) -> Result<Sequence<'_>, String> {
    let (inside, rest) = inside(after)?;
    let (name, bounds) = inside
        .split_once(',')
        .ok_or("~SEQ needs a name and at least one number")?;
    let name = name.trim();
    let bounds = expand(bounds)
        .split(',')
        .map(number)
        .collect::<Result<Vec<i64>, String>>()?;
    let (start, step, end) = match bounds[..] {
        [end] => (
            if end < 0 { -1 } else { 1 },
            if end < 1 { -1 } else { 1 },
            end,
        ),
        [start, end] => (start, if start <= end { 1 } else { -1 }, end),
        [start, step, end] => (start, step, end),
        _ => return Err("~SEQ takes one to three numbers".to_owned()),
    };
    if step == 0 || (start < end && step < 0) || (start > end && step > 0) {
        return Err(format!(
            "from {start} to {end} in steps of {step} has no end"
        ));
    }
    if hexadecimal && (start < 0 || end < 0) {
        return Err("~SEQx is for positive numbers only".to_owned());
    }
    let mut rounds = Vec::new();
    let mut next = start;
    while (step > 0 && next <= end) || (step < 0 && next >= end) {
        let text = if hexadecimal {
            format!("{next:x}")
        } else {
            next.to_string()
        };
        rounds.push(vec![(name.to_owned(), text)]);
        if rounds.len() > MAX_ROUNDS {
            return Err(format!("more than {MAX_ROUNDS} rounds"));
        }
        let Some(following) = next.checked_add(step) else {
            break;
        };
        next = following;
    }
    Ok(Sequence { rounds, rest })
}

/// Decimal, `0x…` hexadecimal or `0…` octal, as `strtol` reads it.
fn number(text: &str) -> Result<i64, String> {
    let trimmed = text.trim();
    let (negative, digits) = match trimmed.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, trimmed),
    };
    let value = if let Some(digits) = digits.strip_prefix("0x") {
        i64::from_str_radix(digits, 16)
    } else if digits.len() > 1 && digits.starts_with('0') {
        i64::from_str_radix(digits, 8)
    } else {
        digits.parse()
    };
    match value {
        Ok(value) if !digits.starts_with(['-', '+']) => Ok(if negative { -value } else { value }),
        _ => Err(format!("'{trimmed}' is not a number")),
    }
}

fn list(after: &str) -> Result<Sequence<'_>, String> {
    let (inside, rest) = inside(after)?;
    let mut groups = groups(inside)?.into_iter();
    let names = groups.next().ok_or("~LST needs a name")?;
    let mut rounds = Vec::new();
    for mut values in groups {
        if values.len() > names.len() {
            return Err("more values than names".to_owned());
        }
        values.resize(names.len(), String::new());
        rounds.push(names.iter().cloned().zip(values).collect());
    }
    if rounds.is_empty() {
        return Err("~LST needs at least one value".to_owned());
    }
    if rounds.len() > MAX_ROUNDS {
        return Err(format!("more than {MAX_ROUNDS} rounds"));
    }
    Ok(Sequence { rounds, rest })
}

/// `a, b` as two groups of one, `{a, b}, {c, d}` as two groups of two.
fn groups(mut text: &str) -> Result<Vec<Vec<String>>, String> {
    let mut groups = Vec::new();
    loop {
        text = text.trim_start();
        let (group, after) = if let Some(inside) = text.strip_prefix('{') {
            let (group, after) = inside.split_once('}').ok_or("'{' without '}'")?;
            let words = group.split(',').map(|word| word.trim().to_owned());
            (words.collect(), after.trim_start())
        } else {
            let end = text.find(',').unwrap_or(text.len());
            (vec![text[..end].trim().to_owned()], &text[end..])
        };
        groups.push(group);
        match after.strip_prefix(',') {
            Some(more) => text = more,
            None if after.is_empty() => return Ok(groups),
            None => return Err(format!("expected ',' before '{after}'")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(line: &str) -> Result<String, String> {
        let sequence = read(line, str::to_owned).unwrap()?;
        let rounds: Vec<String> = sequence
            .rounds
            .iter()
            .map(|round| {
                let pairs: Vec<String> = round.iter().map(|(n, v)| format!("{n}={v}")).collect();
                pairs.join("+")
            })
            .collect();
        Ok(format!("{} | {}", rounds.join(" "), sequence.rest))
    }

    #[test]
    fn the_examples_of_the_manual() {
        for (line, expected) in [
            ("~SEQ(S, 0, 3) ip ${S}", "S=0 S=1 S=2 S=3 | ip ${S}"),
            ("~SEQx(S, 144, 16, 192) x", "S=90 S=a0 S=b0 S=c0 | x"),
            ("~SEQx(S,0x12, -1, 0x10) x", "S=12 S=11 S=10 | x"),
            ("~SEQ(S,3)x", "S=1 S=2 S=3 | x"),
            ("~SEQ(S,-2) x", "S=-1 S=-2 | x"),
            ("~LST(IP, 1, 2) ~LST(B, 3) y", "IP=1 IP=2 | ~LST(B, 3) y"),
            ("~LST({A, B}, {10,1},{20}) z", "A=10+B=1 A=20+B= | z"),
        ] {
            assert_eq!(values(line).as_deref(), Ok(expected), "{line}");
        }
    }

    #[test]
    fn what_has_no_end_or_no_sense_is_refused() {
        for line in [
            "~SEQ",
            "~SEQ(A)",
            "~SEQ(A,x)",
            "~SEQ(A,1,0,3)",
            "~SEQ(A,1,-1,3)",
            "~SEQ(A,1,2,3,4)",
            "~SEQ(A,1,1000000)",
            "~SEQx(A,-1)",
            "~LST(A)",
            "~LST({A,B}, {1,2,3})",
            "~LST({A,B)",
            "~LST(A, {1} 2)",
        ] {
            assert!(values(line).is_err(), "{line}");
        }
    }
}
