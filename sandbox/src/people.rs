//! What people do on their phones, and what they see there.

use serde_json::Value;

use super::Sandbox;
use crate::appstate::Setting;
use crate::calls::Call;
use crate::messages::{File, Given, Receipt, Received};
use crate::phone;
use crate::presence::ChatState;
use crate::told::Refused;

impl Sandbox {
    /// The phone of this number scans a QR; the account is made when there is none. Returns the
    /// device's JID once its signature was verified.
    ///
    /// # Errors
    /// When the code is malformed, expired, of another connection, or the device answers wrongly.
    pub async fn scan(&self, phone: &str, qr: &str) -> Result<String, Refused> {
        self.world.scan(phone, qr).await
    }

    /// The phone of this number is given a pairing code. Returns the device's JID.
    ///
    /// # Errors
    /// When no device asked, or the code is another one.
    pub async fn enter_code(&self, phone: &str, code: &str) -> Result<String, Refused> {
        self.world.enter_code(phone, code).await
    }

    /// Devices that wait to be linked, or the one on this connection, are told to make a new secret and show another code
    /// (`companion_reg_refresh`); the old code links them no more. Returns how many were told.
    pub async fn refresh_registration(&self, connection: Option<u64>) -> usize {
        self.world.refresh_registration(connection).await
    }

    /// The phone removes a device, or all of its account when the JID names none.
    ///
    /// # Errors
    /// When nothing of that name is linked.
    pub async fn unlink(&self, jid: &str) -> Result<usize, Refused> {
        self.world.unlink(jid).await
    }

    /// The phone of `from` writes a text to `to`, sealed for each linked device of both. Devices that are away get it
    /// when they come back. Returns the message's id. Accounts are made when there are none.
    ///
    /// # Errors
    /// When a number is none.
    pub fn send_text(&self, from: &str, to: &str, text: &str) -> Result<String, Refused> {
        self.world.write(from, to, phone::envelope::text(text))
    }

    /// The phone of `from` writes a text to a group (`…@g.us`) in which the accounts `to` are as well. Returns the
    /// message's id. Accounts are made when there are none.
    ///
    /// # Errors
    /// When a number is none, or the group.
    pub fn send_to_group(&self, group: &str, from: &str, to: &[&str], text: &str) -> Result<String, Refused> {
        let to: Vec<String> = to.iter().map(|&phone| phone.to_owned()).collect();
        self.world.write_to_group(group, from, &to, phone::envelope::text(text))
    }

    /// The phone of `from` seals a file, uploads it and sends it to `to`. Returns the message's id.
    ///
    /// # Errors
    /// When a number is none.
    pub fn send_file(&self, from: &str, to: &str, file: File) -> Result<String, Refused> {
        self.world.send_file(from, to, file)
    }

    /// What is in the file of a message that the phone of this number has received.
    ///
    /// # Errors
    /// When there is no such message or file, or it does not open.
    pub fn received_file(&self, phone: &str, id: &str) -> Result<Vec<u8>, Refused> {
        self.world.received_file(phone, id)
    }

    /// The phone of this number gives a receipt for messages that it has received, all of one writer.
    ///
    /// # Errors
    /// When it has none of that id, or they are of several writers.
    pub fn give(&self, phone: &str, ids: &[String], given: Given) -> Result<(), Refused> {
        self.world.give(phone, ids, given)
    }

    /// The phone of this number has lost all its sessions, as after it was restored from a backup. What is sealed for an old
    /// one it cannot read, and asks for again.
    ///
    /// # Errors
    /// When there is no such account.
    pub fn forget_sessions(&self, phone: &str) -> Result<(), Refused> {
        self.world.lock().signal(phone).map(phone::Signal::forget_all)
    }

    /// The phone of this number is used from now on, or not; devices that asked hear of it.
    ///
    /// # Errors
    /// When the number is none.
    pub fn set_present(&self, phone: &str, used: bool) -> Result<(), Refused> {
        self.world.set_present(phone, used)
    }

    /// On the phone of `from` somebody types to `to`. Returns how many devices hear of it.
    ///
    /// # Errors
    /// When a number is none.
    pub fn type_on(&self, from: &str, to: &str, state: ChatState) -> Result<usize, Refused> {
        self.world.type_on(from, to, state)
    }

    /// The phone of `from` calls `to`: the devices of `to` ring. Returns the call's id.
    ///
    /// # Errors
    /// When a number is none.
    pub fn ring(&self, from: &str, to: &str, video: bool) -> Result<String, Refused> {
        self.world.ring(from, to, video)
    }

    /// Who called hangs up.
    ///
    /// # Errors
    /// When the call is over.
    pub fn hang_up(&self, id: &str) -> Result<(), Refused> {
        self.world.hang_up(id)
    }

    /// The calls that there were, the newest last.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.world.lock().calls.iter().cloned().collect()
    }

    /// The phone of this number changes a setting, which its devices hear of (app state). Returns the version of the
    /// collection that it is in.
    ///
    /// # Errors
    /// When the number is none or the setting is wrong.
    pub fn change_setting(&self, phone: &str, setting: &Setting) -> Result<u64, Refused> {
        self.world.change_setting(phone, setting)
    }

    /// The app state of this account as its phone reads it: by collection its version and its entries.
    #[must_use]
    pub fn app_state(&self, phone: &str) -> Value {
        self.world.shown_app_state(phone)
    }

    /// What the phone of this number has received and opened, the newest last.
    #[must_use]
    pub fn received(&self, phone: &str) -> Vec<Received> {
        self.world.lock().traffic.received.get(phone).into_iter().flatten().cloned().collect()
    }

    /// The receipts that the phone of this number has got, the newest last.
    #[must_use]
    pub fn receipts(&self, phone: &str) -> Vec<Receipt> {
        self.world.lock().traffic.receipts.get(phone).into_iter().flatten().cloned().collect()
    }

    /// A new account with a fresh phone.
    ///
    /// # Errors
    /// When the number is none, or is taken, or the platform is unknown.
    pub fn create_account(&self, new: phone::NewAccount) -> Result<(), Refused> {
        self.world.create_account(new).map(|_| ())
    }
}
