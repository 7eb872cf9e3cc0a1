//! Text to query.

use super::{
    Axis, Comparison, Expression, Function, MAX_DEPTH, MAX_LEN_BYTES, Path, QueryError, Step,
};

const FUNCTIONS: [(&str, Function, usize); 9] = [
    ("not", Function::Not, 1),
    ("true", Function::True, 0),
    ("false", Function::False, 0),
    ("position", Function::Position, 0),
    ("last", Function::Last, 0),
    ("count", Function::Count, 1),
    ("contains", Function::Contains, 2),
    ("starts-with", Function::StartsWith, 2),
    ("name", Function::Name, 0),
];

/// The longer ones first.
const COMPARISONS: [(&str, Comparison); 6] = [
    ("!=", Comparison::NotEqual),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("=", Comparison::Equal),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

pub(super) fn query(text: &str) -> Result<Expression, QueryError> {
    let mut reader = Reader {
        rest: text,
        depth: 0,
    };
    let problem = if text.len() > MAX_LEN_BYTES {
        format!("no more than {MAX_LEN_BYTES} bytes expected")
    } else {
        match reader.union() {
            Ok(expression) if reader.at_end() => return Ok(expression),
            Ok(_) => "nothing more expected".to_owned(),
            Err(problem) => problem,
        }
    };
    let before = &text[..text.len() - reader.rest.len()];
    Err(QueryError::Syntax {
        query: text.to_owned(),
        problem,
        position: before.chars().count() + 1,
    })
}

struct Reader<'t> {
    rest: &'t str,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn or(&mut self) -> Result<Expression, String> {
        if self.depth >= MAX_DEPTH {
            return Err(format!("no deeper nesting than {MAX_DEPTH} expected"));
        }
        self.depth += 1;
        let mut left = self.and()?;
        while self.takes_word("or") {
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression, String> {
        let mut left = self.comparison()?;
        while self.takes_word("and") {
            left = Expression::And(Box::new(left), Box::new(self.comparison()?));
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Result<Expression, String> {
        let left = self.operand()?;
        let found = COMPARISONS.into_iter().find(|(sign, _)| self.takes(sign));
        Ok(match found {
            Some((_, comparison)) => {
                let right = self.operand()?;
                Expression::Compare(comparison, Box::new(left), Box::new(right))
            }
            None => left,
        })
    }

    fn operand(&mut self) -> Result<Expression, String> {
        self.skip_blank();
        for quote in ['\'', '"'] {
            if let Some(rest) = self.rest.strip_prefix(quote) {
                let (text, rest) = rest
                    .split_once(quote)
                    .ok_or("the end of the text expected")?;
                self.rest = rest;
                return Ok(Expression::Text(text.to_owned()));
            }
        }
        if let Some(number) = self.number() {
            return Ok(Expression::Number(number));
        }
        if self.takes("(") {
            let inner = self.or()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if let Some(call) = self.call()? {
            return Ok(call);
        }
        self.union()
    }

    fn number(&mut self) -> Option<f64> {
        let unsigned = self.rest.strip_prefix('-').unwrap_or(self.rest);
        if !unsigned.starts_with(|it: char| it.is_ascii_digit()) {
            return None;
        }
        let sign_len = self.rest.len() - unsigned.len();
        let len = unsigned
            .find(|it: char| !it.is_ascii_digit() && it != '.')
            .unwrap_or(unsigned.len());
        let (number, rest) = self.rest.split_at(sign_len + len);
        let value = number.parse().ok()?;
        self.rest = rest;
        Some(value)
    }

    fn call(&mut self) -> Result<Option<Expression>, String> {
        let found = FUNCTIONS.into_iter().find_map(|(name, function, count)| {
            let rest = self.rest.strip_prefix(name)?.trim_start();
            Some((function, count, rest.strip_prefix('(')?))
        });
        let Some((function, count, rest)) = found else {
            return Ok(None);
        };
        self.rest = rest;
        let mut arguments = Vec::new();
        for number in 0..count {
            if number > 0 {
                self.expect(",")?;
            }
            arguments.push(self.or()?);
        }
        self.expect(")")?;
        Ok(Some(Expression::Call(function, arguments)))
    }

    fn union(&mut self) -> Result<Expression, String> {
        let mut paths = vec![self.path()?];
        while self.takes("|") {
            paths.push(self.path()?);
        }
        Ok(Expression::Union(paths))
    }

    fn path(&mut self) -> Result<Path, String> {
        let mut steps = Vec::new();
        let is_absolute = self.takes_slashes(&mut steps);
        if is_absolute && steps.is_empty() && !self.at_step() {
            return Ok(Path { is_absolute, steps });
        }
        steps.push(self.step()?);
        while self.takes_slashes(&mut steps) {
            steps.push(self.step()?);
        }
        Ok(Path { is_absolute, steps })
    }

    /// Takes `/`, or `//` with the step that it stands for.
    fn takes_slashes(&mut self, steps: &mut Vec<Step>) -> bool {
        if self.takes("//") {
            steps.push(Step {
                axis: Axis::DescendantOrSelf,
                name: None,
                predicates: Vec::new(),
            });
            return true;
        }
        self.takes("/")
    }

    fn at_step(&mut self) -> bool {
        self.skip_blank();
        self.rest
            .starts_with(|it: char| matches!(it, '*' | '@' | '.') || is_name_start(it))
    }

    fn step(&mut self) -> Result<Step, String> {
        let (axis, name) = if self.takes("..") {
            (Axis::Parent, None)
        } else if self.takes(".") {
            (Axis::Itself, None)
        } else if self.takes("@") {
            (Axis::Attribute, self.name()?)
        } else {
            (Axis::Child, self.name()?)
        };
        let mut predicates = Vec::new();
        while self.takes("[") {
            predicates.push(self.or()?);
            self.expect("]")?;
        }
        Ok(Step {
            axis,
            name,
            predicates,
        })
    }

    /// A name, or `*` for any.
    fn name(&mut self) -> Result<Option<String>, String> {
        if self.takes("*") {
            return Ok(None);
        }
        self.skip_blank();
        let is_part = |it: char| is_name_start(it) || it.is_numeric() || matches!(it, '-' | '.');
        if !self.rest.starts_with(is_name_start) {
            return Err("a name expected".to_owned());
        }
        let end = self.rest.find(|it| !is_part(it)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if rest.starts_with(['(', ':']) {
            return Err("a function or axis that is known expected".to_owned());
        }
        self.rest = rest;
        Ok(Some(name.to_owned()))
    }

    fn expect(&mut self, text: &str) -> Result<(), String> {
        if self.takes(text) {
            Ok(())
        } else {
            Err(format!("'{text}' expected"))
        }
    }

    fn takes(&mut self, text: &str) -> bool {
        self.skip_blank();
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes an operator that is a word: one with something behind it that is no part of a name.
    fn takes_word(&mut self, word: &str) -> bool {
        self.skip_blank();
        let rest: Option<&'t str> = self.rest.strip_prefix(word);
        match rest.filter(|rest| !rest.starts_with(|it: char| is_name_start(it) || it == '-')) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn at_end(&mut self) -> bool {
        self.skip_blank();
        self.rest.is_empty()
    }

    fn skip_blank(&mut self) {
        self.rest = self.rest.trim_start();
    }
}

fn is_name_start(character: char) -> bool {
    character == '_' || character.is_alphabetic()
}
