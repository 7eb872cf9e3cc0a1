//! `keel lab web` and `keel lab echo`: something small on a node that answers with the node's name.

use std::io::{self, Write};
use std::net::SocketAddr;

use nix::sys::prctl;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::runtime::Builder;

use crate::probe::ask::{ECHO_NUMBER_BYTES, NAME_HEADER};

/// The longest request head, in bytes.
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// The longest datagram, in bytes; what is longer is cut.
const MAX_DATAGRAM_BYTES: usize = 2048;
/// Connections that the kernel keeps for us.
const BACKLOG: i32 = 1_024;

/// Where to listen and what to answer with.
pub(crate) struct Service {
    pub(crate) listen: SocketAddr,
    pub(crate) say: String,
    /// Whether what is asked goes to standard output.
    pub(crate) print: bool,
}

/// Reads `--listen ADDRESS:PORT`, `--say NAME` (the host's name unless told) and `--print` (what is
/// asked to standard output).
pub(crate) fn parse(words: &[String]) -> Result<Service, String> {
    let (mut listen, mut say, mut print) = (None, None, false);
    let mut words = words.iter();
    while let Some(option) = words.next() {
        if option == "--print" {
            print = true;
            continue;
        }
        let value = words.next().ok_or(format!("{option} needs a value"))?;
        match option.as_str() {
            "--listen" => {
                let address = value.parse();
                listen = Some(address.map_err(|_| format!("'{value}' is no ADDRESS:PORT"))?);
            }
            "--say" => say = Some(value.clone()),
            unknown => return Err(format!("unknown option '{unknown}'")),
        }
    }
    let host = || {
        nix::unistd::gethostname()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    Ok(Service {
        listen: listen.ok_or("--listen ADDRESS:PORT is needed")?,
        say: say.unwrap_or_else(host),
        print,
    })
}

/// Answers every HTTP request with the name. Runs until it is killed.
pub(crate) fn serve_http(service: &Service) -> io::Result<()> {
    let _ = prctl::set_name(c"web");
    let body = format!("{}\n", service.say);
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n{NAME_HEADER}: {}\r\n",
        body.len(),
        service.say
    );
    let print = service.print;
    let page: &'static Page = Box::leak(Box::new(Page { head, body, print }));
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let listener = listener(service.listen, Type::STREAM)?;
    listener.listen(BACKLOG)?;
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener.into())?;
        loop {
            // Out of descriptors or a client that left: the next one is served.
            if let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, page));
            }
        }
    })
}

struct Page {
    head: String,
    body: String,
    print: bool,
}

/// Who reads it may be gone; answers go on.
fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

async fn answer(mut stream: TcpStream, page: &Page) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut received = Vec::with_capacity(1024);
    loop {
        let Some(end) = received.windows(4).position(|end| end == b"\r\n\r\n") else {
            if received.len() > MAX_HEAD_BYTES || stream.read_buf(&mut received).await? == 0 {
                return Ok(());
            }
            continue;
        };
        let head = String::from_utf8_lossy(&received[..end]);
        if page.print {
            say(&head);
        }
        let head = head.to_ascii_lowercase();
        received.drain(..end + 4);
        let close = head.contains("connection: close") || head.contains(" http/1.0");
        let connection = if close { "close" } else { "keep-alive" };
        let body = if head.starts_with("head ") {
            ""
        } else {
            &page.body
        };
        let text = format!("{}Connection: {connection}\r\n\r\n{body}", page.head);
        stream.write_all(text.as_bytes()).await?;
        if close {
            return stream.shutdown().await;
        }
    }
}

/// Sends every datagram's number back with the name. Runs until it is killed. The address need not
/// be there yet.
pub(crate) fn serve_echo(service: &Service) -> io::Result<()> {
    let _ = prctl::set_name(c"echo");
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let socket = listener(service.listen, Type::DGRAM)?;
    runtime.block_on(async {
        let socket = UdpSocket::from_std(socket.into())?;
        let mut buffer = [0; MAX_DATAGRAM_BYTES];
        loop {
            let Ok((len, from)) = socket.recv_from(&mut buffer).await else {
                continue;
            };
            if service.print {
                say(&String::from_utf8_lossy(&buffer[..len]));
            }
            let mut echo = buffer[..len.min(ECHO_NUMBER_BYTES)].to_vec();
            echo.extend_from_slice(service.say.as_bytes());
            // The client may be gone or cut off; it asks again.
            let _ = socket.send_to(&echo, from).await;
        }
    })
}

fn listener(address: SocketAddr, kind: Type) -> io::Result<Socket> {
    let protocol = if kind == Type::STREAM {
        Protocol::TCP
    } else {
        Protocol::UDP
    };
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv4() {
        socket.set_freebind_v4(true)?;
    } else {
        socket.set_freebind_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}
