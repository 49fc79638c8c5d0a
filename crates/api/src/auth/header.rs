//! The `Authorization` header (RFC 9110, section 11.6.2; RFC 6750, section 2.1). A token in the query or in a form is
//! never looked at: URLs end up in logs.

use super::Refusal;

/// A longer token is refused before anything of it is decoded.
const MOST_TOKEN_BYTES: usize = 8 * 1024;

/// Gives the one `Authorization` value of a request, from all the values that it has.
///
/// # Errors
/// There are several, or it is not ASCII text: which of them a proxy before us looked at cannot be known.
pub fn authorization<'a>(
    values: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Option<&'a str>, Refusal> {
    let mut values = values.into_iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Refusal::Invalid(
            "there is more than one Authorization header",
        ));
    }
    match std::str::from_utf8(value) {
        Ok(text) if text.is_ascii() => Ok(Some(text)),
        Ok(_) | Err(_) => Err(Refusal::Invalid(
            "the Authorization header is not ASCII text",
        )),
    }
}

/// Takes the token out of the header's value. Another scheme counts as no token at all (RFC 6750, section 3.1).
pub(super) fn bearer(authorization: Option<&str>) -> Result<&str, Refusal> {
    let value = authorization.ok_or(Refusal::Missing)?;
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::Missing);
    }
    let token = rest.trim_start_matches(' ');
    if token.is_empty() {
        return Err(Refusal::Missing);
    }
    if token.len() > MOST_TOKEN_BYTES {
        return Err(Refusal::Invalid("the token is too long"));
    }
    let is_token_char =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !token.bytes().all(is_token_char) {
        return Err(Refusal::Invalid(
            "the Authorization header does not hold exactly one JWT",
        ));
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_read_in_any_case() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c"] {
            assert_eq!(bearer(Some(value)), Ok("a.b.c"));
        }
    }

    #[test]
    fn no_bearer_token_is_missing() {
        let values = [
            "",
            " ",
            "Bearer",
            "Bearer ",
            "bearer   ",
            "Basic dTpw",
            "Bearera.b.c",
            " Bearer a.b.c",
            "a.b.c",
        ];
        for value in values {
            assert_eq!(bearer(Some(value)), Err(Refusal::Missing), "{value:?}");
        }
        assert_eq!(bearer(None), Err(Refusal::Missing));
    }

    #[test]
    fn a_header_that_comes_twice_is_refused() {
        assert_eq!(authorization([]), Ok(None));
        assert_eq!(
            authorization([b"Bearer a".as_slice()]),
            Ok(Some("Bearer a"))
        );
        for values in [
            vec![b"Bearer a".as_slice(), b"Bearer a"],
            vec!["Bearer ä".as_bytes()],
            vec![b"Bearer \xff"],
        ] {
            assert!(matches!(authorization(values), Err(Refusal::Invalid(_))));
        }
    }

    #[test]
    fn a_token_has_a_longest_length() {
        let longest = "a".repeat(MOST_TOKEN_BYTES);
        assert_eq!(
            bearer(Some(&format!("Bearer {longest}"))),
            Ok(longest.as_str())
        );
        assert!(matches!(
            bearer(Some(&format!("Bearer {longest}a"))),
            Err(Refusal::Invalid(_))
        ));
    }
}
