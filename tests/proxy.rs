//! An instance's proxy: all that it sends goes through it, tried before it is kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tetherd_sandbox::graph::{Condition, Number};
use tetherd_sandbox::{Fault, Options, Sandbox};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use support::Daemon;

const PHONE: &str = "15551234567";
const PASSWORD: &str = "the-password-of-the-proxy";

/// Names that only the proxy knows: whoever does not go through it gets nowhere.
const WHATSAPP: &str = "whatsapp.test";
/// Without TLS only on this box: there, where nobody listens.
const META: &str = "127.0.0.1:1";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Http,
    Socks5,
}

/// A proxy that lets in who knows the password.
#[derive(Clone)]
struct Proxy {
    kind: Kind,
    places: Arc<[(String, SocketAddr)]>,
    /// `name:port` of every tunnel.
    tunnels: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn start(kind: Kind, sandbox: &Sandbox) -> (Self, u16) {
        let address =
            |url: String| url.split("//").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
        let places = [
            (format!("{WHATSAPP}:80"), address(sandbox.ws_url())),
            (format!("{WHATSAPP}:81"), address(sandbox.control_url())),
            (META.to_owned(), address(sandbox.graph_url())),
        ];
        let proxy = Self { kind, places: Arc::new(places), tunnels: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = proxy.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        (proxy, port)
    }

    async fn serve(self, mut client: TcpStream) -> std::io::Result<()> {
        let wanted = match self.kind {
            Kind::Http => http(&mut client).await?,
            Kind::Socks5 => socks5(&mut client).await?,
        };
        let Some(wanted) = wanted else { return Ok(()) };
        let place = self.places.iter().find(|(name, _)| *name == wanted);
        self.tunnels.lock().unwrap().push(wanted.clone());
        let Some((_, place)) = place else { return Ok(()) };
        let mut server = TcpStream::connect(place).await?;
        let answer: &[u8] = match self.kind {
            Kind::Http => b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n",
            Kind::Socks5 => &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0],
        };
        client.write_all(answer).await?;
        tokio::io::copy_bidirectional(&mut client, &mut server).await.map(|_| ())
    }

    fn tunnels(&self) -> Vec<String> {
        self.tunnels.lock().unwrap().clone()
    }
}

async fn http(client: &mut TcpStream) -> std::io::Result<Option<String>> {
    use base64::Engine as _;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let token = base64::engine::general_purpose::STANDARD.encode(format!("u:{PASSWORD}"));
    if !head.contains(&format!("Proxy-Authorization: Basic {token}\r\n")) {
        client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await?;
        return Ok(None);
    }
    let mut line = head.lines().next().unwrap().split(' ');
    assert_eq!(line.next(), Some("CONNECT"));
    Ok(line.next().map(str::to_owned))
}

async fn socks5(client: &mut TcpStream) -> std::io::Result<Option<String>> {
    let mut hello = [0; 3];
    client.read_exact(&mut hello).await?;
    if hello != [5, 1, 2] {
        client.write_all(&[5, 0xff]).await?;
        return Ok(None);
    }
    client.write_all(&[5, 2]).await?;
    assert_eq!(client.read_u8().await?, 1);
    let mut text = async || {
        let length = client.read_u8().await?;
        let mut text = vec![0; length.into()];
        client.read_exact(&mut text).await?;
        Ok::<_, std::io::Error>(String::from_utf8(text).unwrap())
    };
    let known = (text().await?, text().await?) == ("u".to_owned(), PASSWORD.to_owned());
    client.write_all(&[1, u8::from(!known)]).await?;
    if !known {
        return Ok(None);
    }
    let mut head = [0; 4];
    client.read_exact(&mut head).await?;
    assert_eq!(head, [5, 1, 0, 3], "connect, to a name");
    let mut name = vec![0; client.read_u8().await?.into()];
    client.read_exact(&mut name).await?;
    Ok(Some(format!("{}:{}", String::from_utf8(name).unwrap(), client.read_u16().await?)))
}

/// A daemon for which WhatsApp and Meta are where only the proxy gets.
async fn start(folder: &Path, sandbox: &Sandbox, more: &[(&str, &str)]) -> Daemon {
    let (socket, page) = (format!("ws://{WHATSAPP}/ws/chat"), format!("http://{WHATSAPP}:81/sw.js"));
    let graph = format!("http://{META}/graph");
    let env = [
        ("TETHERD_WHATSAPP_URL", socket.as_str()),
        ("TETHERD_WHATSAPP_VERSION_PAGE", &page),
        ("TETHERD_CLOUD_GRAPH_URL", &graph),
    ];
    let daemon = Daemon::start_with(folder, sandbox, &[&env, more].concat()).await;
    daemon.keep_secret(PASSWORD);
    daemon
}

fn proxy(kind: Kind, port: u16, password: &str) -> Value {
    let protocol = if kind == Kind::Http { "http" } else { "socks5" };
    json!({"enabled": true, "host": "127.0.0.1", "port": port.to_string(), "protocol": protocol, "username": "u",
        "password": password})
}

