//! Questions to whoever sits at the terminal.

use std::io::{self, BufRead, Write};

use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};

/// Whether an answer is seen while it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Echo {
    /// It is.
    On,
    /// It is not: a password.
    Off,
}

/// Asks, and reads one line of standard input. Where that is no terminal, the line is read all the
/// same.
///
/// # Errors
/// Where standard input ends before.
pub fn ask(prompt: &str, echo: Echo) -> io::Result<String> {
    let mut output = io::stdout();
    output.write_all(prompt.as_bytes())?;
    output.flush()?;
    let input = io::stdin();
    let before = match echo {
        Echo::Off => tcgetattr(&input).ok(),
        Echo::On => None,
    };
    if let Some(before) = &before {
        let mut silent = before.clone();
        silent.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(&input, SetArg::TCSAFLUSH, &silent)?;
    }
    let mut line = String::new();
    let read = input.lock().read_line(&mut line);
    if let Some(before) = &before {
        tcsetattr(&input, SetArg::TCSANOW, before)?;
        output.write_all(b"\n")?;
    }
    if read? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
