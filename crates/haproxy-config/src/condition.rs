//! The expressions of `.if`, `.elif` and `-cc` (configuration.txt section 2.4).
//!
//! ```text
//! or    = and   { "||" and }
//! and   = term  { "&&" term }
//! term  = { "!" } ( integer | predicate | "(" or ")" )
//! ```

use std::collections::BTreeMap;

use crate::input::Process;
use crate::version::Version;

/// How deep parentheses may nest.
pub const MAX_CONDITION_DEPTH: usize = 100;

/// Every predicate and how many arguments it takes.
const PREDICATES: [(&str, usize); 14] = [
    ("awslc_api_atleast", 1),
    ("awslc_api_before", 1),
    ("defined", 1),
    ("enabled", 1),
    ("feature", 1),
    ("fips_mode", 0),
    ("openssl_version_atleast", 1),
    ("openssl_version_before", 1),
    ("ssllib_name_startswith", 1),
    ("streq", 2),
    ("strneq", 2),
    ("strstr", 2),
    ("version_atleast", 1),
    ("version_before", 1),
];

/// The value of an expression whose quotes and variables are already resolved; empty is false.
pub(crate) fn evaluate(
    text: &str,
    environment: &BTreeMap<String, String>,
    process: &Process,
) -> Result<bool, String> {
    let mut parser = Parser {
        rest: text.trim_matches(BLANKS),
        depth: 0,
        environment,
        process,
    };
    if parser.rest.is_empty() {
        return Ok(false);
    }
    let value = parser.or()?;
    if parser.rest.is_empty() {
        Ok(value)
    } else {
        Err(format!(
            "unexpected '{}' after the condition; expected '&&', '||' or nothing",
            parser.rest
        ))
    }
}

const BLANKS: [char; 2] = [' ', '\t'];

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
    environment: &'a BTreeMap<String, String>,
    process: &'a Process,
}

impl Parser<'_> {
    fn or(&mut self) -> Result<bool, String> {
        let mut value = self.and()?;
        while self.take("||") {
            value |= self.and()?;
        }
        Ok(value)
    }

    fn and(&mut self) -> Result<bool, String> {
        let mut value = self.term()?;
        while self.take("&&") {
            value &= self.term()?;
        }
        Ok(value)
    }

    fn term(&mut self) -> Result<bool, String> {
        let mut negated = false;
        while self.take("!") {
            negated = !negated;
        }
        let value = if self.rest.is_empty() {
            return Err("a condition is missing at the end of the expression".to_owned());
        } else if let Some(number) = self.integer() {
            number
        } else if self.take("(") {
            self.depth += 1;
            if self.depth > MAX_CONDITION_DEPTH {
                return Err(format!(
                    "parentheses nest at most {MAX_CONDITION_DEPTH} deep"
                ));
            }
            let value = self.or()?;
            self.depth -= 1;
            if !self.take(")") {
                return Err("a parenthesis is never closed".to_owned());
            }
            value
        } else {
            self.predicate()?
        };
        Ok(value != negated)
    }

    /// Takes a symbol and the blanks around it.
    fn take(&mut self, symbol: &str) -> bool {
        let trimmed = self.rest.trim_start_matches(BLANKS);
        match trimmed.strip_prefix(symbol) {
            Some(rest) => {
                self.rest = rest.trim_start_matches(BLANKS);
                true
            }
            None => false,
        }
    }

    fn integer(&mut self) -> Option<bool> {
        let unsigned = self.rest.trim_start_matches(['-', '+']);
        let len = unsigned.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = unsigned.split_at(len);
        if digits.is_empty() || self.rest.len() - unsigned.len() > 1 {
            return None;
        }
        self.rest = rest.trim_start_matches(BLANKS);
        Some(digits.bytes().any(|digit| digit != b'0'))
    }

    fn predicate(&mut self) -> Result<bool, String> {
        let len = self.rest.find([' ', '(']).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(len);
        let Some((name, wanted)) = PREDICATES.into_iter().find(|(known, _)| *known == name) else {
            let names = PREDICATES.map(|(known, _)| known);
            let hint = diagnostics::nearest(name, names)
                .map_or_else(String::new, |near| format!("; did you mean '{near}'?"));
            return Err(format!("unknown condition '{name}'{hint}"));
        };
        let (arguments, rest) = if let Some(inside) = rest.strip_prefix('(') {
            arguments(inside).ok_or_else(|| format!("'{name}(' is never closed"))?
        } else {
            (Vec::new(), rest)
        };
        let all_empty = arguments.iter().all(String::is_empty);
        let given = if all_empty && arguments.len() == 1 {
            0
        } else {
            arguments.len()
        };
        if given != wanted {
            let plural = if wanted == 1 { "" } else { "s" };
            return Err(format!(
                "'{name}' takes {wanted} argument{plural}, {given} given"
            ));
        }
        self.rest = rest.trim_start_matches(BLANKS);
        self.value(name, &arguments)
    }

    fn value(&self, name: &str, arguments: &[String]) -> Result<bool, String> {
        let text = |index: usize| arguments.get(index).map_or("", String::as_str);
        let first = text(0);
        let process = self.process;
        Ok(match name {
            "defined" => self.environment.contains_key(first),
            "feature" => process.features.contains(first),
            "enabled" => process.enabled.contains(first),
            "fips_mode" => process.fips_mode,
            "streq" => first == text(1),
            "strneq" => first != text(1),
            "strstr" => first.contains(text(1)),
            "version_atleast" => process.version >= version(first)?,
            "version_before" => process.version < version(first)?,
            "ssllib_name_startswith" => process
                .tls_library
                .as_ref()
                .is_some_and(|(name, _)| name.starts_with(first)),
            "openssl_version_atleast" => self
                .tls_version()?
                .is_some_and(|ours| version(first).is_ok_and(|asked| ours >= asked)),
            "openssl_version_before" => self
                .tls_version()?
                .is_some_and(|ours| version(first).is_ok_and(|asked| ours < asked)),
            "awslc_api_atleast" => {
                compare_api(process.awslc_api, first, |ours, asked| ours >= asked)?
            }
            "awslc_api_before" => {
                compare_api(process.awslc_api, first, |ours, asked| ours < asked)?
            }
            _ => return Err(format!("unknown condition '{name}'")),
        })
    }

    fn tls_version(&self) -> Result<Option<Version>, String> {
        self.process
            .tls_library
            .as_ref()
            .map(|(_, number)| version(number))
            .transpose()
    }
}