async fn all_of_it(kind: Kind) {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let (through, port) = Proxy::start(kind, &sandbox).await;
    let daemon = start(folder.path(), &sandbox, &[]).await;
    daemon.create("shop").await;

    // Tried before it is kept, with an honest error.
    let set = async |body| daemon.ask("POST", "/proxy/set/shop", Some(body)).await;
    let (status, refused) = set(proxy(kind, port, "another-password")).await;
    let why = refused["message"].to_string();
    assert!(status == 400 && why.contains("Invalid proxy") && why.contains("user or password"), "{why}");
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let (status, refused) = set(proxy(kind, closed, PASSWORD)).await;
    let why = refused["message"].to_string();
    assert!(
        status == 400 && why.contains(&format!("127.0.0.1:{closed}")) && why.contains("refused"),
        "{why}"
    );
    assert_eq!(daemon.ask("GET", "/proxy/find/shop", None).await.1, Value::Null, "neither was kept");
    assert_eq!(through.tunnels(), Vec::<String>::new());
    let (status, kept) = set(proxy(kind, port, PASSWORD)).await;
    assert_eq!(status, 201, "{kept}");
    assert!(!kept.to_string().contains(PASSWORD));
    assert_eq!(through.tunnels(), [format!("{WHATSAPP}:80")], "tried with WhatsApp itself, and nobody else");

    daemon.link(&sandbox, "shop", PHONE).await;
    // The page that tells the version is asked through it too.
    sandbox.set_version([2, 3000, 2_000_000_000]);
    sandbox.fault(Fault::Outdated { oldest: 1_999_999_999 }, None).await;
    assert_eq!(daemon.ask("POST", "/instance/restart/shop", None).await.0, 200);
    daemon.until("open").await;
    assert!(through.tunnels().contains(&format!("{WHATSAPP}:81")), "{:?}", through.tunnels());

    // And so is Meta, from create on.
    sandbox.graph().put(Number {
        id: "1065403".into(),
        waba: "102290".into(),
        token: "EAAGsecretOfMeta".into(),
        display: "+1 631-555-5555".into(),
        name: "Market".into(),
        condition: Condition::Good,
    });
    let protocol = if kind == Kind::Http { "http" } else { "socks5" };
    let mut body = json!({"instanceName": "market", "integration": "WHATSAPP-BUSINESS", "number": "1065403",
        "businessId": "102290", "token": "EAAGsecretOfMeta", "proxyHost": "127.0.0.1", "proxyPort": port.to_string(),
        "proxyProtocol": protocol, "proxyUsername": "u", "proxyPassword": "another-password"});
    let (status, refused) = daemon.ask("POST", "/instance/create", Some(body.clone())).await;
    assert!(status == 400 && refused["message"].to_string().contains("Invalid proxy"), "{refused}");
    body["proxyPassword"] = PASSWORD.into();
    daemon.create_as(body).await;
    daemon.until_of("market", "open").await;
    assert!(through.tunnels().contains(&META.to_owned()));
    daemon.terminate().await;

    // Without a hand, after a restart.
    let daemon = start(folder.path(), &sandbox, &[]).await;
    daemon.until("open").await;
    daemon.until_of("market", "open").await;
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_an_instance_sends_goes_through_its_http_proxy() {
    all_of_it(Kind::Http).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_an_instance_sends_goes_through_its_socks_proxy() {
    all_of_it(Kind::Socks5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_global_proxy_is_for_instances_without_one_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let (through, port) = Proxy::start(Kind::Socks5, &sandbox).await;
    let port = port.to_string();
    let env = [
        ("TETHERD_PROXY_HOST", "127.0.0.1"),
        ("TETHERD_PROXY_PORT", &port),
        ("TETHERD_PROXY_PROTOCOL", "socks5"),
        ("TETHERD_PROXY_USERNAME", "u"),
        ("TETHERD_PROXY_PASSWORD", PASSWORD),
    ];
    let daemon = start(folder.path(), &sandbox, &env).await;
    daemon.create("shop").await;
    daemon.link(&sandbox, "shop", PHONE).await;
    assert!(!through.tunnels().is_empty());
    assert_eq!(
        daemon.ask("GET", "/proxy/find/shop", None).await.1,
        Value::Null,
        "it is not the instance's own"
    );
    // Its own goes before it.
    let (own, port) = Proxy::start(Kind::Http, &sandbox).await;
    let body = proxy(Kind::Http, port, PASSWORD);
    assert_eq!(daemon.ask("POST", "/proxy/set/shop", Some(body)).await.0, 201);
    let before = through.tunnels().len();
    assert_eq!(daemon.ask("POST", "/instance/restart/shop", None).await.0, 200);
    daemon.until("open").await;
    assert_eq!((through.tunnels().len(), own.tunnels().len()), (before, 2), "tried, then used");
    daemon.terminate().await;
}
