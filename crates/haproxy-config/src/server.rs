//! `server` and `default-server` lines (configuration.txt 5.2).

use std::net::SocketAddr;
use std::time::Duration;

use diagnostics::Diagnostic;

use crate::address::{self, Use};
use crate::arguments::Arguments;
use crate::bind;
use crate::keywords::{SERVER, head, not_built, unknown_argument};
use crate::model::{Address, Check, Host, Server, Word};
use crate::values::{Unit, number, time, timeout};

/// The default of `inter`.
const DEFAULT_INTER: Duration = Duration::from_secs(2);
/// The default of `rise`.
const DEFAULT_RISE: u32 = 2;
/// The default of `fall`.
const DEFAULT_FALL: u32 = 3;
/// The highest `weight`.
pub const MAX_WEIGHT: u16 = 256;

/// Everything of a server but its name and address: what `default-server` sets for the lines below.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    weight: u16,
    backup: bool,
    disabled: bool,
    cookie: Option<String>,
    maxconn: Option<u32>,
    minconn: Option<u32>,
    maxqueue: Option<u32>,
    is_checked: bool,
    check: Check,
    send_proxy: Option<u8>,
    source: Option<SocketAddr>,
    pool_max_conn: Option<u32>,
    pool_purge_delay: Option<Duration>,
    slowstart: Option<Duration>,
    redir: Option<String>,
    id: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            weight: 1,
            backup: false,
            disabled: false,
            cookie: None,
            maxconn: None,
            minconn: None,
            maxqueue: None,
            is_checked: false,
            check: Check {
                inter: DEFAULT_INTER,
                fastinter: None,
                downinter: None,
                rise: DEFAULT_RISE,
                fall: DEFAULT_FALL,
                port: None,
                addr: None,
            },
            send_proxy: None,
            source: None,
            pool_max_conn: None,
            pool_purge_delay: None,
            slowstart: None,
            redir: None,
            id: None,
        }
    }
}

/// `server NAME ADDRESS PARAMETER…`; the id is 0 where none is written.
pub(crate) fn line(
    arguments: &mut Arguments<'_>,
    defaults: &Settings,
) -> Result<Server, Diagnostic> {
    let name = arguments.required("a name and an address")?;
    let what = format!("an address after the name '{}'", name.value);
    let address_word = arguments.required(&what)?;
    let address = address::address(address_word, Use::Server)?;
    let mut settings = defaults.clone();
    settings.parameters(arguments)?;
    settings.check_address(&address, address_word)?;
    let Settings {
        weight,
        backup,
        disabled,
        cookie,
        maxconn,
        minconn,
        maxqueue,
        is_checked,
        check,
        send_proxy,
        source,
        pool_max_conn,
        pool_purge_delay,
        slowstart,
        redir,
        id,
    } = settings;
    Ok(Server {
        name: name.clone(),
        id: id.unwrap_or(0),
        address: diagnostics::Spanned::new(address, address_word.span),
        weight,
        backup,
        disabled,
        cookie,
        maxconn,
        minconn,
        maxqueue,
        check: is_checked.then_some(check),
        send_proxy,
        source,
        pool_max_conn,
        pool_purge_delay,
        slowstart,
        redir,
    })
}

impl Settings {
    /// `default-server PARAMETER…`.
    pub fn default_server(&mut self, arguments: &mut Arguments<'_>) -> Result<(), Diagnostic> {
        if let Some(word) = arguments
            .peek()
            .filter(|word| matches!(word.value.as_str(), "from" | "name"))
        {
            return Err(not_built(&format!("default-server {}", word.value), word));
        }
        if let Some(word) = arguments.peek().filter(|word| word.value == "id") {
            return Err(
                Diagnostic::error("'id' cannot be written on 'default-server'").at(word.span),
            );
        }
        if arguments.peek().is_none() {
            return Err(arguments.missing("parameters of servers"));
        }
        self.parameters(arguments)
    }

    /// A check needs a port of its own where the address has none.
    fn check_address(&self, address: &Address, word: &Word) -> Result<(), Diagnostic> {
        let has_port = match address {
            Address::Inet { first_port, .. } => *first_port > 0,
            _ => true,
        };
        if self.is_checked && !has_port && self.check.port.is_none() {
            return Err(
                Diagnostic::error("a server without a port of its own cannot be checked")
                    .at(word.span)
                    .help("write ADDRESS:PORT, or add 'port PORT' for the check"),
            );
        }
        Ok(())
    }

