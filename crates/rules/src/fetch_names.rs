//! From a fetch's name and arguments to a [`Fetch`].

use std::net::IpAddr;

use crate::fetch::{Constant, Fetch, Header, Occurrence, Side};
use crate::names;
use crate::pattern::{Method, hex};
use crate::scope::Scope;
use crate::words::Call;

/// Why a name cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The manual does not know it.
    Unknown,
    /// The manual knows it.
    NotBuilt,
    /// Its arguments are wrong.
    Arguments(String),
}

/// A fetch, and the matching method where its name ends in one (`path_beg`).
pub(crate) fn compile(call: &Call, scope: &Scope<'_>) -> Result<(Fetch, Option<Method>), Refused> {
    if let Some(fetch) = plain(&call.name, call, scope)? {
        return Ok((fetch, None));
    }
    if let Some((base, suffix)) = call.name.rsplit_once('_')
        && let Some(method) = Method::named(suffix)
        && MATCHED.contains(&base)
        && SUFFIXES.contains(&suffix)
        && let Some(fetch) = plain(base, call, scope)?
    {
        return Ok((fetch, Some(method)));
    }
    Err(if names::FETCHES.contains(&call.name.as_str()) {
        Refused::NotBuilt
    } else {
        Refused::Unknown
    })
}

/// Fetches that have a form with each of [`SUFFIXES`].
const MATCHED: [&str; 14] = [
    "base",
    "cook",
    "hdr",
    "path",
    "req.cook",
    "req.hdr",
    "res.cook",
    "res.hdr",
    "scook",
    "shdr",
    "url",
    "urlp",
    "url_param",
    "req.fhdr",
];

const SUFFIXES: [&str; 7] = ["beg", "dir", "dom", "end", "len", "reg", "sub"];

/// Every name that a criterion may have, for suggestions.
pub(crate) fn known_names() -> impl Iterator<Item = String> {
    let suffixed = MATCHED.iter().flat_map(|base| {
        SUFFIXES
            .iter()
            .map(move |suffix| format!("{base}_{suffix}"))
    });
    names::FETCHES
        .iter()
        .map(|name| (*name).to_owned())
        .chain(suffixed)
}

fn plain(name: &str, call: &Call, scope: &Scope<'_>) -> Result<Option<Fetch>, Refused> {
    let arguments = Arguments(call);
    let fetch = match name {
        "always_true" | "wait_end" => Fetch::Constant(Constant::Boolean(true)),
        "always_false" => Fetch::Constant(Constant::Boolean(false)),
        "str" => {
            let text = arguments.optional()?.unwrap_or("");
            Fetch::Constant(Constant::Text(text.as_bytes().into()))
        }
        "int" => Fetch::Constant(Constant::Integer(arguments.integer()?)),
        "bool" => Fetch::Constant(Constant::Boolean(arguments.boolean()?)),
        "bin" => Fetch::Constant(Constant::Binary(
            hex(arguments.one()?).map_err(Refused::Arguments)?.into(),
        )),
        "ipv4" | "ipv6" => Fetch::Constant(Constant::Address(arguments.address(name)?)),
        "meth" => Fetch::Constant(Constant::Text(arguments.one()?.as_bytes().into())),
        "env" => {
            let variable = arguments.one()?;
            let value = scope.environment.get(variable).map_or("", String::as_str);
            Fetch::Constant(Constant::Text(value.as_bytes().into()))
        }
        "hostname" => Fetch::Constant(Constant::Text(scope.hostname.as_bytes().into())),
        "path" | "path_only" => Fetch::Path,
        "pathq" => Fetch::PathAndQuery,
        "query" => Fetch::Query {
            with_mark: match arguments.optional()? {
                None => false,
                Some("with_qm") => true,
                Some(other) => {
                    return Err(Refused::Arguments(format!(
                        "'{other}' is not an option of query; expected with_qm"
                    )));
                }
            },
        },
        "url" => Fetch::Url,
        "base" => Fetch::Base,
        "baseq" => Fetch::BaseAndQuery,
        "method" => Fetch::Method,
        "req.ver" | "req_ver" => Fetch::RequestVersion,
        "res.ver" | "resp_ver" => Fetch::ResponseVersion,
        "req.proto_http" | "req_proto_http" => Fetch::IsHttp,
        "url_param" | "urlp" => url_parameter(call)?,
        "status" => Fetch::Status,
        "src" => Fetch::Source,
        "src_port" => Fetch::SourcePort,
        "dst" => Fetch::Destination,
        "dst_port" => Fetch::DestinationPort,
        "ssl_fc" => Fetch::IsTls,
        "ssl_fc_sni" => Fetch::TlsServerName,
        "ssl_fc_protocol" => Fetch::TlsVersion,
        "fe_name" => Fetch::FrontendName,
        "be_name" => Fetch::BackendName,
        "srv_name" => Fetch::ServerName,
        "nbsrv" => Fetch::ServersUp(arguments.backend(scope)?),
        "be_conn" => Fetch::BackendConnections(arguments.backend(scope)?),
        "fe_conn" => Fetch::FrontendConnections(arguments.frontend(scope)?),
        "queue" => Fetch::Queued(arguments.backend(scope)?),
        _ => return of_message(name, call),
    };
    Ok(Some(fetch))
}

