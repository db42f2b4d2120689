//! An account's webhook, and what was delivered to it.

pub(super) mod acts;

use maud::{Markup, html};

use super::reader::Reader;
use super::rooms::address;
use super::state::{left, time};
use crate::events::{CircuitShown, CircuitState, TestOutcome};
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::state::State;
use crate::instance::Snapshot;
use crate::model::EventKind;
use crate::store::{Delivery, DeliveryFilter, DeliveryStatus, WebhookRow};

/// Deliveries that are listed.
const LISTED: u32 = 50;

/// What was done just now.
pub(super) enum News {
    None,
    /// The address is none, for this reason when there is one.
    BadAddress(Option<&'static str>, String),
    /// A new secret, shown this once.
    Secret(String),
    Tested(TestOutcome),
}

/// The room.
pub(super) async fn room(
    call: &Call,
    reader: &Reader,
    s: &Snapshot,
    status: Option<DeliveryStatus>,
    news: &News,
) -> Result<Markup, ApiError> {
    let w = reader.tongue.words();
    let kept = call.state.store.webhook_of(Some(s.id)).await?;
    let deliveries = deliveries(&call.state, reader, s, status).await?;
    Ok(html! {
        section.card {
            p.quiet { (w.w_lead) }
            (told(reader, news))
            (form(reader, s, kept.as_ref(), news))
            @if let Some(row) = &kept { (more(reader, s, row)) }
        }
        section.card {
            h2 { (w.w_deliveries) }
            (filters(reader, s, status))
            div.live #deliveries { (deliveries) }
        }
    })
}

fn told(reader: &Reader, news: &News) -> Markup {
    let w = reader.tongue.words();
    match news {
        News::Tested(TestOutcome { error: Some(why), .. }) => html! {
            p.note.bad role="alert" { (w.w_test_bad.replacen("{}", why, 1)) }
        },
        News::Tested(TestOutcome { answer, error: None }) => html! {
            p.note.good role="status" { (w.w_test_ok.replacen("{}", &answer.unwrap_or_default().to_string(), 1)) }
        },
        News::Secret(secret) => html! {
            div.note.good.stack role="status" {
                p { (w.shown_once) }
                div.copied {
                    code #secret { (secret) }
                    button.main #copy-secret type="button" data-copy="secret" data-script hidden { (w.copy) }
                }
            }
        },
        News::None | News::BadAddress(..) => html! {},
    }
}

fn form(reader: &Reader, s: &Snapshot, kept: Option<&WebhookRow>, news: &News) -> Markup {
    let w = reader.tongue.words();
    let hook = kept.map(|row| &row.webhook);
    let wrong = match news {
        News::BadAddress(why, typed) => Some((why, typed)),
        _ => None,
    };
    let url = wrong.map(|(_, typed)| typed.as_str()).or(hook.map(|hook| hook.target.url.as_str()));
    let wanted = hook.and_then(|hook| hook.events.as_deref()).unwrap_or_default();
    html! {
        form.stack method="post" action={ (address(s)) "/webhook" } {
            (reader.proof())
            label { (w.w_url)
                input #url type="url" name="url" required maxlength="2000" placeholder="http://192.168.1.20:5678/webhook/…"
                    value=[url] aria-invalid=[wrong.map(|_| "true")] aria-describedby=[wrong.map(|_| "url-wrong")];
            }
            @if let Some((why, _)) = wrong {
                p.note.bad #url-wrong role="alert" { (w.w_bad) @if let Some(why) = why { " (" (why) ")" } }
            }
            label.switch.field { span { (w.w_on) }
                input type="checkbox" role="switch" name="enabled" value="on" checked[hook.is_none_or(|hook| hook.enabled)];
            }
            details #which open[!wanted.is_empty()] {
                summary { (w.w_which) }
                fieldset {
                    legend.quiet.small { (w.w_which_help) }
                    div.kinds { @for kind in offered() {
                        label.tick { input type="checkbox" name="event" value=(kind.upper()) checked[wanted.contains(&kind)]; code { (kind) } }
                    } }
                }
            }
            button.main type="submit" { (w.save) }
        }
    }
}

/// The kinds that there can be deliveries of.
fn offered() -> impl Iterator<Item = EventKind> {
    let never = [EventKind::WebhookTest, EventKind::TypebotStart, EventKind::TypebotChangeStatus];
    EventKind::ALL.iter().copied().filter(move |kind| !never.contains(kind))
}

