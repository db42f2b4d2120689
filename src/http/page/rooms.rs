//! An account's settings, and its webhook with what was delivered.

use maud::{Markup, html};

use super::shell::Reader;
use super::state::time;
use crate::model::{Settings, Webhook};
use crate::store::{Delivery, DeliveryStatus};

/// The settings, as a form.
pub(super) fn settings(reader: &Reader, base: &str, kept: &Settings, saved: bool) -> Markup {
    let w = reader.tongue.words();
    let switches = [
        ("rejectCall", w.s_reject, kept.reject_call),
        ("groupsIgnore", w.s_groups, kept.groups_ignore),
        ("alwaysOnline", w.s_online, kept.always_online),
        ("readMessages", w.s_read, kept.read_messages),
        ("readStatus", w.s_status, kept.read_status),
        ("syncFullHistory", w.s_history, kept.sync_full_history),
    ];
    html! {
        section.card {
            @if saved { p.note role="status" { (w.saved) } }
            form.stack method="post" action={ (base) "/settings" } {
                (reader.proof())
                @for (name, text, on) in switches {
                    label.check { input type="checkbox" name=(name) value="on" checked[on]; (text) }
                }
                label { (w.s_text) input name="msgCall" maxlength="500" value=(kept.msg_call); }
                div { button.main type="submit" { (w.save) } }
            }
        }
    }
}

/// The settings that a form means: a box that is not ticked is not sent.
pub(super) fn settings_of(kept: &Settings, field: impl Fn(&str) -> Option<String>) -> Settings {
    let on = |name| field(name).is_some();
    Settings {
        reject_call: on("rejectCall"),
        msg_call: field("msgCall").unwrap_or_default(),
        groups_ignore: on("groupsIgnore"),
        always_online: on("alwaysOnline"),
        read_messages: on("readMessages"),
        read_status: on("readStatus"),
        sync_full_history: on("syncFullHistory"),
        wavoip_token: kept.wavoip_token.clone(),
    }
}

/// The webhook as a form, and its deliveries.
pub(super) fn webhook(
    reader: &Reader,
    base: &str,
    kept: Option<&Webhook>,
    deliveries: &[Delivery],
    wrong: bool,
) -> Markup {
    let w = reader.tongue.words();
    html! {
        section.card {
            @if wrong { p.note.wrong role="alert" { (w.w_bad) } }
            form.stack method="post" action={ (base) "/webhook" } {
                (reader.proof())
                label { (w.w_url)
                    input type="url" name="url" required maxlength="2000" placeholder="http://192.168.1.20:5678/webhook/…"
                        value=[kept.map(|hook| hook.target.url.as_str())];
                }
                label.check { input type="checkbox" name="enabled" value="on" checked[kept.is_none_or(|hook| hook.enabled)]; (w.w_on) }
                div { button.main type="submit" { (w.save) } }
            }
        }
        section.card {
            h2 { (w.w_deliveries) }
            @if deliveries.is_empty() { p.quiet { (w.w_none) } }
            @else { div.scroll tabindex="0" role="region" aria-label=(w.w_deliveries) { table {
                thead { tr { th scope="col" { (w.when) } th scope="col" { (w.what) } th scope="col" { (w.result) } } }
                tbody { @for delivery in deliveries { (row(reader, base, delivery)) } }
            } } }
        }
    }
}

fn row(reader: &Reader, base: &str, delivery: &Delivery) -> Markup {
    let w = reader.tongue.words();
    let status = match delivery.status {
        DeliveryStatus::Pending => w.w_pending,
        DeliveryStatus::Delivered => w.w_delivered,
        DeliveryStatus::Dead => w.w_dead,
    };
    html! {
        tr {
            td { (time(delivery.updated)) }
            td { (delivery.event.kind) }
            td {
                (status)
                @if let Some(answer) = delivery.answer { " · " (answer) }
                @if let Some(error) = &delivery.error { p.small.quiet { (error) } }
                @if delivery.status != DeliveryStatus::Pending {
                    form method="post" action={ (base) "/redeliver" } {
                        (reader.proof())
                        input type="hidden" name="id" value=(delivery.id);
                        button type="submit" { (w.w_again) }
                    }
                }
            }
        }
    }
}
