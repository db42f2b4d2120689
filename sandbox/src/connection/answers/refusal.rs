//! Why a request gets an error.

/// An error as an answer.
pub(super) struct Refusal {
    pub(super) code: u16,
    pub(super) text: &'static str,
    /// What the client did wrong; none when it did nothing wrong.
    pub(super) why: Option<String>,
}

impl Refusal {
    pub(super) fn bad(why: impl Into<String>) -> Self {
        Self { code: 400, text: "bad-request", why: Some(why.into()) }
    }
}

impl From<String> for Refusal {
    fn from(why: String) -> Self {
        Self::bad(why)
    }
}
