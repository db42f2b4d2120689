//! What a running link reports.

use std::sync::Arc;

use super::super::qr::QrPicture;
use super::super::snapshot::ShownCode;
use super::super::state::{Effect, Fact};
use super::super::tell;
use super::Supervisor;
use crate::link::{LinkEvent, PairError, PairingCode, QrCode};
use crate::model::{PhoneNumber, Reason, ReasonDetail};

impl Supervisor {
    pub(super) async fn link_event(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Reached => {
                self.fact(Fact::Reached).await;
            }
            LinkEvent::Code(code) => self.show(code).await,
            LinkEvent::PairingCodeDead => {
                self.pairing.code = None;
                self.publish_now();
            }
            LinkEvent::Scanned => {
                self.tally.scans += 1;
                self.clear_codes();
                self.fact(Fact::Scanned).await;
            }
            LinkEvent::Linked(profile) => {
                self.keep_linked(profile).await;
                self.fact(Fact::Linked).await;
            }
            LinkEvent::LoggedIn(profile) => {
                self.dialled();
                self.keep_profile(profile).await;
                self.fact(Fact::LoggedIn).await;
            }
            LinkEvent::Synced => self.fact(Fact::Synced).await,
            LinkEvent::ProfileChanged(profile) => {
                self.keep_profile(profile).await;
                self.publish_now();
            }
            LinkEvent::PairRefused(reason, detail) => self.refused(reason, detail),
        }
    }

    fn dialled(&self) {
        if let Some(attempt) = &self.attempt {
            attempt.dialled();
        }
    }

    async fn show(&mut self, code: QrCode) {
        self.dialled();
        let text = code.text.clone();
        let drawn = tokio::task::spawn_blocking(move || QrPicture::draw(text.expose())).await;
        let picture = match drawn {
            Ok(Ok(picture)) => Arc::new(picture),
            Ok(Err(error)) => {
                return tracing::error!(instance = %self.record.name, %error, "a code was dropped");
            }
            Err(_) => return tracing::error!(instance = %self.record.name, "a code could not be drawn"),
        };
        let effects = self.machine.step(Fact::Code, self.world());
        if effects.is_empty() {
            // Of an attempt that is being stopped.
            return;
        }
        let shown = effects.contains(&Effect::Show);
        if shown {
            self.tally.codes += 1;
            self.code = Some(ShownCode {
                text: code.text,
                count: self.machine.codes(),
                shown: self.shared.clock.now(),
                expires: code.expires,
                picture,
            });
            self.ask_for_pairing_code();
        } else {
            self.clear_codes();
        }
        self.act(effects).await;
        let event = match &self.code {
            Some(code) => tell::qrcode_updated(&self.snapshot(), code),
            None => tell::qrcode_limit(),
        };
        self.settle_with(vec![event]).await;
    }

    /// A fault in linking that the attempt survives: shown with the code.
    fn refused(&mut self, reason: Reason, detail: ReasonDetail) {
        let words = detail.message.unwrap_or_else(|| format!("Linking failed: {}", reason.as_str()));
        tracing::warn!(instance = %self.record.name, reason = reason.as_str(), "{words}");
        self.pairing.error = Some(words);
        self.publish_now();
    }

    /// In a task of its own: WhatsApp may take seconds to answer.
    pub(super) fn ask_for_pairing_code(&mut self) {
        let Some(number) = self.pairing.wanted.clone() else { return };
        if self.pairing.asking || !self.machine.showing() {
            return;
        }
        self.pairing.asking = true;
        let (link, answers) = (Arc::clone(&self.link), self.answers.0.clone());
        tokio::spawn(async move {
            let code = link.pairing_code(&number).await;
            let _ = answers.send((number, code)).await;
        });
    }

    pub(super) async fn pairing_answer(
        &mut self,
        number: &PhoneNumber,
        answer: Result<PairingCode, PairError>,
    ) {
        self.pairing.asking = false;
        if self.pairing.wanted.as_ref() == Some(number) {
            self.pairing.wanted = None;
        }
        if !self.machine.showing() {
            return;
        }
        match answer {
            Ok(code) => {
                let fresh = self.pairing.code.as_ref() != Some(&code);
                self.pairing.code = Some(code);
                self.pairing.error = None;
                self.publish_now();
                if let (true, Some(code)) = (fresh, &self.code) {
                    let event = tell::qrcode_updated(&self.snapshot(), code);
                    self.settle_with(vec![event]).await;
                }
            }
            Err(error) => {
                self.pairing.error = Some(error.to_string());
                self.publish_now();
            }
        }
        self.ask_for_pairing_code();
    }

    pub(super) fn clear_codes(&mut self) {
        self.code = None;
        self.pairing.code = None;
    }
}