/// Headers and cookies, with `req.` and `res.` before them and their old spellings.
fn of_message(name: &str, call: &Call) -> Result<Option<Fetch>, Refused> {
    let (side, rest) = if let Some(rest) = name.strip_prefix("req.") {
        (Side::Request, rest)
    } else if let Some(rest) = name.strip_prefix("res.") {
        (Side::Response, rest)
    } else {
        match name {
            "cookie" => (Side::Request, "cook"),
            "set-cookie" => (Side::Response, "cook"),
            _ if name.starts_with("hdr") => (Side::Current, name),
            _ if name.starts_with("cook") => (Side::Request, name),
            _ if name.starts_with("shdr") || name.starts_with("scook") => {
                (Side::Response, &name[1..])
            }
            _ => return Ok(None),
        }
    };
    let arguments = Arguments(call);
    let header = |full: bool| header(call, side, full);
    let cookie = || Ok(arguments.optional()?.unwrap_or("").as_bytes().into());
    Ok(Some(match rest {
        "hdr" => Fetch::Header(header(false)?),
        "fhdr" => Fetch::Header(header(true)?),
        "hdr_cnt" => Fetch::HeaderCount(header(false)?),
        "fhdr_cnt" => Fetch::HeaderCount(header(true)?),
        "hdr_ip" => Fetch::HeaderAddress(header(false)?),
        "hdr_val" => Fetch::HeaderInteger(header(false)?),
        "hdr_names" => Fetch::HeaderNames {
            side,
            delimiter: arguments.optional()?.unwrap_or(",").as_bytes().into(),
        },
        "cook" => Fetch::Cookie {
            side,
            name: cookie()?,
        },
        "cook_cnt" => Fetch::CookieCount {
            side,
            name: cookie()?,
        },
        "cook_val" => Fetch::CookieInteger {
            side,
            name: cookie()?,
        },
        _ => return Ok(None),
    }))
}

fn header(call: &Call, side: Side, full: bool) -> Result<Header, Refused> {
    let (name, occurrence) = match &call.arguments[..] {
        [] => ("", Occurrence::Any),
        [name] => (name.as_str(), Occurrence::Any),
        [name, occurrence] => {
            let at = occurrence
                .parse()
                .ok()
                .filter(|at| (-MAX_OCCURRENCE..=MAX_OCCURRENCE).contains(at))
                .ok_or_else(|| {
                    Refused::Arguments(format!(
                        "'{occurrence}' is not an occurrence; expected -{MAX_OCCURRENCE} to \
                         {MAX_OCCURRENCE}"
                    ))
                })?;
            (
                name.as_str(),
                if at == 0 {
                    Occurrence::Any
                } else {
                    Occurrence::At(at)
                },
            )
        }
        _ => return Err(too_many(call, 2)),
    };
    Ok(Header {
        side,
        name: name.as_bytes().into(),
        occurrence,
        full,
    })
}

/// The most distant occurrence that can be asked for from the end (HAProxy's MAX_HDR_HISTORY).
const MAX_OCCURRENCE: i64 = 10;

fn url_parameter(call: &Call) -> Result<Fetch, Refused> {
    let (name, delimiter, option) = match &call.arguments[..] {
        [] => ("", "", ""),
        [name] => (name.as_str(), "", ""),
        [name, delimiter] => (name.as_str(), delimiter.as_str(), ""),
        [name, delimiter, option] => (name.as_str(), delimiter.as_str(), option.as_str()),
        _ => return Err(too_many(call, 3)),
    };
    let delimiter = match delimiter.as_bytes() {
        [] => b'?',
        [one] => *one,
        _ => {
            return Err(Refused::Arguments(
                "the delimiter of a parameter is one character".to_owned(),
            ));
        }
    };
    match option {
        "" | "i" => Ok(Fetch::UrlParameter {
            name: name.as_bytes().into(),
            delimiter,
            any_case: option == "i",
        }),
        other => Err(Refused::Arguments(format!(
            "'{other}' is not an option of url_param; expected i"
        ))),
    }
}

fn too_many(call: &Call, most: usize) -> Refused {
    Refused::Arguments(format!("'{}' takes at most {most} arguments", call.name))
}

struct Arguments<'a>(&'a Call);

impl<'a> Arguments<'a> {
    fn optional(&self) -> Result<Option<&'a str>, Refused> {
        match &self.0.arguments[..] {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            _ => Err(too_many(self.0, 1)),
        }
    }

    fn one(&self) -> Result<&'a str, Refused> {
        self.optional()?
            .ok_or_else(|| Refused::Arguments(format!("'{}' takes an argument", self.0.name)))
    }

    fn integer(&self) -> Result<i64, Refused> {
        let text = self.one()?;
        text.parse()
            .map_err(|_| Refused::Arguments(format!("'{text}' is not an integer")))
    }

    fn boolean(&self) -> Result<bool, Refused> {
        match self.one()? {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            other => Err(Refused::Arguments(format!(
                "'{other}' is neither true nor false"
            ))),
        }
    }

    fn address(&self, family: &str) -> Result<IpAddr, Refused> {
        let text = self.one()?;
        text.parse()
            .ok()
            .filter(|address: &IpAddr| address.is_ipv4() == (family == "ipv4"))
            .ok_or_else(|| Refused::Arguments(format!("'{text}' is not an {family} address")))
    }

    fn backend(&self, scope: &Scope<'_>) -> Result<usize, Refused> {
        let name = self.optional()?;
        scope.backend(name).ok_or_else(|| {
            Refused::Arguments(match name {
                Some(name) => format!("there is no backend '{name}'"),
                None => format!("'{}' needs a backend's name in a frontend", self.0.name),
            })
        })
    }

    fn frontend(&self, scope: &Scope<'_>) -> Result<usize, Refused> {
        let name = self.optional()?;
        scope.frontend(name).ok_or_else(|| {
            Refused::Arguments(match name {
                Some(name) => format!("there is no frontend '{name}'"),
                None => format!("'{}' needs a frontend's name in a backend", self.0.name),
            })
        })
    }
}
