//! Converters (configuration.txt, 7.3.1).

use std::borrow::Cow;
use std::net::IpAddr;

use regex::bytes::Regex;

use crate::fetch_names::Refused;
use crate::names;
use crate::pattern::regex;
use crate::value::{Type, Value};
use crate::words::Call;

/// A compiled converter.
#[derive(Debug, Clone)]
pub(crate) enum Converter {
    Lower,
    Upper,
    Length,
    Reverse,
    Hex,
    UrlDecode {
        in_form: bool,
    },
    HostOnly,
    PortOnly,
    TrimLeft(Box<[u8]>),
    TrimRight(Box<[u8]>),
    Bytes {
        offset: usize,
        len: Option<usize>,
    },
    Part {
        index: i64,
        delimiters: Box<[u8]>,
        count: i64,
        keep_empty: bool,
    },
    Replace {
        regex: Regex,
        with: Box<[u8]>,
        all: bool,
    },
    Mask {
        v4: u8,
        v6: u8,
    },
    Arithmetic(Operator, i64),
    Negate,
    Complement,
    Boolean,
    Not,
    Odd,
    Even,
    Choose {
        yes: Box<[u8]>,
        no: Box<[u8]>,
    },
    Concat(Box<[u8]>),
}

/// A binary operator on integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    And,
    Or,
    Xor,
}

/// A converter and the type that it yields from one of `input`.
pub(crate) fn compile(call: &Call, input: Type) -> Result<(Converter, Type), Refused> {
    let (converter, takes, yields) = plain(call)?;
    if converts(input, takes) {
        return Ok((converter, yields));
    }
    Err(Refused::Arguments(format!(
        "converter '{}' takes {}, and gets {}",
        call.name,
        takes.name(),
        input.name()
    )))
}

/// Whether HAProxy casts one type to another by itself. Only an address cannot become everything.
const fn converts(from: Type, to: Type) -> bool {
    !matches!(
        (from, to),
        (Type::Address, Type::Boolean) | (Type::Binary, Type::Boolean)
    )
}

