#![allow(clippy::unwrap_used, reason = "tests")]

use super::{Config, When};
use std::path::Path;

fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tetherd.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn fault(text: &str) -> String {
    let (folder, path) = file(text);
    let error = Config::load(Some(&path), |_| None, &[]).unwrap_err().to_string();
    error.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn flags_over_environment_over_file_over_defaults() {
    let (_folder, path) = file("listen = \"127.0.0.1:1\"\n[qr]\nlimit = 5\n");
    let env = |name: &str| (name == "TETHERD_LISTEN").then(|| "127.0.0.1:2".to_owned());
    let flags = [("listen", "127.0.0.1:3".to_owned())];
    let load = |file: Option<&Path>, env: &dyn Fn(&str) -> Option<String>, flags: &[(&str, String)]| {
        let config = Config::load(file, env, flags).unwrap();
        (config.listen.port(), config.qr.limit)
    };
    assert_eq!(load(None, &|_| None, &[]), (8080, 30));
    assert_eq!(load(Some(&path), &|_| None, &[]), (1, 5));
    assert_eq!(load(Some(&path), &env, &[]), (2, 5));
    assert_eq!(load(Some(&path), &env, &flags), (3, 5));
}

#[test]
fn a_wrong_file_names_its_line() {
    assert!(fault("log = \"info\"\nlissten = 1\n").starts_with("tetherd.toml:2: unknown field `lissten`"));
    assert!(fault("[whatsapp]\nversion = \"2\"\n").contains("2.3000"));
    assert_eq!(fault("\n[qr]\nlimit = 0\n"), "tetherd.toml:3: qr.limit is 0; it takes 1 to 1000");
    assert_eq!(
        fault("http.tls_key = \"k.pem\"\n"),
        "tetherd.toml:1: http.tls_key needs http.tls_cert beside it"
    );
    assert!(fault("[proxy]\nhost = \"h:1\"\nport = 1\n").contains("tetherd.toml:2: proxy.host is"));
    assert!(
        fault("[proxy]\nhost = \"h\"\n").ends_with("proxy.host needs proxy.port beside it, from 1 to 65535")
    );
    assert!(fault("[proxy]\nprotocol = \"ftp\"\n").contains("takes http or socks5"));
    for key in ["short", "with spaces, and long", "schlüsselschlüssel"] {
        let says =
            "api_key takes 16 or more visible ASCII characters without spaces; leave it out to have one made";
        assert_eq!(fault(&format!("api_key = \"{key}\"\n")), format!("tetherd.toml:1: {says}"));
    }
}

#[test]
fn a_wrong_value_is_told_with_its_key_what_it_is_and_what_is_taken() {
    for (text, says) in [
        ("\n\n[qr]\nlimit = \"x\"\n", "4: qr.limit is \"x\"; it takes a whole number that is not negative"),
        ("cloud.interval = -1\n", "1: cloud.interval is -1; it takes a whole number that is not negative"),
        (
            "listen = \"nowhere\"\n",
            "1: listen is \"nowhere\"; it takes an address with a port, such as \"127.0.0.1:8080\" or \"[::]:8080\"",
        ),
        ("[webhooks]\nbase64 = 1\n", "2: webhooks.base64 is 1; it takes true or false"),
        (
            "[webhooks]\nallow = [\"x\"]\n",
            "2: webhooks.allow is \"x\"; it takes a list of networks, such as [\"192.168.0.0/16\"]",
        ),
        (
            "[http]\ntrusted_proxies = [\"10.0.0.0/8\", \"here\"]\n",
            "2: http.trusted_proxies is \"here\"; it takes a list of networks, such as [\"192.168.0.0/16\"]",
        ),
        (
            "log = \"warning\"\n",
            "1: log is \"warning\"; it takes error, warn, info, debug, trace or off, or a filter such as info,tetherd::link=debug",
        ),
        ("[webhooks]\nevents = [\"X\"]\n", "2: webhooks.events: \"X\" is no event that tetherd knows"),
        (
            "[webhooks]\nurl = \"http://169.254.169.254/\"\n",
            "2: webhooks.url leads where no webhook may: link-local and metadata addresses are never connected to",
        ),
        (
            "[webhooks]\nurl = \"http://h:70000/\"\n",
            "2: webhooks.url names a port that is none; ports go from 1 to 65535",
        ),
        (
            "[webhooks]\nsecret = \"my own\"\n",
            "2: webhooks.secret must be whsec_ and base64, as Standard Webhooks says (24 to 64 random bytes)",
        ),
        (
            "[webhooks]\nheaders = { Host = \"x\" }\n",
            "2: webhooks.headers has \"Host\", which is set by tetherd itself",
        ),
        ("[events]\nspelling = \"x\"\n", "2: events.spelling is \"x\"; it takes \"upper\" or \"dotted\""),
        ("qr = 3\n", "1: qr is 3; it takes a section, [qr] with keys of its own"),
        (
            "api_key = 1234567890123456789\n",
            "1: api_key is something else than it takes, which is a text in quotation marks",
        ),
    ] {
        assert_eq!(fault(text), format!("tetherd.toml:{says}"));
    }
}

#[test]
fn a_single_address_is_a_network() {
    let (_folder, path) = file("[http]\ntrusted_proxies = [\"127.0.0.1\", \"fd00::/8\", \"::1\"]\n");
    let config = Config::load(Some(&path), |_| None, &[]).unwrap();
    assert_eq!(
        config.http.trusted_proxies.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["127.0.0.1/32", "fd00::/8", "::1/128"]
    );
}

#[test]
fn a_wrong_flag_or_variable_is_told_as_it_was_written() {
    let flag =
        |text: &str| Config::load(None, |_| None, &[("listen", text.to_owned())]).unwrap_err().to_string();
    assert!(
        flag("127.0.0.1:99999").starts_with("--listen is \"127.0.0.1:99…\"; it takes an address with a port")
    );
    assert!(flag("nowhere").starts_with("--listen is \"nowhere\"; it takes"));
    if cfg!(feature = "demo") {
        for (name, text, takes) in [
            ("TETHERD_WHATSAPP_URL", "http://127.0.0.1:1/ws", "ws:// or wss://"),
            ("TETHERD_WHATSAPP_URL", "nonsense", "ws:// or wss://"),
            ("TETHERD_WHATSAPP_VERSION_PAGE", "ws://127.0.0.1:1/", "http:// or https://"),
        ] {
            let env = |wanted: &str| (wanted == name).then(|| text.to_owned());
            let says = Config::load(None, env, &[]).unwrap_err().to_string();
            assert!(says.starts_with(&format!("{name}: whatsapp.")) && says.contains(takes), "{says}");
        }
    }
}

#[test]
fn what_changed_is_told_by_key() {
    let load = |text: &str, log: Option<&str>| {
        let (_folder, path) = file(text);
        let env = |name: &str| (name == "TETHERD_LOG").then(|| log.map(str::to_owned)).flatten();
        Config::load(Some(&path), env, &[]).unwrap()
    };
    let old = load("log = \"info\"\n[http]\nhosts = [\"a.example\"]\n", None);
    assert_eq!(load("[http]\nhosts = [\"a.example\"]\n", Some("info")).changed_since(&old), []);
    let new = load("listen = \"[::]:80\"\n[http]\nhosts = [\"b.example\"]\n", Some("debug"));
    let told: Vec<_> = new.changed_since(&old);
    assert_eq!(
        told,
        [("listen".into(), When::Restart), ("log".into(), When::Reload), ("http.hosts".into(), When::Reload)]
    );
}

#[test]
fn a_variable_that_was_mistyped_is_seen() {
    let names = [
        "TETHERD_LISTN",
        "TETHERD_LISTEN",
        "TETHERD_HTTP_TLS_CERT",
        "TETHERD_CONFIG",
        "PATH",
        "TETHERD_WEBHOOK_URL",
    ];
    let strange = Config::strange(names.into_iter().map(str::to_owned));
    assert_eq!(strange, ["TETHERD_LISTN", "TETHERD_WEBHOOK_URL"]);
}

#[test]
fn a_wrong_variable_is_named() {
    let env = |name: &str| (name == "TETHERD_QR_LIMIT").then(|| "many".to_owned());
    let error = Config::load(None, env, &[]).unwrap_err().to_string();
    assert!(error.contains("TETHERD_QR_LIMIT") && error.contains("number"), "{error}");
    let env = |name: &str| (name == "TETHERD_LISTEN").then(|| "nowhere".to_owned());
    let error = Config::load(None, env, &[]).unwrap_err().to_string();
    assert!(error.starts_with("TETHERD_LISTEN is \"nowhere\"; it takes an address with a port"), "{error}");
}

#[test]
fn secrets_are_not_shown() {
    let env = |name: &str| (name == "TETHERD_API_KEY").then(|| "hunter2hunter2hunter2".to_owned());
    let config = Config::load(None, env, &[]).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}

/// What the packages install as `/etc/tetherd/tetherd.toml`.
const SHIPPED: &str = include_str!("../../packaging/tetherd.toml");
/// Only in a demo build.
const DEMO: &[&str] = &["whatsapp.url", "whatsapp.version_page"];

#[test]
fn the_shipped_file_is_right_as_it_is_and_with_every_key() {
    let (_folder, path) = file(SHIPPED);
    let shipped = Config::load(Some(&path), |_| None, &[]).unwrap();
    assert_eq!(shipped.listen.to_string(), "0.0.0.0:8080", "a box at home is opened from the sofa");
    assert_eq!(shipped.changed_since(&Config::default()), [("listen".into(), When::Restart)]);

    let whole: String = SHIPPED.lines().map(|line| uncommented(line).to_owned() + "\n").collect();
    let (_folder, path) = file(&whole);
    let all = Config::load(Some(&path), |_| None, &[]).unwrap();
    let missing: Vec<_> = super::keys()
        .map(|(key, ..)| key)
        .filter(|key| !DEMO.contains(&key.as_str()) && !all.marks.contains_key(key))
        .collect();
    assert!(missing.is_empty(), "packaging/tetherd.toml does not have {missing:?}");
}

/// Keys that have no default: the file shows an example.
const EXAMPLES: &[&str] = &[
    "api_key",
    "sealing_key",
    "hosts",
    "cors_origins",
    "trusted_proxies",
    "public_url",
    "tls_cert",
    "tls_key",
    "extra_ca",
    "host",
    "port",
    "username",
    "password",
    "url",
    "events",
    "headers",
    "jwt_key",
    "secret",
    "old_secret",
    "allow",
    "deny",
    "app_secret",
    "verify_token",
];

#[test]
fn what_the_shipped_file_calls_a_default_is_one() {
    let default = format!("{:?}", Config::default());
    let mut section = "";
    for line in SHIPPED.lines() {
        if line.starts_with('[') {
            section = line;
        }
        let Some((name, _)) = uncommented(line).split_once(" = ").filter(|_| uncommented(line) != line)
        else {
            continue;
        };
        if EXAMPLES.contains(&name) || (section, name) == ("[whatsapp]", "version") {
            continue;
        }
        let (_folder, path) = file(&format!("{section}\n{}\n", uncommented(line)));
        let mut one = Config::load(Some(&path), |_| None, &[]).unwrap();
        one.marks.clear();
        assert_eq!(format!("{one:?}"), default, "{line}");
    }
}

/// The line with its key at work: `#limit = 30` is a key, `# The …` is prose.
fn uncommented(line: &str) -> &str {
    line.strip_prefix('#').filter(|key| key.starts_with(|c: char| c.is_ascii_lowercase())).unwrap_or(line)
}