fn more(reader: &Reader, s: &Snapshot, row: &WebhookRow) -> Markup {
    let w = reader.tongue.words();
    let base = address(s);
    html! {
        div.acts {
            form method="post" action={ (base) "/webhook-test" } {
                (reader.proof()) button #test type="submit" { (w.w_test) }
            }
            details.asks #ask-secret {
                summary { (w.w_secret) "…" }
                form.stack method="post" action={ (base) "/webhook-secret" } {
                    (reader.proof())
                    p { (w.w_secret_help) }
                    button type="submit" { (w.w_secret) }
                }
            }
        }
        p.small.quiet { (if row.webhook.target.secrets.is_empty() { w.w_unsigned } else { w.w_signed }) }
    }
}

fn filters(reader: &Reader, s: &Snapshot, status: Option<DeliveryStatus>) -> Markup {
    let w = reader.tongue.words();
    let all =
        [None, Some(DeliveryStatus::Pending), Some(DeliveryStatus::Delivered), Some(DeliveryStatus::Dead)];
    html! {
        nav.ways aria-label=(w.w_deliveries) {
            @for which in all {
                @let query = which.map(|which| format!("?status={}", which.as_str())).unwrap_or_default();
                a href={ (address(s)) "/webhook" (query) } aria-current=[(which == status).then_some("page")] {
                    (which.map_or(w.w_all, |which| named(reader, which)))
                }
            }
        }
    }
}

fn named(reader: &Reader, status: DeliveryStatus) -> &'static str {
    let w = reader.tongue.words();
    match status {
        DeliveryStatus::Pending => w.w_pending,
        DeliveryStatus::Delivered => w.w_delivered,
        DeliveryStatus::Dead => w.w_dead,
    }
}

/// What was and is to be delivered, newest first. Who has only the account's key sees nothing of the
/// global webhook, which is the owner's.
pub(super) async fn deliveries(
    state: &State,
    reader: &Reader,
    s: &Snapshot,
    status: Option<DeliveryStatus>,
) -> Result<Markup, ApiError> {
    let w = reader.tongue.words();
    let own = !reader.global;
    let filter = DeliveryFilter { instance: s.id, own, status, before: None, limit: LISTED };
    let rows = state.store.deliveries(filter).await?;
    let hook = state.store.webhook_of(Some(s.id)).await?;
    let circuit = hook.map(|row| state.courier.circuit(row.id));
    Ok(html! {
        @if let Some(circuit) = circuit.filter(|circuit| circuit.state == CircuitState::Open) { (paused(state, reader, &circuit)) }
        @if rows.is_empty() { p.quiet { (w.w_none) } }
        @else {
            ul.log { @for delivery in &rows { (row(reader, s, delivery)) } }
            @if status == Some(DeliveryStatus::Dead) {
                form method="post" action={ (address(s)) "/redeliver" } {
                    (reader.proof()) button #again-all type="submit" { (w.w_again_all) }
                }
            }
        }
    })
}

/// The receiver is left alone for a while.
fn paused(state: &State, reader: &Reader, circuit: &CircuitShown) -> Markup {
    let w = reader.tongue.words();
    let now = state.clock.now();
    html! {
        div.note.care {
            @if let Some(error) = &circuit.error { p { (w.w_test_bad.replacen("{}", error, 1)) } }
            @if let Some(next) = circuit.next_attempt_at {
                p { (w.next_try) " " strong.number { (left(now.until(next).as_millis(), None, Some(w.now))) } }
            }
        }
    }
}

fn row(reader: &Reader, s: &Snapshot, delivery: &Delivery) -> Markup {
    let w = reader.tongue.words();
    let tone = match delivery.status {
        DeliveryStatus::Pending => "care",
        DeliveryStatus::Delivered => "good",
        DeliveryStatus::Dead => "bad",
    };
    html! {
        li id={ "delivery-" (delivery.id) } {
            (time(delivery.updated))
            code { (delivery.event.kind) }
            div.result {
                span.toned.(tone) { (named(reader, delivery.status)) }
                @if let Some(answer) = delivery.answer { " · " (answer) }
                @if delivery.attempts > 1 { " · " (w.w_tries.replacen("{}", &delivery.attempts.to_string(), 1)) }
                @if let Some(error) = &delivery.error { p.small.quiet { (error) } }
            }
            @if delivery.status != DeliveryStatus::Pending {
                form method="post" action={ (address(s)) "/redeliver" } {
                    (reader.proof())
                    input type="hidden" name="id" value=(delivery.id);
                    button type="submit" aria-label={ (w.w_again) ": " (delivery.event.kind) " " (delivery.event.seq.0) } { (w.w_again) }
                }
            }
        }
    }
}
