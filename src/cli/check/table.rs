//! Rows of a table for a person.

use std::fmt::Display;

enum Verdict {
    Good,
    Warn,
    Bad,
}

/// One thing that was looked at.
pub(super) struct Row {
    what: &'static str,
    verdict: Verdict,
    says: String,
    todo: Option<&'static str>,
}

impl Row {
    pub(super) fn good(what: &'static str, says: impl Display) -> Self {
        Self { what, verdict: Verdict::Good, says: says.to_string(), todo: None }
    }

    /// Works, and will not for long.
    pub(super) fn warn(what: &'static str, says: impl Display, todo: &'static str) -> Self {
        Self { what, verdict: Verdict::Warn, says: says.to_string(), todo: Some(todo) }
    }

    /// Does not work, and what to do about it.
    pub(super) fn bad(what: &'static str, says: impl Display, todo: &'static str) -> Self {
        Self { what, verdict: Verdict::Bad, says: says.to_string(), todo: Some(todo) }
    }

    pub(super) fn is_bad(&self) -> bool {
        matches!(self.verdict, Verdict::Bad)
    }
}

/// One line a row; below it, what to do.
pub(super) fn of(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.what.len()).max().unwrap_or_default();
    let mut lines = Vec::new();
    for row in rows {
        let verdict = match row.verdict {
            Verdict::Good => "ok   ",
            Verdict::Warn => "mind ",
            Verdict::Bad => "WRONG",
        };
        lines.push(format!("{verdict}  {:width$}  {}", row.what, row.says));
        lines.extend(row.todo.map(|todo| format!("       {:width$}  → {todo}", "")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{Row, of};

    #[test]
    fn columns_stand_below_each_other_and_what_to_do_below_what_is_wrong() {
        let rows = [Row::good("clock", "12:00"), Row::bad("data folder", "is full", "make room")];
        assert_eq!(
            of(&rows),
            "ok     clock        12:00\nWRONG  data folder  is full\n                    → make room"
        );
    }
}
