//! Meta's id of a telephone number, which is so easily taken for the number itself.

use crate::http::fields::Fields;

/// What an instance of Meta's cannot be without.
pub(super) fn demand(body: &mut Fields, token_given: bool, number_given: bool, number: Option<&str>) {
    if !token_given {
        body.fault("token", "is required: Meta's access token");
    }
    match number {
        // Of another type, which is told already.
        None if number_given => {}
        None => {
            body.fault(
                "number",
                "is required: the phone number id that Meta shows, not the telephone number",
            );
        }
        Some(text) if looks_like_a_telephone_number(text) => {
            body.fault(
                "number",
                "looks like a telephone number; it takes the phone number id that Meta shows beside it (15 to 17 digits)",
            );
        }
        Some(id) if !is_number_id(id) => {
            body.fault("number", "must be the phone number id that Meta shows: digits only, 32 at most");
        }
        Some(_) => {}
    }
}

/// Whether it can be a phone number id of Meta's.
pub(crate) fn is_number_id(text: &str) -> bool {
    is_id(text) && !looks_like_a_telephone_number(text)
}

/// Whether it can be an id of Meta's at all. It becomes a part of an address.
pub(super) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 32 && text.bytes().all(|b| b.is_ascii_digit())
}

pub(crate) const NO_TOKEN: &str = "holds characters that no access token has; copy it again";

/// Whether it can be an access token of Meta's: it travels in a header.
pub(crate) fn is_token(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The commonest mistake with these instances. Meta's ids have no signs and are longer.
fn looks_like_a_telephone_number(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let only_signs = text.chars().all(|c| c.is_ascii_digit() || "+-() .".contains(c));
    only_signs && digits >= 7 && (digits < text.len() || (10..=13).contains(&digits))
}
