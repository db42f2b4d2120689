//! Files of messages: the host that keeps them sealed, and what phones do with them. Only who has the key in a message reads one.

mod host;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

pub(crate) use host::serve;

/// The largest file that is taken, sealed.
const LARGEST: usize = 100 << 20;
/// What all of them may weigh; the oldest go first.
const ALL: usize = 512 << 20;
/// Uploads that are begun and not at their end.
const PARTS: usize = 64;
/// How long the word that lets a device upload is good.
pub(crate) const TTL: Duration = Duration::from_hours(1);

/// Sealed files by their paths.
#[derive(Default)]
pub(crate) struct Files {
    kept: BTreeMap<String, Bytes>,
    order: VecDeque<String>,
    weight: usize,
    /// The path by the hash of what is sealed, in the form of an upload's token.
    tokens: BTreeMap<String, String>,
    /// What came of uploads that were cut off, by token; the newest last.
    parts: VecDeque<(String, Vec<u8>)>,
    /// Words that let devices upload, and until when on the world's clock.
    auths: VecDeque<(String, Duration)>,
}

impl Files {
    /// Another word that lets a device upload.
    pub(crate) fn authorise(&mut self, now: Duration) -> String {
        self.auths.retain(|(_, until)| now < *until);
        let auth = hex::encode(rand::random::<[u8; 24]>());
        self.auths.push_back((auth.clone(), now + TTL));
        auth
    }

    fn authorised(&self, auth: &str, now: Duration) -> bool {
        self.auths.iter().any(|(known, until)| known == auth && now < *until)
    }

    /// Keeps a sealed file. Its path.
    pub(crate) fn keep(&mut self, sealed: Bytes) -> String {
        let token = token(&sealed);
        if let Some(path) = self.tokens.get(&token) {
            return path.clone();
        }
        let path = format!("/v/t62.7118-24/{}", hex::encode(rand::random::<[u8; 12]>()));
        self.weight += sealed.len();
        self.kept.insert(path.clone(), sealed);
        self.order.push_back(path.clone());
        self.tokens.insert(token, path.clone());
        while self.weight > ALL
            && let Some(oldest) = self.order.pop_front()
        {
            self.drop(&oldest);
        }
        path
    }

    fn drop(&mut self, path: &str) {
        self.weight -= self.kept.remove(path).map_or(0, |file| file.len());
        self.tokens.retain(|_, known| known != path);
    }

    pub(crate) fn get(&self, path: &str) -> Option<Bytes> {
        self.kept.get(path).cloned()
    }

    /// All that is kept goes, as at the service after some weeks.
    pub(crate) fn expire(&mut self) {
        let (auths, parts) = (std::mem::take(&mut self.auths), std::mem::take(&mut self.parts));
        *self = Self { parts, auths, ..Self::default() };
    }

    fn part(&mut self, token: &str) -> Vec<u8> {
        let at = self.parts.iter().position(|(of, _)| of == token);
        at.and_then(|at| self.parts.remove(at)).map(|(_, part)| part).unwrap_or_default()
    }

    fn keep_part(&mut self, token: String, part: Vec<u8>) {
        self.part(&token);
        self.parts.push_back((token, part));
        if self.parts.len() > PARTS {
            self.parts.pop_front();
        }
    }
}

/// What an upload is named by: the hash of what is sealed.
pub(crate) fn token(sealed: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(sealed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_file_is_kept_once_and_a_word_is_good_for_an_hour() {
        let mut files = Files::default();
        let path = files.keep(Bytes::from_static(b"sealed"));
        assert_eq!(files.keep(Bytes::from_static(b"sealed")), path);
        assert_eq!((files.weight, files.get(&path).as_deref()), (6, Some(&b"sealed"[..])));
        files.expire();
        assert_eq!((files.weight, files.get(&path)), (0, None));

        let start = Duration::from_secs(50);
        let auth = files.authorise(start);
        assert!(files.authorised(&auth, start) && !files.authorised("another", start));
        assert!(!files.authorised(&auth, start + TTL));
    }

    #[test]
    fn what_was_cut_off_is_kept_for_a_while() {
        let mut files = Files::default();
        files.keep_part("one".into(), vec![1]);
        files.keep_part("one".into(), vec![1, 2]);
        assert_eq!((files.part("one"), files.part("one")), (vec![1, 2], Vec::new()));
        (0..=PARTS).for_each(|n| files.keep_part(n.to_string(), vec![0]));
        assert_eq!((files.part("0"), files.part("1")), (Vec::new(), vec![0]));
    }
}
