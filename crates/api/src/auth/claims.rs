//! The claims of a verified token (RFC 7519, section 4.1) and the requester that they name.

use bulk_export_domain::policy::{PatientId, Requester, Role};
use serde_json::{Map, Value};

use super::Refusal;

/// Longest requester or patient id, in characters. They are stored and compared, not shown.
const LONGEST_ID: usize = 256;

const NO_EXPIRY: Refusal = Refusal::Invalid("the token has no expiry");

/// The claims of a token whose signature holds.
pub(super) type Claims = Map<String, Value>;

/// What claims must say.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) issuer: String,
    pub(super) audience: String,
    pub(super) role_claim: String,
    pub(super) patient_claim: String,
    /// How far the issuer's clock may be from ours, in seconds.
    pub(super) leeway: f64,
}

impl Rules {
    /// Judges the claims at a time, and names the requester.
    pub(super) fn requester(&self, claims: &Claims, now: f64) -> Result<Requester, Refusal> {
        self.issued_for_us(claims)?;
        self.timely(claims, now)?;
        let id = match claims.get("sub") {
            Some(Value::String(id)) if is_id(id) => id.clone(),
            Some(_) => return Err(Refusal::Invalid("the subject of the token cannot be used")),
            None => return Err(Refusal::Invalid("the token names no subject")),
        };
        // The role comes last: 403 is for tokens that hold in all else.
        let role = find(claims, &self.role_claim)
            .and_then(role)
            .ok_or(Refusal::Forbidden)?;
        Ok(Requester {
            id,
            role,
            patient: self.patient(claims),
        })
    }

    fn issued_for_us(&self, claims: &Claims) -> Result<(), Refusal> {
        if claims.get("iss").and_then(Value::as_str) != Some(&self.issuer) {
            return Err(Refusal::Invalid("the token is from another issuer"));
        }
        let ours = |value: &Value| value.as_str() == Some(&self.audience);
        let for_us = match claims.get("aud") {
            Some(Value::Array(audiences)) => {
                audiences.iter().all(Value::is_string) && audiences.iter().any(ours)
            }
            Some(audience) => ours(audience),
            None => false,
        };
        if for_us {
            Ok(())
        } else {
            Err(Refusal::Invalid("the token is for another audience"))
        }
    }

    fn timely(&self, claims: &Claims, now: f64) -> Result<(), Refusal> {
        let expiry = time(claims, "exp")?.ok_or(NO_EXPIRY)?;
        if now >= expiry + self.leeway {
            return Err(Refusal::Invalid("the token has expired"));
        }
        if time(claims, "nbf")?.is_some_and(|start| now + self.leeway < start) {
            return Err(Refusal::Invalid("the token is not valid yet"));
        }
        if time(claims, "iat")?.is_some_and(|issued| now + self.leeway < issued) {
            return Err(Refusal::Invalid("the token was issued in the future"));
        }
        Ok(())
    }

    /// Gives the patient that the token names. A claim that is no usable text names nobody: the policy decides then.
    fn patient(&self, claims: &Claims) -> Option<PatientId> {
        let claim = find(claims, &self.patient_claim)?.as_str()?;
        is_id(claim).then(|| PatientId::from_claim(claim)).flatten()
    }
}

/// A `NumericDate` (RFC 7519, section 2), which may have a fraction.
fn time(claims: &Claims, name: &str) -> Result<Option<f64>, Refusal> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => value
            .as_f64()
            .map(Some)
            .ok_or(Refusal::Invalid("a time in the token is not a number")),
    }
}

/// Gives when a token ends, in whole seconds since 1970: never later than it says.
pub(super) fn expiry(claims: &Claims) -> Result<i64, Refusal> {
    let expiry = time(claims, "exp")?.ok_or(NO_EXPIRY)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates, and a fraction of a second is not wanted"
    )]
    let seconds = expiry.floor() as i64;
    Ok(seconds)
}

/// Tells whether a text can be stored as an id. Postgres takes no NUL, and nobody needs the other control characters.
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= LONGEST_ID && !text.chars().any(char::is_control)
}

/// Finds a claim by name. The name as a whole comes first, because names may be URLs; only then it is a dotted path.
fn find<'a>(claims: &'a Claims, name: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(name) {
        return Some(value);
    }
    let (first, rest) = name.split_once('.')?;
    rest.split('.')
        .try_fold(claims.get(first)?, |value, member| {
            value.as_object()?.get(member)
        })
}

/// Reads the role: exactly one of ours, alone or in a list beside roles of other services. A token with both is
/// ambiguous, and no choice would be right for everyone.
fn role(claim: &Value) -> Option<Role> {
    let names = match claim {
        Value::String(name) => vec![name.as_str()],
        Value::Array(names) => names.iter().map(Value::as_str).collect::<Option<_>>()?,
        _ => return None,
    };
    let mut roles = names.into_iter().filter_map(Role::parse);
    let role = roles.next()?;
    roles.all(|other| other == role).then_some(role)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(claims: Value, name: &str) -> Option<Value> {
        let Value::Object(claims) = claims else {
            panic!("an object")
        };
        find(&claims, name).cloned()
    }

    #[test]
    fn a_claim_is_found_by_its_whole_name_first_and_then_by_path() {
        let url = "https://example.org/claims/role";
        assert_eq!(found(json!({ url: "a" }), url), Some(json!("a")));
        assert_eq!(
            found(json!({"a": {"b": {"c": 1}}}), "a.b.c"),
            Some(json!(1))
        );
        assert_eq!(
            found(json!({"a": {"b": 1}, "a.b": 2}), "a.b"),
            Some(json!(2))
        );
        assert_eq!(found(json!({"a": {"b.c": 1}}), "a.b.c"), None);
        assert_eq!(found(json!({"a": [{"b": 1}]}), "a.b"), None);
        assert_eq!(found(json!({"a": 1}), "a.b"), None);
        assert_eq!(found(json!({"a": {"": 1}}), "a."), Some(json!(1)));
        assert_eq!(found(json!({}), "a"), None);
    }

    #[test]
    fn exactly_one_role_of_ours_is_a_role() {
        let cases = [
            (json!("ADMIN"), Some(Role::Admin)),
            (json!("PATIENT"), Some(Role::Patient)),
            (json!(["offline_access", "PATIENT"]), Some(Role::Patient)),
            (json!(["ADMIN", "ADMIN"]), Some(Role::Admin)),
            (json!(["ADMIN", "PATIENT"]), None),
            (json!(["ADMIN", 1]), None),
            (json!("admin"), None),
            (json!("ADMIN PATIENT"), None),
            (json!({"ADMIN": true}), None),
            (json!([["ADMIN"]]), None),
            (json!([]), None),
            (json!(null), None),
        ];
        for (claim, expected) in cases {
            assert_eq!(role(&claim), expected, "{claim}");
        }
    }

    #[test]
    fn an_id_is_a_short_text_without_control_characters() {
        for id in ["u", "Jürgen 🦀", &"ä".repeat(LONGEST_ID)] {
            assert!(is_id(id), "{id}");
        }
        for id in [
            "",
            "a\0",
            "a\nb",
            "\u{7f}",
            "\u{85}",
            &"ä".repeat(LONGEST_ID + 1),
        ] {
            assert!(!is_id(id), "{id:?}");
        }
    }
}
