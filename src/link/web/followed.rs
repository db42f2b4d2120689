//! Whose comings and goings are followed: WhatsApp tells of them only who asks for each person, and who is
//! seen as online himself.

use std::collections::VecDeque;

use whatsapp_rust::wacore::types::message::MessageSource;
use whatsapp_rust::wacore_binary::Jid;

/// People at once: each costs a stanza at every connection. For one more, whoever was silent for longest is let go.
const PEOPLE: usize = 64;

#[derive(Default)]
pub(super) struct Followed(VecDeque<Jid>);

impl Followed {
    /// Whoever wrote is followed from now on. Whom to ask for, and whom to let go; none when nothing changes.
    pub(super) fn begin(&mut self, source: &MessageSource) -> Option<(Jid, Option<Jid>)> {
        let person = person(source)?;
        let known = self.0.iter().position(|other| *other == person).and_then(|at| self.0.remove(at));
        let gone = if self.0.len() < PEOPLE { None } else { self.0.pop_front() };
        self.0.push_back(person.clone());
        known.is_none().then_some((person, gone))
    }
}

/// The other one in a chat of two, by number where WhatsApp told it, as events name him.
fn person(source: &MessageSource) -> Option<Jid> {
    let chat = &source.chat;
    if source.is_from_me || source.is_group || !(chat.is_lid() || chat.is_pn()) {
        return None;
    }
    let number = source.sender_alt.as_ref().filter(|alt| chat.is_lid() && alt.is_pn());
    Some(number.unwrap_or(chat).to_non_ad())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Followed, PEOPLE};
    use whatsapp_rust::Jid;
    use whatsapp_rust::wacore::types::message::MessageSource;

    fn from(chat: &str) -> MessageSource {
        let chat: Jid = chat.parse().unwrap();
        MessageSource { is_group: chat.to_string().ends_with("@g.us"), chat, ..MessageSource::default() }
    }

    #[test]
    fn one_more_lets_go_of_whoever_was_silent_for_longest() {
        let mut followed = Followed::default();
        let person = |n: usize| from(&format!("{n}@s.whatsapp.net"));
        for n in 0..PEOPLE {
            assert_eq!(followed.begin(&person(n)), Some((person(n).chat, None)));
        }
        assert_eq!(followed.begin(&person(0)), None, "already");
        assert_eq!(followed.begin(&person(PEOPLE)), Some((person(PEOPLE).chat, Some(person(1).chat))));
    }

    #[test]
    fn people_are_followed_by_number_and_nothing_else_is() {
        let mut followed = Followed::default();
        let maria =
            MessageSource { sender_alt: Some("5511:4@s.whatsapp.net".parse().unwrap()), ..from("123@lid") };
        assert_eq!(followed.begin(&maria).unwrap().0.to_string(), "5511@s.whatsapp.net");
        for nobody in ["9@g.us", "status@broadcast", "1@newsletter"] {
            assert_eq!(followed.begin(&from(nobody)), None, "{nobody}");
        }
        assert_eq!(followed.begin(&MessageSource { is_from_me: true, ..from("1@s.whatsapp.net") }), None);
    }
}
