//! What Meta's answers mean. Every answer has a meaning: what is no answer is Meta's fault.

use std::time::Duration;

use serde::Deserialize;

use crate::link::{Cause, RetryHint};
use crate::model::{AccountJid, Profile, Reason, Secret};
use crate::net::Response;

/// Meta throttles by the hour and seldom says for how long.
const PATIENCE: Duration = Duration::from_mins(5);
/// A sentence for a person, not a page.
const WORDS: usize = 300;

/// A phone number as Meta describes it.
#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "Meta's names")]
struct Number {
    id: String,
    display_phone_number: Option<String>,
    verified_name: Option<String>,
    status: Option<String>,
    platform_type: Option<String>,
    health_status: Option<Health>,
}

#[derive(Deserialize)]
struct Health {
    can_send_message: Option<String>,
    #[serde(default)]
    entities: Vec<Entity>,
}

#[derive(Deserialize)]
struct Entity {
    can_send_message: Option<String>,
    #[serde(default)]
    errors: Vec<Trouble>,
}

#[derive(Deserialize)]
struct Trouble {
    error_description: Option<String>,
    possible_solution: Option<String>,
}

#[derive(Deserialize)]
struct Failure {
    error: Fault,
}

#[derive(Deserialize)]
struct Fault {
    #[serde(default)]
    message: String,
    #[serde(default)]
    code: i64,
    error_subcode: Option<i64>,
}

#[derive(Deserialize)]
struct Done {
    success: bool,
}

/// What an answer to the question after number `id` means.
pub(super) fn of(answer: &Response, id: &str, token: &Secret) -> Result<Profile, Cause> {
    let number: Number = body(answer, token)?;
    if number.id != id {
        return Err(nonsense("it describes another number"));
    }
    let digits: String =
        number.display_phone_number.iter().flat_map(|t| t.chars()).filter(char::is_ascii_digit).collect();
    stands(&number, token)?;
    Ok(Profile {
        jid: (!digits.is_empty()).then(|| AccountJid::from_jid(&format!("{digits}@s.whatsapp.net"))),
        name: number.verified_name,
        ..Profile::default()
    })
}

/// What an answer to a subscription means.
pub(super) fn of_subscription(answer: &Response, token: &Secret) -> Result<(), Cause> {
    let done: Done = body(answer, token)?;
    if done.success { Ok(()) } else { Err(nonsense("it says that it did not succeed, and not why")) }
}

fn body<T: for<'a> Deserialize<'a>>(answer: &Response, token: &Secret) -> Result<T, Cause> {
    if !answer.status.is_success() {
        return Err(failure(answer, token));
    }
    if answer.truncated {
        return Err(nonsense("it does not end"));
    }
    // Meta has been seen to put errors into answers that claim success.
    if let Ok(failed) = serde_json::from_slice::<Failure>(&answer.body) {
        return Err(fault(&failed.error, answer, token));
    }
    serde_json::from_slice(&answer.body).map_err(|_| nonsense("it is not what Meta documents"))
}

/// Whether the number can be used: its platform first, because a number that is not registered is
/// reported as blocked too.
fn stands(number: &Number, token: &Secret) -> Result<(), Cause> {
    let not_registered = |why: &str| {
        Err(never(
            Reason::NumberNotRegistered,
            format!("The number is not registered for the Cloud API ({why}); register it at Meta."),
        ))
    };
    match number.platform_type.as_deref() {
        None | Some("CLOUD_API") => {}
        Some(other) => return not_registered(&short(&format!("platform {other}"), token)),
    }
    match number.status.as_deref() {
        Some("BANNED") => {
            return Err(never(Reason::Blocked, "Meta banned this number; see its account quality page."));
        }
        Some("RATE_LIMITED") => {
            return Err(Cause::new(Reason::RateLimited)
                .saying("Meta limits this number for now.")
                .hinting(RetryHint::NotBefore(PATIENCE)));
        }
        Some(status @ ("PENDING" | "DELETED" | "MIGRATED" | "UNVERIFIED" | "DISCONNECTED" | "UNKNOWN")) => {
            return not_registered(&format!("status {status}"));
        }
        _ => {}
    }
    match &number.health_status {
        Some(health) if health.can_send_message.as_deref() == Some("BLOCKED") => {
            Err(never(Reason::Blocked, short(&trouble(health), token)))
        }
        _ => Ok(()),
    }
}