    fn parameters(&mut self, arguments: &mut Arguments<'_>) -> Result<(), Diagnostic> {
        while let Some(word) = arguments.next() {
            self.parameter(word, arguments)?;
        }
        Ok(())
    }

    fn parameter(&mut self, word: &Word, arguments: &mut Arguments<'_>) -> Result<(), Diagnostic> {
        let milliseconds = |word| time(word, Unit::Milliseconds);
        match word.value.as_str() {
            "addr" => {
                let value = arguments.value_of(word)?;
                self.check.addr = Some(address::socket(value, 0)?.0);
            }
            "backup" => self.backup = true,
            "check" => self.is_checked = true,
            "cookie" => self.cookie = Some(arguments.value_of(word)?.value.clone()),
            "disabled" => self.disabled = true,
            "downinter" => self.check.downinter = timeout(arguments.value_of(word)?)?,
            "enabled" => self.disabled = false,
            "fall" => self.check.fall = number(arguments.value_of(word)?, 1..=i32::MAX as u32)?,
            "fastinter" => self.check.fastinter = timeout(arguments.value_of(word)?)?,
            "id" => self.id = Some(number(arguments.value_of(word)?, 1..=u32::MAX)?),
            "inter" => {
                let value = arguments.value_of(word)?;
                self.check.inter = milliseconds(value)?;
                if self.check.inter.is_zero() {
                    return Err(Diagnostic::error("'inter' must be longer than 0").at(value.span));
                }
            }
            "maxconn" => self.maxconn = Some(number(arguments.value_of(word)?, 0..=u32::MAX)?),
            "maxqueue" => self.maxqueue = Some(number(arguments.value_of(word)?, 0..=u32::MAX)?),
            "minconn" => self.minconn = Some(number(arguments.value_of(word)?, 0..=u32::MAX)?),
            "no-backup" => self.backup = false,
            "no-check" => self.is_checked = false,
            "no-send-proxy" | "no-send-proxy-v2" => self.send_proxy = None,
            "non-stick" => return Err(not_built("non-stick", word)),
            // Off unless switched on, and nothing here can switch them on.
            "no-agent-check"
            | "no-check-reuse-pool"
            | "no-check-sni-auto"
            | "no-check-ssl"
            | "no-send-proxy-v2-ssl"
            | "no-send-proxy-v2-ssl-cn"
            | "no-ssl"
            | "no-tfo" => {}
            "pool-max-conn" => {
                let limit = number(arguments.value_of(word)?, -1..=i32::MAX)?;
                self.pool_max_conn = u32::try_from(limit).ok();
            }
            "pool-purge-delay" => {
                self.pool_purge_delay = Some(milliseconds(arguments.value_of(word)?)?);
            }
            "port" => self.check.port = Some(number(arguments.value_of(word)?, 1..=u16::MAX)?),
            "proto" => bind::proto(arguments.value_of(word)?)?,
            "redir" => self.redir = Some(arguments.value_of(word)?.value.clone()),
            "rise" => self.check.rise = number(arguments.value_of(word)?, 1..=i32::MAX as u32)?,
            "send-proxy" => self.send_proxy = Some(1),
            "send-proxy-v2" => self.send_proxy = Some(2),
            "slowstart" => {
                let value = arguments.value_of(word)?;
                self.slowstart = Some(time(value, Unit::Milliseconds)?).filter(|t| !t.is_zero());
            }
            "source" => self.source = Some(source(arguments, word)?),
            "weight" => self.weight = number(arguments.value_of(word)?, 0..=MAX_WEIGHT)?,
            name => {
                let bare = head(name);
                if SERVER.iter().any(|(known, _)| *known == bare) {
                    return Err(not_built(bare, word));
                }
                let known = SERVER.iter().map(|(known, _)| *known);
                return Err(unknown_argument(arguments.name(), word, known));
            }
        }
        Ok(())
    }
}

/// `source ADDRESS[:PORT]`, in a proxy or on a server line, where `option` is that word.
pub(crate) fn source(
    arguments: &mut Arguments<'_>,
    option: &Word,
) -> Result<SocketAddr, Diagnostic> {
    let word = arguments.value_of(option)?;
    let (host, port) = address::socket(word, 0)?;
    if let Some(next) = arguments.peek()
        && matches!(next.value.as_str(), "interface" | "usesrc")
    {
        return Err(not_built(&format!("source … {}", next.value), next));
    }
    match host {
        Host::Ip(ip) => Ok(SocketAddr::new(ip, port)),
        Host::Name(..) => Err(Diagnostic::error(format!(
            "'source' needs an address, not the name '{}'",
            word.value
        ))
        .at(word.span)),
    }
}
