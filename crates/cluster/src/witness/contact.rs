//! A node's connection to its witness: kept up, and never waited for.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use quinn::{ClientConfig, Connection, Endpoint, TransportConfig, VarInt};
use quorum::witness::{Answer, MAX_ANSWER_BYTES, Request};
use tokio::net::lookup_host;
use tokio::sync::mpsc;

use super::tls::{self, dialled};
use crate::keys::Keys;

/// Requests that wait to be sent; one more drops the newest, and it is asked again later.
const WAITING: usize = 8;
/// A request that is not answered within this is not answered.
const ANSWER_LIMIT: Duration = Duration::from_secs(1);
/// The pause after the witness could not be reached, and the longest one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A connection on which nothing comes for so long is lost.
const IDLE: Duration = Duration::from_secs(5);

enum News {
    Answer(Answer),
    Said(String),
}

/// The connection to a witness.
pub struct Contact {
    requests: mpsc::Sender<Request>,
    news: mpsc::Receiver<News>,
    waiting: VecDeque<News>,
}

impl Contact {
    /// Begins to dial.
    ///
    /// # Errors
    /// Where TLS refuses the keys.
    pub fn start(host: String, port: u16, keys: Keys) -> Result<Self, rustls::Error> {
        let name = dialled(keys.cluster());
        let mut config = ClientConfig::new(Arc::new(tls::client(&Arc::new(keys))?));
        let mut transport = TransportConfig::default();
        transport.max_idle_timeout(Some(VarInt::from_u32(IDLE.as_millis() as u32).into()));
        config.transport_config(Arc::new(transport));
        let (requests, to_send) = mpsc::channel(WAITING);
        let (tell, news) = mpsc::channel(WAITING);
        tokio::spawn(keep_up(
            Dial {
                host,
                port,
                name,
                config,
            },
            to_send,
            tell,
        ));
        Ok(Self {
            requests,
            news,
            waiting: VecDeque::new(),
        })
    }

    /// Sends a request, now or never.
    pub fn ask(&self, request: Request) {
        // Without room there is no witness to be reached, and the holder asks again.
        let _ = self.requests.try_send(request);
    }

    /// Waits for news.
    pub async fn ready(&mut self) {
        if self.waiting.is_empty() {
            match self.news.recv().await {
                Some(news) => self.waiting.push_back(news),
                None => std::future::pending().await,
            }
        }
    }

    /// The next answer.
    pub fn answer(&mut self) -> Option<Answer> {
        self.drain();
        let place = self
            .waiting
            .iter()
            .position(|news| matches!(news, News::Answer(_)))?;
        match self.waiting.remove(place)? {
            News::Answer(answer) => Some(answer),
            News::Said(_) => None,
        }
    }

    /// The next line for the log.
    pub fn said(&mut self) -> Option<String> {
        self.drain();
        let place = self
            .waiting
            .iter()
            .position(|news| matches!(news, News::Said(_)))?;
        match self.waiting.remove(place)? {
            News::Said(said) => Some(said),
            News::Answer(_) => None,
        }
    }

    fn drain(&mut self) {
        while let Ok(news) = self.news.try_recv() {
            self.waiting.push_back(news);
        }
    }
}

struct Dial {
    host: String,
    port: u16,
    name: String,
    config: ClientConfig,
}

async fn keep_up(dial: Dial, mut requests: mpsc::Receiver<Request>, tell: mpsc::Sender<News>) {
    let mut pause = FIRST_PAUSE;
    let mut told = String::new();
    loop {
        match connect(&dial).await {
            Ok((_endpoint, connection)) => {
                (pause, told) = (FIRST_PAUSE, String::new());
                let _ = tell
                    .send(News::Said(format!("the witness {} is reached", dial.host)))
                    .await;
                let lost = carry(&connection, &mut requests, &tell).await;
                let _ = tell
                    .send(News::Said(format!(
                        "the witness {} is lost: {lost}",
                        dial.host
                    )))
                    .await;
            }
            Err(why) if why != told => {
                let _ = tell
                    .send(News::Said(format!(
                        "the witness {} is not reached: {why}",
                        dial.host
                    )))
                    .await;
                told = why;
            }
            Err(_) => {}
        }
        if tell.is_closed() {
            return;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        // What was asked meanwhile is out of date.
        while requests.try_recv().is_ok() {}
    }
}

async fn connect(dial: &Dial) -> Result<(Endpoint, Connection), String> {
    let mut addresses = lookup_host((dial.host.as_str(), dial.port))
        .await
        .map_err(|error| error.to_string())?;
    let address = addresses.next().ok_or("the name has no address")?;
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).map_err(|error| error.to_string())?;
    let runtime = quinn::default_runtime().ok_or("there is no runtime")?;
    let mut endpoint = Endpoint::new(quinn::EndpointConfig::default(), None, socket, runtime)
        .map_err(|error| error.to_string())?;
    endpoint.set_default_client_config(dial.config.clone());
    let connecting = endpoint
        .connect(address, &dial.name)
        .map_err(|error| error.to_string())?;
    let connection = connecting.await.map_err(|error| error.to_string())?;
    Ok((endpoint, connection))
}

/// Carries requests until the connection is lost; why it was.
async fn carry(
    connection: &Connection,
    requests: &mut mpsc::Receiver<Request>,
    tell: &mpsc::Sender<News>,
) -> String {
    loop {
        let request = tokio::select! {
            lost = connection.closed() => return lost.to_string(),
            request = requests.recv() => request,
        };
        let Some(request) = request else {
            return "this node ends".to_owned();
        };
        let (connection, tell) = (connection.clone(), tell.clone());
        tokio::spawn(async move {
            if let Ok(Some(answer)) =
                tokio::time::timeout(ANSWER_LIMIT, exchange(&connection, &request)).await
            {
                let _ = tell.send(News::Answer(answer)).await;
            }
        });
    }
}

async fn exchange(connection: &Connection, request: &Request) -> Option<Answer> {
    let (mut to, mut from) = connection.open_bi().await.ok()?;
    to.write_all(&request.encode()).await.ok()?;
    to.finish().ok()?;
    let bytes = from.read_to_end(MAX_ANSWER_BYTES).await.ok()?;
    Answer::decode(&bytes).ok()
}
