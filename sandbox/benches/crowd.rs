//! How much a crowd costs: `cargo bench -p tetherd-sandbox --bench crowd [-- DEVICES [LOGINS]]`.
//!
//! The program runs by itself on one core; its memory is what the kernel says of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark"
)]

#[path = "../tests/client/mod.rs"]
mod client;

use std::io::BufRead as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use client::control::scan;
use client::device::{Device, request};
use serde_json::Value;

const DEVICES: u32 = 500;
const LOGINS: u32 = 2_000;
/// As often as the busiest client pings.
const KEEPALIVE: Duration = Duration::from_secs(20);
const IDLE: Duration = Duration::from_mins(1);
/// Linking at a time.
const ABREAST: usize = 25;

struct Program {
    child: Child,
    ws: String,
    control: String,
}

impl Program {
    fn start() -> Self {
        let mut command = Command::new("taskset");
        command.args(["-c", "0", env!("CARGO_BIN_EXE_tetherd-sandbox"), "--settle", "0"]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("taskset (Debian: util-linux)");
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| told.get(name).and_then(Value::as_str).unwrap().to_owned();
        Self { child, ws: text("wsUrl"), control: text("controlUrl") }
    }

    /// Resident memory in MB.
    fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        let kilobytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kilobytes / 1024.0
    }

    /// Processor seconds so far.
    fn processor(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        let ticks: f64 = fields.iter().skip(11).take(2).map(|field| field.parse::<f64>().unwrap()).sum();
        ticks / 100.0
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn link(ws: String, control: String, phone: u64) -> Device {
    Device::linked(&ws, phone, |qr| async move { scan(&control, &phone.to_string(), &qr).await }).await
}

/// Answers to its keepalive until the end.
async fn stay(device: Device) {
    let mut session = device.log_in().await;
    loop {
        tokio::time::sleep(KEEPALIVE).await;
        session.send_node(&request("ping", "get", "w:p").build()).await;
        session.until(|node| node.attrs.get("id").is_some_and(|id| id.as_str() == "ping")).await;
    }
}

fn row(what: &str, memory: f64, before: f64, rest: &str) {
    println!("{what:<34} {memory:>8.1} MB  x {:<5.2} {rest}", memory / before);
}

#[tokio::main]
async fn main() {
    // Cargo adds a flag of its own.
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<u32>().ok());
    let (devices, logins) = (numbers.next().unwrap_or(DEVICES), numbers.next().unwrap_or(LOGINS));
    let program = Program::start();
    let empty = program.memory();
    row("nobody", empty, empty, "");

    let began = Instant::now();
    let mut linked = Vec::new();
    let phones = (0..devices).map(|n| 15_550_000_000 + u64::from(n)).collect::<Vec<_>>();
    for some in phones.chunks(ABREAST) {
        let link = |phone: &u64| tokio::spawn(link(program.ws.clone(), program.control.clone(), *phone));
        for device in some.iter().map(link).collect::<Vec<_>>() {
            linked.push(device.await.unwrap());
        }
    }
    let each = began.elapsed().as_secs_f64() * 1000.0 / f64::from(devices);
    row(&format!("{devices} linked, away"), program.memory(), empty, &format!("{each:.1} ms each"));

    let sessions = linked.into_iter().map(|device| tokio::spawn(stay(device))).collect::<Vec<_>>();
    tokio::time::sleep(IDLE).await;
    let busy = program.processor();
    tokio::time::sleep(IDLE).await;
    let busy = (program.processor() - busy) / IDLE.as_secs_f64() * 100.0;
    assert!(sessions.iter().all(|session| !session.is_finished()), "all are still there");
    row(&format!("{devices} logged in, idle"), program.memory(), empty, &format!("{busy:.1} % of a core"));
    sessions.iter().for_each(tokio::task::JoinHandle::abort);

    let device = link(program.ws.clone(), program.control.clone(), 15_559_999_999).await;
    let mut first = None;
    for part in 1..=4 {
        let began = Instant::now();
        for _ in 0..logins / 4 {
            drop(device.log_in().await);
        }
        let each = began.elapsed().as_secs_f64() * 1000.0 / f64::from(logins / 4);
        let memory = program.memory();
        let before = *first.get_or_insert(memory);
        row(&format!("{} logins in a row", part * logins / 4), memory, before, &format!("{each:.1} ms each"));
    }
}
