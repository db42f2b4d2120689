//! The box that is installed once: its keys, its configuration read again, HTTPS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::process::Signal;
use serde_json::json;
use tetherd_sandbox::{Options, Sandbox};

use support::{Daemon, KEY, command, run};

#[tokio::test(flavor = "multi_thread")]
async fn keys_come_and_go_while_it_runs_and_while_it_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let start = || async {
        let mut command = command(folder, &sandbox);
        Daemon::of({
            command.env_remove("TETHERD_API_KEY");
            command
        })
        .await
    };
    let (shown, why) = run(folder, &["key", "show"]).await;
    assert!(!shown && why.contains("Start tetherd"), "before the first start there is none: {why}");
    let daemon = start().await;
    let (shown, first) = run(folder, &["key", "show"]).await;
    let first = first.trim().to_owned();
    daemon.keep_secret(&first);
    assert!(shown && first.len() == 64, "{first}");
    assert!(run(folder, &["key", "show"]).await.0, "showing does not use it");
    assert_eq!(daemon.ask_as(Some(&first), "POST", "/verify-creds", None).await.0, 200);
    daemon.until_logged("the first key was used").await;
    let (shown, why) = run(folder, &["key", "show"]).await;
    assert!(!shown && why.contains("tetherd key new"), "{why}");

    let (made, second) = run(folder, &["key", "new", "sofa"]).await;
    let second = second.trim().to_owned();
    daemon.keep_secret(&second);
    assert!(made, "{second}");
    assert_eq!(daemon.ask_as(Some(&second), "POST", "/verify-creds", None).await.0, 200);
    let (_, listed) = run(folder, &["key", "list"]).await;
    assert!(listed.contains("first  made 20") && listed.contains("sofa  made 20"), "{listed}");
    assert!(!listed.contains(&first) && !listed.contains(&second), "only hashes are kept");
    assert!(run(folder, &["key", "revoke", "first"]).await.0);
    assert_eq!(daemon.ask_as(Some(&first), "POST", "/verify-creds", None).await.0, 401);
    let (gone, why) = run(folder, &["key", "revoke", "nobody"]).await;
    assert!(!gone && why.contains("nobody"), "{why}");
    daemon.terminate().await;

    let (made, said) = run(folder, &["key", "new", "sofa"]).await;
    assert!(made && said.contains("in the place of the key sofa"), "{said}");
    let third = said.lines().next().unwrap();
    let daemon = start().await;
    daemon.keep_secret(third);
    assert_eq!(daemon.ask_as(Some(third), "POST", "/verify-creds", None).await.0, 200);
    assert_eq!(daemon.ask_as(Some(&second), "POST", "/verify-creds", None).await.0, 401, "replaced");
    let (made, said) = run(folder, &["key", "new", "sofa"]).await;
    assert!(made && said.contains("in the place of the key sofa"), "{said}");
    assert_eq!(daemon.ask_as(Some(third), "POST", "/verify-creds", None).await.0, 401, "replaced again");
    let (alive, said) = run(folder, &["healthcheck"]).await;
    assert!(alive, "over the socket, without address or key: {said}");
    let (told, said) = run(folder, &["status"]).await;
    assert!(told && said.contains("no instances yet"), "{said}");
    daemon.terminate().await;
    assert!(!folder.join("owner.sock").exists());
    assert!(!run(folder, &["healthcheck"]).await.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sealing_key_is_replaced_while_it_runs_and_while_it_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let daemon = Daemon::start(folder, &sandbox).await;
    let body = json!({"instanceName": "shop", "integration": "WHATSAPP-BAILEYS", "webhook": {"url": "http://127.0.0.1:9/"}});
    daemon.create_as(body).await;
    let key = || std::fs::read_to_string(folder.join("sealing.key")).unwrap();
    let first = key();
    let (done, said) = run(folder, &["key", "rotate-seal"]).await;
    let second = key();
    assert!(done && first != second, "{said}");
    assert_eq!(daemon.ask("GET", "/webhook/find/shop", None).await.1["url"], "http://127.0.0.1:9/");
    daemon.terminate().await;
    assert!(run(folder, &["key", "rotate-seal"]).await.0);
    assert_ne!(second, key());

    // A key of the owner's own: the daemon is told where it is.
    let given = folder.join("own.key");
    let (done, said) = run(folder, &["key", "rotate-seal", "--to", given.to_str().unwrap()]).await;
    assert!(done && said.contains("own.key"), "{said}");
    let (done, why) = run(folder, &["key", "list"]).await;
    let named = format!("the sealing key in {}/sealing.key is not the one", folder.display());
    assert!(!done && why.contains(&named), "{why}");
    let env = [("TETHERD_SEALING_KEY", given.to_str().unwrap())];
    let daemon = Daemon::start_with(folder, &sandbox, &env).await;
    assert_eq!(daemon.ask("GET", "/webhook/find/shop", None).await.1["url"], "http://127.0.0.1:9/");
    daemon.keep_secret(&std::fs::read_to_string(&given).unwrap());
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_global_key_may_be_a_credential_of_systemds() {
    let (folder, credentials) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let key = "a key is what it is not";
    write(&credentials.path().join("api-key"), key);
    let start = || {
        let mut command = command(folder.path(), &sandbox);
        command.env_remove("TETHERD_API_KEY").env("CREDENTIALS_DIRECTORY", credentials.path());
        command
    };
    let refused = tokio::time::timeout(support::LIMIT, start().output()).await.unwrap().unwrap();
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(why.contains("visible ASCII") && !why.contains(key), "{why}");
    write(&credentials.path().join("api-key"), "a-key-of-systemd\n");
    let daemon = Daemon::of(start()).await;
    daemon.keep_secret("a-key-of-systemd");
    assert_eq!(daemon.ask_as(Some("a-key-of-systemd"), "POST", "/verify-creds", None).await.0, 200);
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owners_socket_gives_nothing_to_strangers() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    for key in [None, Some(KEY)] {
        let (status, _) = daemon.ask_as(key, "GET", "/owner/keys", None).await;
        assert_eq!(status, if key.is_some() { 404 } else { 401 }, "only over the socket");
    }
    let mode = std::fs::metadata(folder.path().join("owner.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    daemon.terminate().await;
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_configuration_is_taken_over_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tetherd.toml");
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    write(&file, "log = \"info\"\n[http]\nhosts = [\"old.example\"]\n");
    let mut command = command(folder.path(), &sandbox);
    command.env_remove("TETHERD_API_KEY").env_remove("TETHERD_LOG").env("TETHERD_CONFIG", &file);
    let daemon = Daemon::of(command).await;
    assert!(!daemon.log().contains("DEBUG"));

    write(&file, "log = \"debug\"\n[http]\nhosts = [\"new.example\"]\n\n[qr]\nlimit = 0\n");
    daemon.signal(Signal::HUP);
    daemon.until_logged("tetherd.toml:6: qr.limit is 0; it takes 1 to 1000").await;
    assert!(!daemon.log().contains("was read again"));

    let key = "a-key-of-the-new-configuration";
    daemon.keep_secret(key);
    write(
        &file,
        &format!(
            "log = \"debug\"\napi_key = \"{key}\"\nlisten = \"127.0.0.1:9\"\n[http]\nhosts = [\"new.example\"]\n"
        ),
    );
    assert_eq!(daemon.ask_as(Some(key), "POST", "/verify-creds", None).await.0, 401);
    daemon.signal(Signal::HUP);
    daemon.until_logged("the configuration was read again: api_key, log, http.hosts").await;
    assert_eq!(daemon.ask_as(Some(key), "POST", "/verify-creds", None).await.0, 200);
    daemon.until_logged("DEBUG").await;
    daemon.terminate().await;
}

/// A certificate for 127.0.0.1 and its key, in two files.
fn certificate(folder: &Path) -> (std::path::PathBuf, std::path::PathBuf, String) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let (cert, key) = (folder.join("tls.crt"), folder.join("tls.key"));
    write(&cert, &made.cert.pem());
    write(&key, &made.signing_key.serialize_pem());
    (cert, key, made.cert.pem())
}

#[tokio::test(flavor = "multi_thread")]
async fn https_with_the_owners_certificate_which_may_be_renewed() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let (cert, key, _) = certificate(folder.path());
    let env =
        [("TETHERD_HTTP_TLS_CERT", cert.to_str().unwrap()), ("TETHERD_HTTP_TLS_KEY", key.to_str().unwrap())];
    let mut daemon = Daemon::start_with(folder.path(), &sandbox, &env).await;
    assert!(daemon.url.starts_with("https://127.0.0.1:"), "{}", daemon.url);
    daemon.trust(&cert);
    assert_eq!(daemon.ask("GET", "/instance/fetchInstances", None).await, (200, json!([])));
    let cookie = daemon.sign_in(KEY).await;
    assert!(cookie.contains("; Secure"), "{cookie}");
    let plain = support::Client::new(daemon.url.replace("https", "http"));
    let (status, told) = plain.try_ask("GET", "/", None).await.unwrap();
    assert_eq!((status, told["code"].as_str()), (400, Some("https_only")), "{told}");
    assert!(run(folder.path(), &["healthcheck"]).await.0);

    certificate(folder.path());
    daemon.signal(Signal::HUP);
    daemon.until_logged("the configuration was read again").await;
    daemon.trust(&cert);
    assert_eq!(daemon.ask("GET", "/readyz", None).await.0, 200, "the new certificate is shown");
    write(&key, "no key");
    daemon.signal(Signal::HUP);
    daemon.until_logged("holds no private key").await;
    daemon.trust(&cert);
    assert_eq!(daemon.ask("GET", "/readyz", None).await.0, 200, "the one before stays");
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_taken_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = held.local_addr().unwrap();
    let (started, said) = run(folder.path(), &["serve", "--listen", &taken.to_string()]).await;
    assert!(!started && said.contains(&format!("cannot listen on {taken}: ")), "{said}");
    assert!(said.contains("choose another address"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_certificate_is_refused_at_start_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key, _) = certificate(folder.path());
    let other = tempfile::tempdir().unwrap();
    let (_, other_key, _) = certificate(other.path());
    let start = |cert: std::path::PathBuf, key: std::path::PathBuf| async move {
        let folder = tempfile::tempdir().unwrap();
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_tetherd"));
        command.args(["serve", "--listen", "127.0.0.1:0"]).env("TETHERD_DATA_DIR", folder.path());
        command.env("TETHERD_HTTP_TLS_CERT", cert).env("TETHERD_HTTP_TLS_KEY", key);
        let done = tokio::time::timeout(support::LIMIT, command.output()).await.unwrap().unwrap();
        assert!(!done.status.success());
        String::from_utf8(done.stderr).unwrap()
    };
    let missing = start("/nowhere/tls.crt".into(), key.clone()).await;
    assert!(missing.contains("http.tls_cert is /nowhere/tls.crt: No such file"), "{missing}");
    let swapped = start(key.clone(), cert.clone()).await;
    assert!(swapped.contains("http.tls_cert") && swapped.contains("no certificate"), "{swapped}");
    let unfit = start(cert.clone(), other_key).await;
    assert!(unfit.contains("does not belong to http.tls_cert"), "{unfit}");
}

/// A number of `/metrics`, by its name and labels as they are written.
fn metric(text: &str, row: &str) -> f64 {
    let value = text.lines().find_map(|line| line.strip_prefix(row)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("no {row} in\n{text}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_tell_what_happened_to_an_instance_and_what_it_cost() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let body = json!({"instanceName": "shop", "integration": "WHATSAPP-BAILEYS", "qrcode": true,
        "webhook": {"url": format!("http://{closed}/")}});
    let made = daemon.create_as(body).await;
    let jid = sandbox.scan("15551234567", made["qrcode"]["code"].as_str().unwrap()).await.unwrap();
    daemon.until("open").await;
    sandbox.fault(tetherd_sandbox::Fault::Drop, Some(&jid)).await;
    let began = std::time::Instant::now();
    let text = loop {
        let text = daemon.ask_text("/metrics").await;
        if metric(&text, r#"tetherd_instance_reconnects_total{instance="shop"}"#) > 0.0 {
            break text;
        }
        assert!(began.elapsed() < support::LIMIT, "{text}");
    };
    for (row, least) in [
        (r#"tetherd_instances{state="open"}"#, 1.0),
        (r#"tetherd_instance_state{instance="shop",state="open",reason="open"}"#, 1.0),
        (r#"tetherd_instance_attempts_total{instance="shop"}"#, 2.0),
        (r#"tetherd_instance_qr_shown_total{instance="shop"}"#, 1.0),
        (r#"tetherd_instance_qr_scanned_total{instance="shop"}"#, 1.0),
        (r#"tetherd_instance_open_seconds_total{instance="shop"}"#, 0.001),
        (r#"tetherd_webhook_pending{instance="shop",destination="instance"}"#, 3.0),
        (r#"tetherd_webhook_oldest_seconds{instance="shop",destination="instance"}"#, 0.001),
        (r#"tetherd_webhook_attempts_total{outcome="failed"}"#, 1.0),
        ("tetherd_store_commit_seconds_count", 5.0),
        ("tetherd_store_commit_seconds_sum", 0.000_001),
        ("tetherd_store_written_bytes_total", 4096.0),
        (r#"tetherd_http_request_seconds_count{method="POST",route="/instance/create"}"#, 1.0),
        ("process_resident_memory_bytes", 1e6),
    ] {
        assert!(metric(&text, row) >= least, "{row} is less than {least} in\n{text}");
    }
    assert!(text.contains(&format!("tetherd_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"))));
    assert!(text.ends_with("# EOF\n") && !text.contains("15551234567"), "{text}");
    daemon.terminate().await;
}

/// On an address of this box only, who asks is on this box; on others even who is has to have the key.
#[tokio::test(flavor = "multi_thread")]
async fn metrics_need_the_key_unless_the_listener_is_loopback() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    for (listen, without_key) in [("127.0.0.1:0", 200), ("0.0.0.0:0", 401)] {
        let folder = tempfile::tempdir().unwrap();
        let daemon = Daemon::of(support::command_on(listen, folder.path(), &sandbox)).await;
        assert_eq!(daemon.ask_as(None, "GET", "/metrics", None).await.0, without_key, "{listen}");
        assert_eq!(daemon.ask("GET", "/metrics", None).await.0, 200, "{listen}");
        daemon.terminate().await;
    }
}

/// What a person wants to find in the journal afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn coming_and_going_is_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    daemon.create("shop").await;
    daemon.link(&sandbox, "shop", "15551234567").await;
    daemon.ask("DELETE", "/instance/logout/shop", None).await;
    daemon.ask("DELETE", "/instance/delete/shop", None).await;
    for line in ["created instance=shop", "logged out by this box instance=shop", "deleted instance=shop"] {
        daemon.until_logged(line).await;
    }
    daemon.signal(Signal::TERM);
    let log = daemon.stopped().await;
    assert!(log.contains("stopping; links come back at the next start"), "{log}");
    assert!(!log.contains("may be shown as online"), "{log}");
}