fn plain(call: &Call) -> Result<(Converter, Type, Type), Refused> {
    use Type::{Address, Boolean, Integer, Text};
    let arguments = &call.arguments[..];
    let first = || arguments.first().map_or("", String::as_str);
    let integer = |at: usize, otherwise: Option<i64>| match arguments.get(at) {
        None => otherwise.ok_or_else(|| wrong(call, "a number")),
        Some(text) => text.parse::<i64>().map_err(|_| wrong(call, "a number")),
    };
    let operator = |operator| {
        let operand = integer(0, None)?;
        Ok((Converter::Arithmetic(operator, operand), Integer, Integer))
    };
    let part = |keep_empty: bool| {
        let [index, delimiters, rest @ ..] = arguments else {
            return Err(wrong(call, "an index and delimiters"));
        };
        let count = rest.first().map_or(Ok(1), |text| text.parse());
        let (Ok(index), Ok(count @ 0..)) = (index.parse(), count) else {
            return Err(wrong(call, "an index, delimiters and a count"));
        };
        let delimiters = delimiters.as_bytes().into();
        Ok((
            Converter::Part {
                index,
                delimiters,
                count,
                keep_empty,
            },
            Text,
            Text,
        ))
    };
    let most = match call.name.as_str() {
        "field" | "word" | "regsub" | "concat" => 3,
        "bytes" | "ipmask" | "iif" => 2,
        "add" | "sub" | "mul" | "div" | "mod" | "and" | "or" | "xor" | "ltrim" | "rtrim"
        | "url_dec" => 1,
        _ => 0,
    };
    let built = match call.name.as_str() {
        "lower" => (Converter::Lower, Text, Text),
        "upper" => (Converter::Upper, Text, Text),
        "length" => (Converter::Length, Text, Integer),
        "reverse" => (Converter::Reverse, Text, Text),
        "hex" => (Converter::Hex, Type::Binary, Text),
        "url_dec" => {
            let in_form = integer(0, Some(0))? != 0;
            (Converter::UrlDecode { in_form }, Text, Text)
        }
        "host_only" => (Converter::HostOnly, Text, Text),
        "port_only" => (Converter::PortOnly, Text, Integer),
        "ltrim" => (Converter::TrimLeft(first().as_bytes().into()), Text, Text),
        "rtrim" => (Converter::TrimRight(first().as_bytes().into()), Text, Text),
        "bytes" => {
            let offset = usize::try_from(integer(0, None)?);
            let len = arguments.get(1).map(|text| text.parse()).transpose();
            let (Ok(offset), Ok(len)) = (offset, len) else {
                return Err(wrong(call, "an offset and a length"));
            };
            (Converter::Bytes { offset, len }, Type::Binary, Type::Binary)
        }
        "field" => part(true)?,
        "word" => part(false)?,
        "regsub" => {
            let [pattern, with, flags @ ..] = arguments else {
                return Err(wrong(call, "a regular expression and a replacement"));
            };
            let flags = flags.first().map_or("", String::as_str);
            if !flags.chars().all(|flag| matches!(flag, 'g' | 'i')) {
                return Err(wrong(call, "the flags g and i"));
            }
            let regex = regex(pattern, flags.contains('i')).map_err(Refused::Arguments)?;
            let with = with.as_bytes().into();
            let all = flags.contains('g');
            (Converter::Replace { regex, with, all }, Text, Text)
        }
        "ipmask" => {
            let v4 = first();
            let v4 = match (v4.parse::<u8>(), v4.parse::<std::net::Ipv4Addr>()) {
                (Ok(len @ 0..=32), _) => len,
                (_, Ok(mask)) => u8::try_from(mask.to_bits().leading_ones()).unwrap_or(32),
                _ => return Err(wrong(call, "a mask")),
            };
            let v6 = match arguments.get(1) {
                None => 128,
                Some(text) => text
                    .parse()
                    .ok()
                    .filter(|len| *len <= 128)
                    .ok_or_else(|| wrong(call, "a prefix length of at most 128"))?,
            };
            (Converter::Mask { v4, v6 }, Address, Address)
        }
        "add" => operator(Operator::Add)?,
        "sub" => operator(Operator::Subtract)?,
        "mul" => operator(Operator::Multiply)?,
        "div" => operator(Operator::Divide)?,
        "mod" => operator(Operator::Modulo)?,
        "and" => operator(Operator::And)?,
        "or" => operator(Operator::Or)?,
        "xor" => operator(Operator::Xor)?,
        "neg" => (Converter::Negate, Integer, Integer),
        "cpl" => (Converter::Complement, Integer, Integer),
        "bool" => (Converter::Boolean, Integer, Boolean),
        "not" => (Converter::Not, Integer, Boolean),
        "odd" => (Converter::Odd, Integer, Boolean),
        "even" => (Converter::Even, Integer, Boolean),
        "iif" => {
            let [yes, no] = arguments else {
                return Err(wrong(call, "two texts"));
            };
            let (yes, no) = (yes.as_bytes().into(), no.as_bytes().into());
            (Converter::Choose { yes, no }, Boolean, Text)
        }
        "concat" => {
            // The middle argument is a variable, and there are none yet.
            let text = match arguments {
                [] => String::new(),
                [start] => start.clone(),
                [start, variable] if variable.is_empty() => start.clone(),
                [start, variable, end] if variable.is_empty() => format!("{start}{end}"),
                _ => return Err(Refused::NotBuilt),
            };
            (Converter::Concat(text.into_bytes().into()), Text, Text)
        }
        name if names::CONVERTERS.contains(&name) => return Err(Refused::NotBuilt),
        _ => return Err(Refused::Unknown),
    };
    if arguments.len() > most {
        return Err(wrong(call, &format!("at most {most} arguments")));
    }
    Ok(built)
}