fn version(text: &str) -> Result<Version, String> {
    text.parse()
        .map_err(|()| format!("'{text}' is not a version such as '3.5', '2.4.1' or '3.5-dev2'"))
}

fn compare_api(
    ours: Option<u32>,
    asked: &str,
    matches: impl Fn(u32, u32) -> bool,
) -> Result<bool, String> {
    let asked = asked
        .parse()
        .map_err(|_| format!("'{asked}' is not an API number"))?;
    Ok(ours.is_some_and(|ours| matches(ours, asked)))
}

/// Reads arguments up to the closing parenthesis, with their own level of quotes and backslashes.
/// Returns them and what follows the parenthesis.
fn arguments(text: &str) -> Option<(Vec<String>, &str)> {
    let mut arguments = vec![String::new()];
    let mut quote = None;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        let current = arguments.last_mut()?;
        match (quote, character) {
            (None, ')') => return Some((arguments, &text[at + 1..])),
            (None, ',') => arguments.push(String::new()),
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None | Some('"'), '\\') => match characters.next() {
                Some((_, next @ (' ' | '\\' | '"' | '\'' | ',' | ')' | '('))) => current.push(next),
                Some((_, next)) => current.extend(['\\', next]),
                None => return None,
            },
            _ => current.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process() -> Process {
        Process {
            features: ["THREAD".to_owned()].into(),
            enabled: ["EPOLL".to_owned()].into(),
            version: "3.5-dev5".parse().unwrap(),
            tls_library: Some((
                "OpenSSL 1.1.1 (compatible; AWS-LC)".to_owned(),
                "1.1.1".to_owned(),
            )),
            awslc_api: Some(30),
            ..Process::default()
        }
    }

    fn value(text: &str) -> Result<bool, String> {
        let environment = [("A".to_owned(), String::new())].into();
        evaluate(text, &environment, &process())
    }

    #[test]
    fn expressions_have_the_manuals_value() {
        for (text, expected) in [
            ("", false),
            ("0", false),
            ("1", true),
            ("-12", true),
            ("!1", false),
            ("! ! 1", true),
            ("1 && 0", false),
            ("1 || 0", true),
            ("0 && 0 || 1", true),
            ("1 || 0 && 0", true),
            ("(1||0)&&0", false),
            ("!(0 || 0)", true),
            ("defined(A)", true),
            ("defined(B)", false),
            ("defined( A )", false),
            ("feature(THREAD) && !feature(QUIC)", true),
            ("enabled(EPOLL)", true),
            ("fips_mode()", false),
            ("fips_mode", false),
            ("streq(a,a)", true),
            ("streq(,a)", false),
            ("streq(,)", true),
            ("streq(a, a)", false),
            ("streq(\"a,b)\",'a,b)')", true),
            ("strneq(a,b)", true),
            ("strstr(abc,b)", true),
            ("version_atleast(3.5-dev5)", true),
            ("version_atleast(v3.5-dev3)", true),
            ("version_atleast(3.5)", false),
            ("version_atleast(2.4)", true),
            ("version_atleast(1024)", false),
            ("version_before(3.5)", true),
            ("version_before(3.5-dev5)", false),
            ("openssl_version_atleast(1.1.1)", true),
            ("openssl_version_before(3.0.0)", true),
            ("ssllib_name_startswith(OpenSSL)", true),
            ("awslc_api_atleast(30)", true),
            ("awslc_api_before(30)", false),
        ] {
            assert_eq!(value(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_says_why() {
        for (text, expected) in [
            ("abc", "unknown condition 'abc'"),
            ("defind(A)", "did you mean 'defined'?"),
            ("defined(A", "never closed"),
            ("defined()", "takes 1 argument, 0 given"),
            ("streq(a)", "takes 2 arguments, 1 given"),
            ("1 1", "unexpected '1'"),
            ("1 &&", "missing at the end"),
            ("(1", "never closed"),
            ("version_atleast(x)", "not a version"),
        ] {
            let error = value(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn parentheses_nest_to_the_limit() {
        let nested = |depth: usize| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(value(&nested(MAX_CONDITION_DEPTH)), Ok(true));
        assert!(value(&nested(MAX_CONDITION_DEPTH + 1)).is_err());
    }
}
