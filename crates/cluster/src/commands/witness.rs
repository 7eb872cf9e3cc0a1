//! `keel witness`.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::witness::{WITNESS_FOLDER, WITNESS_PORT, serve};

#[derive(Debug, Parser)]
#[command(
    name = "keel witness",
    about = "A vote for clusters that could be cut in equal halves: to be run on a third machine",
    after_help = "A cluster's folder is made by 'keel cluster keys create' (its folder 'witness') and is to be \
                  put here under the cluster's name."
)]
struct Options {
    /// The address to listen on [default: all]
    #[arg(long, value_name = "ADDRESS")]
    address: Option<IpAddr>,
    /// The UDP port
    #[arg(long, value_name = "PORT", default_value_t = WITNESS_PORT)]
    port: u16,
    /// The folder with a folder of keys for each cluster
    #[arg(long, value_name = "FOLDER", default_value = WITNESS_FOLDER)]
    keys: PathBuf,
}

/// Runs `keel witness` with the words after `witness`.
#[must_use]
pub fn witness_command_line(words: Vec<OsString>) -> ExitCode {
    let words = std::iter::once(OsString::from("keel witness")).chain(words);
    let options = match Options::try_parse_from(words) {
        Ok(options) => options,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let address = options.address.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
    let listen = SocketAddr::new(address, options.port);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let served = match runtime {
        Ok(runtime) => runtime
            .block_on(serve(listen, &options.keys, say))
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("keel witness: {error}");
            ExitCode::FAILURE
        }
    }
}

fn say(text: &str) {
    let now = jiff::Timestamp::now().to_zoned(system::local_zone::local_zone());
    eprintln!(
        "{} keel[{}]: {text}",
        now.strftime("%b %d %H:%M:%S%.3f"),
        std::process::id()
    );
}
