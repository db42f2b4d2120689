//! The program as a stranger has it: its options, and its control API over HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod client;

use std::io::BufRead as _;
use std::process::{Child, Command, Output, Stdio};

use client::device::Device;
use client::{LIMIT, Session, control, registration};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::TcpStream;
use waproto::buffa::Message as _;

const ME: &str = "15551234567";

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tetherd-sandbox")).args(arguments).output().unwrap()
}

fn refused(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

struct Program(Child, Value);

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tetherd-sandbox"));
        let mut child =
            command.args(arguments).args(["--settle", "0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self(child, serde_json::from_str(&line).unwrap())
    }

    fn url(&self, name: &str) -> String {
        self.1[name].as_str().unwrap().to_owned()
    }

    async fn asked(&self, head: &str, body: &Value) -> BufReader<TcpStream> {
        control::asked(&self.url("controlUrl"), head, body).await
    }

    async fn ask(&self, head: &str, body: &Value) -> (u16, Value) {
        control::ask(&self.url("controlUrl"), head, body).await
    }

    async fn done(&self, head: &str, body: &Value) -> Value {
        let (status, value) = self.ask(head, body).await;
        assert_eq!(status, 200, "{head}: {value}");
        value
    }

    async fn error(&self, head: &str, body: &Value) -> String {
        let (status, value) = self.ask(head, body).await;
        assert_eq!(status, 400, "{head}: {value}");
        value["error"].as_str().unwrap().to_owned()
    }

    async fn linked(&self) -> Device {
        let (ws, url) = (self.url("wsUrl"), self.url("controlUrl"));
        Device::linked(&ws, ME.parse().unwrap(), |qr| async move { control::scan(&url, ME, &qr).await }).await
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn help_names_what_there_is() {
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    for word in [
        "--plan",
        "--tls-ca",
        "--ref-ttl",
        "POST /scan",
        "POST /send",
        "GET  /received",
        "DELETE /fault",
        "/events",
    ] {
        assert!(help.contains(word), "{word} in {help}");
    }
}

#[test]
fn what_it_cannot_do_it_says() {
    let open = refused(&["--listen", "0.0.0.0:0"]);
    assert!(open.contains("only loopback addresses are served"), "{open}");
    assert!(refused(&["--control", "[::]:0"]).contains("only loopback addresses are served"));
    assert!(refused(&["--ref-ttl=-1"]).contains("--ref-ttl"));
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("night.toml");
    std::fs::write(&plan, "[[fault]]\nkind = \"drop\"\n\n[[fault]]\nkind = \"stream\"\n").unwrap();
    let told = refused(&["--plan", plan.to_str().unwrap()]);
    assert!(told.contains("night.toml: entry 2: missing field `code`"), "{told}");
    std::fs::write(&plan, "fault = 3").unwrap();
    assert!(refused(&["--plan", plan.to_str().unwrap()]).contains("a list of faults is wanted"));
    let nowhere = folder.path().join("nowhere.json");
    assert!(refused(&["--plan", nowhere.to_str().unwrap()]).contains("nowhere.json: No such file"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_by_http() {
    let program = Program::start(&[]);
    let new = json!({"phone": ME, "name": "Ada", "platform": "smba", "businessName": "Ada & Co"});
    assert_eq!(program.done("POST /account", &new).await["businessName"], "Ada & Co");
    assert!(program.error("POST /account", &new).await.contains("there is an account 15551234567 already"));
    let why = program.error("POST /account", &json!({"phone": "+1"})).await;
    assert!(why.contains("give 5 to 15 digits"), "{why}");
    assert!(program.error("POST /scan", &json!({"phone": ME})).await.contains("missing field `qr`"));
    assert!(program.error("POST /scan", &json!({"qr": "2@x,y"})).await.len() > 10);
    let why = program.error("POST /code", &json!({"phone": ME, "code": "ABCD-EFGH"})).await;
    assert!(why.contains("no device asked for a code"), "{why}");
    assert!(program.error("POST /unlink", &json!({"jid": ME})).await.contains("is not linked"));

    let device = program.linked().await;
    let mut session = device.log_in().await;
    let id = program.done("POST /send", &json!({"from": "4915112345678", "to": ME, "text": "hello"})).await;
    let message = session.until(|node| node.tag == "message").await;
    assert_eq!(message.attrs.get("id").unwrap().as_str(), id["id"].as_str().unwrap());
    let state = program.done("GET /state", &Value::Null).await;
    assert_eq!(state["accounts"][0]["devices"], json!([format!("{ME}:1@s.whatsapp.net")]), "{state}");
    assert_eq!(program.done("POST /unlink", &json!({"jid": ME})).await["unlinked"], 1);
    let last = session.until(|node| node.tag == "stream:error").await;
    assert!(last.get_optional_child("conflict").is_some());
    assert_eq!(
        program.done("GET /received?phone=4915112345678", &Value::Null).await,
        json!({"messages": []})
    );
    assert_eq!(program.done("GET /receipts", &Value::Null).await, json!({"receipts": []}));
    let (status, nothing) = program.ask("GET /nothing", &Value::Null).await;
    assert_eq!((status, &nothing["error"]), (404, &json!("no GET /nothing")));
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_by_http() {
    let program = Program::start(&[]);
    let why = program.error("POST /fault", &json!({"kind": "dorp"})).await;
    assert!(why.contains("unknown variant `dorp`"), "{why}");
    let plan = json!([{"kind": "hang_hello"}, {"kind": "banned", "expire": 60, "jid": ME, "when": 3}]);
    let why = program.error("POST /plan", &plan).await;
    assert!(why.contains("entry 2: unknown field \"when\""), "{why}");
    assert_eq!(program.done("GET /state", &Value::Null).await["faults"], json!([]), "all or none");
    let device = program.linked().await;
    let banned = json!([{"kind": "banned", "expire": 60, "code": 106, "jid": ME}]);
    assert_eq!(program.done("POST /plan", &banned).await["faults"], 1);
    let failure = device.first_stanza().await;
    let attribute = |name| failure.attrs.get(name).unwrap().as_str().into_owned();
    assert_eq!(["reason", "code"].map(attribute), ["402", "106"].map(str::to_owned));
    program.done("POST /clock", &json!({"by": 61})).await;
    assert_eq!(device.first_stanza().await.tag, "success", "the ban is over");
    program.done("POST /fault", &json!({"kind": "failure", "reason": 503})).await;
    assert_eq!(device.first_stanza().await.tag, "failure");
    program.done("DELETE /fault", &Value::Null).await;
    assert_eq!(device.first_stanza().await.tag, "success");
    program.done("POST /rotate", &Value::Null).await;
    program.done("POST /version", &json!({"version": [2, 3000, 77]})).await;
    let mut script = String::new();
    program.asked("GET /sw.js", &Value::Null).await.read_to_string(&mut script).await.unwrap();
    assert!(script.contains("client_revision\\\":77"), "{script}");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_waited_for_or_streamed() {
    let program = Program::start(&["--tls"]);
    assert!(program.url("wssUrl").starts_with("wss://127.0.0.1:"));
    assert!(program.url("caPem").starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(
        program
            .error("GET /events?sicne=1", &Value::Null)
            .await
            .contains("takes since, wait, kind and connection")
    );
    let mut stream =
        program.asked("GET /events?kind=handshake\naccept: text/event-stream\r\n", &Value::Null).await;
    let (ws, payload) = (program.url("wsUrl"), registration().encode_to_vec());
    let waiting = program.done("GET /events?kind=handshake&wait=20", &Value::Null);
    let (told, _session) = tokio::join!(waiting, Session::start(&ws, &payload));
    assert_eq!(told["events"][0]["text"], "Xx", "{told}");
    let seq = told["events"][0]["seq"].as_u64().unwrap();
    let streamed = async {
        let mut line = String::new();
        while !line.starts_with("data: ") {
            line.clear();
            assert!(stream.read_line(&mut line).await.unwrap() > 0, "it ended");
        }
        serde_json::from_str::<Value>(&line[6..]).unwrap()
    };
    let streamed = tokio::time::timeout(LIMIT, streamed).await.expect("in time");
    assert_eq!((&streamed["kind"], streamed["seq"].as_u64()), (&json!("handshake"), Some(seq)));
    let after = program.done(&format!("GET /events?kind=handshake&since={seq}"), &Value::Null).await;
    assert_eq!(after, json!({"events": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_linked_is_so_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("sandbox.json");
    let arguments = ["--state", state.to_str().unwrap()];
    let program = Program::start(&arguments);
    let (root, mut device) = (program.url("rootPublicKey"), program.linked().await);
    drop(program);
    let program = Program::start(&arguments);
    assert_eq!(program.url("rootPublicKey"), root);
    device.moves_to(&program.url("wsUrl"));
    assert_eq!(device.first_stanza().await.tag, "success");
}