fn wrong(call: &Call, expected: &str) -> Refused {
    Refused::Arguments(format!("converter '{}' takes {expected}", call.name))
}

impl Converter {
    /// The converted sample; none where there is nothing to convert, such as no such field.
    pub(crate) fn apply<'a>(&self, value: Value<'a>) -> Option<Value<'a>> {
        Some(match self {
            Self::Lower => map(value, |text| text.make_ascii_lowercase()),
            Self::Upper => map(value, |text| text.make_ascii_uppercase()),
            Self::Reverse => map(value, <[u8]>::reverse),
            Self::Length => {
                Value::Integer(i64::try_from(value.into_text().len()).unwrap_or(i64::MAX))
            }
            Self::Hex => {
                let text: String = value
                    .into_text()
                    .iter()
                    .map(|byte| format!("{byte:02X}"))
                    .collect();
                Value::Text(Cow::Owned(text.into_bytes()))
            }
            Self::UrlDecode { in_form } => {
                Value::Text(Cow::Owned(url_decode(&value.into_text(), *in_form)?))
            }
            Self::HostOnly => slice(value, |text| 0..host_end(text))?,
            Self::PortOnly => {
                let text = value.into_text();
                let port = text.get(host_end(&text) + 1..).unwrap_or(b"");
                Value::Integer(std::str::from_utf8(port).ok()?.parse().unwrap_or(0))
            }
            Self::TrimLeft(set) => slice(value, |text| {
                text.iter()
                    .position(|byte| !set.contains(byte))
                    .unwrap_or(text.len())..text.len()
            })?,
            Self::TrimRight(set) => slice(value, |text| {
                0..text
                    .iter()
                    .rposition(|byte| !set.contains(byte))
                    .map_or(0, |at| at + 1)
            })?,
            Self::Bytes { offset, len } => slice(value, |text| {
                let end = len.map_or(text.len(), |len| offset.saturating_add(len));
                *offset..end.min(text.len())
            })?,
            Self::Part {
                index,
                delimiters,
                count,
                keep_empty,
            } => {
                let found = part(
                    &value.clone().into_text(),
                    *index,
                    delimiters,
                    *count,
                    *keep_empty,
                )?;
                slice(value, |_| found)?
            }
            Self::Replace { regex, with, all } => {
                let text = value.into_text();
                let limit = usize::from(!*all);
                let replaced =
                    regex.replacen(&text, limit, |found: &regex::bytes::Captures<'_>| {
                        let mut out = Vec::new();
                        expand(with, found, &mut out);
                        out
                    });
                Value::Text(Cow::Owned(replaced.into_owned()))
            }
            Self::Mask { v4, v6 } => Value::Address(match value.as_address()? {
                IpAddr::V4(address) => {
                    let mask = u32::MAX.checked_shl(32 - u32::from(*v4)).unwrap_or(0);
                    IpAddr::V4((address.to_bits() & mask).into())
                }
                IpAddr::V6(address) => {
                    let mask = u128::MAX.checked_shl(128 - u32::from(*v6)).unwrap_or(0);
                    IpAddr::V6((address.to_bits() & mask).into())
                }
            }),
            Self::Arithmetic(operator, operand) => {
                Value::Integer(operator.apply(value.as_integer()?, *operand))
            }
            Self::Negate => Value::Integer(value.as_integer()?.saturating_neg()),
            Self::Complement => Value::Integer(!value.as_integer()?),
            Self::Boolean => Value::Boolean(value.as_integer()? != 0),
            Self::Not => Value::Boolean(value.as_integer()? == 0),
            Self::Odd => Value::Boolean(value.as_integer()? % 2 != 0),
            Self::Even => Value::Boolean(value.as_integer()? % 2 == 0),
            Self::Choose { yes, no } => {
                let text = if value.as_integer()? != 0 { yes } else { no };
                Value::Text(Cow::Owned(text.to_vec()))
            }
            Self::Concat(end) => {
                let mut text = value.into_text().into_owned();
                text.extend_from_slice(end);
                Value::Text(Cow::Owned(text))
            }
        })
    }
}