/// Meta's own explanation and solution.
fn trouble(health: &Health) -> String {
    let blocked = health.entities.iter().filter(|e| e.can_send_message.as_deref() == Some("BLOCKED"));
    let words: Vec<_> = blocked
        .flat_map(|entity| &entity.errors)
        .flat_map(|error| [&error.error_description, &error.possible_solution])
        .filter_map(Option::as_deref)
        .collect();
    if words.is_empty() { "Meta blocks this number and does not say why.".into() } else { words.join(" ") }
}

fn failure(answer: &Response, token: &Secret) -> Cause {
    if answer.status.is_redirection() {
        return nonsense("it points elsewhere, where the token is not sent");
    }
    let failed = serde_json::from_slice::<Failure>(&answer.body);
    let error = failed.map_or_else(
        |_| Fault { message: String::new(), code: 0, error_subcode: None },
        |failed| failed.error,
    );
    fault(&error, answer, token)
}

/// Meta's codes first, then HTTP's: several codes share one status.
fn fault(error: &Fault, answer: &Response, token: &Secret) -> Cause {
    let said = short(&error.message, token);
    let status = answer.status.as_u16();
    match (error.code, status) {
        (190, _) => never(Reason::TokenInvalid, invalid_token(error.error_subcode, &said)),
        (4 | 17 | 32 | 613 | 80007 | 130_429, _) | (_, 429) => limited(answer, &said),
        (3 | 10 | 200..=299, _) => never(
            Reason::PermissionMissing,
            format!("The token may not see this number; it needs whatsapp_business_management. {said}"),
        ),
        (133_010, _) => never(
            Reason::NumberNotRegistered,
            format!("The number is not registered for the Cloud API. {said}"),
        ),
        (368 | 131_031, _) => never(Reason::Blocked, format!("Meta blocks this account. {said}")),
        (100, _) => never(
            Reason::NumberUnknown,
            format!("Meta knows no such phone number id, or hides it from this token. {said}"),
        ),
        (1 | 2, _) => Cause::new(Reason::ServerError).saying(format!("Meta has a fault ({status}). {said}")),
        (_, 401) => never(Reason::TokenInvalid, invalid_token(error.error_subcode, &said)),
        (_, 403) => never(Reason::PermissionMissing, format!("The token may not see this number. {said}")),
        (_, 400 | 404) if error.code != 0 => {
            never(Reason::NumberUnknown, format!("Meta refuses the question (code {}). {said}", error.code))
        }
        _ => Cause::new(Reason::ServerError)
            .saying(format!("Meta answered with {status} and nothing that explains it. {said}")),
    }
}

fn invalid_token(subcode: Option<i64>, said: &str) -> String {
    let what = match subcode {
        Some(463) => "Meta's access token has expired",
        Some(458) => "The app was removed, and Meta's access token with it",
        Some(460) => "Meta's access token ended with a change of the password",
        Some(464 | 467) => "Meta's access token was revoked",
        _ => "Meta does not accept the access token",
    };
    format!("{what}; give another one with PUT /instance/token. {said}")
}

fn limited(answer: &Response, said: &str) -> Cause {
    let asked = answer.headers.get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let seconds = asked.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
    Cause::new(Reason::RateLimited)
        .saying(format!("Meta asks for fewer questions. {said}"))
        .hinting(RetryHint::NotBefore(seconds.unwrap_or(PATIENCE)))
}

fn never(reason: Reason, words: impl Into<String>) -> Cause {
    Cause::new(reason).saying(words).hinting(RetryHint::Never)
}

fn nonsense(what: &str) -> Cause {
    Cause::new(Reason::ServerError).saying(format!("Meta's answer cannot be used: {what}."))
}

/// Meta's words, bounded, in one line, and without the token: "Malformed access token …" quotes it.
fn short(words: &str, token: &Secret) -> String {
    let hidden = words.split_whitespace().map(|word| if quotes(word, token) { "[token]" } else { word });
    let mut text = hidden.collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = text.char_indices().nth(WORDS) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Whether a word holds the token, or so much of it that it tells something.
fn quotes(word: &str, token: &Secret) -> bool {
    const TELLING: usize = 12;
    let token = token.expose();
    let pieces = (0..token.len()).filter_map(|at| token.get(at..at + TELLING));
    word.contains(token) || pieces.into_iter().any(|piece| word.contains(piece))
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