impl Operator {
    /// Saturates; a division by zero yields the largest integer, as the manual says of `div`.
    const fn apply(self, left: i64, right: i64) -> i64 {
        match self {
            Self::Add => left.saturating_add(right),
            Self::Subtract => left.saturating_sub(right),
            Self::Multiply => left.saturating_mul(right),
            Self::Divide if right == 0 => i64::MAX,
            Self::Divide => left.saturating_div(right),
            Self::Modulo if right == 0 => 0,
            Self::Modulo => left.wrapping_rem(right),
            Self::And => left & right,
            Self::Or => left | right,
            Self::Xor => left ^ right,
        }
    }
}

fn map<'a>(value: Value<'a>, edit: impl FnOnce(&mut [u8])) -> Value<'a> {
    let mut text = value.into_text().into_owned();
    edit(&mut text);
    Value::Text(Cow::Owned(text))
}

fn slice<'a>(
    value: Value<'a>,
    range: impl FnOnce(&[u8]) -> std::ops::Range<usize>,
) -> Option<Value<'a>> {
    Some(Value::Text(match value.into_text() {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(range(text))?),
        Cow::Owned(text) => Cow::Owned(text.get(range(&text))?.to_vec()),
    }))
}

/// Where a host ends in `host[:port]`, IPv6 addresses in brackets.
fn host_end(text: &[u8]) -> usize {
    let start = match text.first() {
        Some(b'[') => text.iter().position(|byte| *byte == b']').unwrap_or(0),
        _ => 0,
    };
    text[start..]
        .iter()
        .position(|byte| *byte == b':')
        .map_or(text.len(), |at| start + at)
}

/// `%XX`, and `+` as a blank: in a query, or everywhere where the text is form data.
fn url_decode(text: &[u8], in_form: bool) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut in_query = in_form;
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            b'%' => {
                let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
                out.push(u8::from_str_radix(digits, 16).ok()?);
                rest = &rest[2..];
            }
            b'+' if in_query => out.push(b' '),
            _ => {
                in_query |= *byte == b'?';
                out.push(*byte);
            }
        }
    }
    Some(out)
}

/// `field` and `word`: the parts between delimiters from the `index`-th on (from the end where
/// negative), `count` of them (0 is all).
fn part(
    text: &[u8],
    index: i64,
    delimiters: &[u8],
    count: i64,
    keep_empty: bool,
) -> Option<std::ops::Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    for end in (0..=text.len()).filter(|at| text.get(*at).is_none_or(|it| delimiters.contains(it)))
    {
        if keep_empty || end > start {
            parts.push(start..end);
        }
        start = end + 1;
    }
    if parts.is_empty() {
        return None;
    }
    let back = usize::try_from(index.unsigned_abs()).ok()?;
    let count = match usize::try_from(count).ok()? {
        0 => parts.len(),
        count => count,
    };
    let (first, last) = if index > 0 {
        let first = back - 1;
        (first, first.saturating_add(count - 1).min(parts.len() - 1))
    } else if index < 0 {
        let last = parts.len().checked_sub(back)?;
        (last.saturating_sub(count - 1), last)
    } else {
        return None;
    };
    Some(parts.get(first)?.start..parts.get(last)?.end)
}

/// Puts the groups of a match in place of `\0` to `\9`.
pub(crate) fn expand(with: &[u8], found: &regex::bytes::Captures<'_>, out: &mut Vec<u8>) {
    let mut rest = with;
    while let [byte, after @ ..] = rest {
        rest = after;
        match (byte, after) {
            (b'\\', [digit @ b'0'..=b'9', after @ ..]) => {
                let group = found.get(usize::from(digit - b'0'));
                out.extend_from_slice(group.map_or(b"", |group| group.as_bytes()));
                rest = after;
            }
            (b'\\', [other, after @ ..]) => {
                out.push(*other);
                rest = after;
            }
            _ => out.push(*byte),
        }
    }
}
