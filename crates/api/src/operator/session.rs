//! An operator's session: a cookie that any replica can read, because nothing of it is kept here.
//!
//! The cookie holds whom the token named and when it ends, sealed with a key of the platform's. It never holds the
//! token: cookies go to every port of a host, and a token would also open the exports themselves.

use std::fmt;

use actix_web::cookie::{Cookie, SameSite, time::Duration};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    error::Unspecified,
    hmac, rand,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// The cookie's name.
const NAME: &str = "bulk_export_operator";

/// Where browsers send it.
const PATH: &str = "/operator";

/// No session is longer, in seconds, however long its token holds: twelve hours, a long shift.
const LONGEST: i64 = 12 * 60 * 60;

/// What is sealed with the content, so that nothing else under the same secret passes for a session.
const PURPOSE: &[u8] = b"bulk-export operator session v1";

/// A session whose seal holds.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    /// The subject of the ADMIN's token.
    pub(super) subject: String,
    /// When it ends, in seconds since 1970.
    pub(super) ends: i64,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session([redacted])")
    }
}

/// Seals sessions and opens them.
pub(crate) struct Sessions(LessSafeKey);

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions([redacted])")
    }
}

impl Sessions {
    /// Takes the platform's secret. Without one, sessions hold within this process only.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub(crate) fn new(secret: Option<&SecretString>) -> Result<Self, Unspecified> {
        let key = if let Some(secret) = secret {
            let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
            hmac::sign(&secret, PURPOSE).as_ref().to_vec()
        } else {
            let mut key = vec![0; AES_256_GCM.key_len()];
            rand::fill(&mut key)?;
            key
        };
        UnboundKey::new(&AES_256_GCM, &key).map(|key| Self(LessSafeKey::new(key)))
    }

    /// Begins a session for a token that ends at `expires`. `secure` says that the page is reached over https.
    pub(super) fn begin(
        &self,
        subject: &str,
        expires: i64,
        now: i64,
        secure: bool,
    ) -> Result<Cookie<'static>, Unspecified> {
        let ends = expires.min(now.saturating_add(LONGEST));
        let session = Session {
            subject: subject.to_owned(),
            ends,
        };
        let mut cookie = cookie(self.seal(&session)?, secure);
        cookie.set_max_age(Duration::seconds(ends.saturating_sub(now).max(0)));
        Ok(cookie)
    }

    /// Makes the cookie that ends a session in the browser.
    pub(super) fn end(secure: bool) -> Cookie<'static> {
        let mut cookie = cookie(String::new(), secure);
        cookie.make_removal();
        cookie
    }

    /// Opens the session of a cookie's value. A seal that does not hold, and an ended session, are no session.
    pub(super) fn open(&self, value: &str, now: i64) -> Option<Session> {
        let mut sealed = BASE64_URL_SAFE_NO_PAD.decode(value).ok()?;
        let (nonce, content) = sealed.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let content = self.0.open_in_place(nonce, Aad::from(PURPOSE), content);
        let session: Session = serde_json::from_slice(content.ok()?).ok()?;
        (now < session.ends).then_some(session)
    }

    fn seal(&self, session: &Session) -> Result<String, Unspecified> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce)?;
        let mut content = serde_json::to_vec(session).map_err(|_| Unspecified)?;
        self.0.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(PURPOSE),
            &mut content,
        )?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode([nonce.as_slice(), &content].concat()))
    }
}

/// Finds the value of the session's cookie among those of a request.
pub(super) fn value(request: &actix_web::HttpRequest) -> Option<String> {
    request.cookie(NAME).map(|cookie| cookie.value().to_owned())
}

fn cookie(value: String, secure: bool) -> Cookie<'static> {
    Cookie::build(NAME, value)
        .path(PATH)
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(secure)
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn sessions(secret: &str) -> Sessions {
        Sessions::new(Some(&SecretString::from(secret))).unwrap()
    }

    fn begun(sessions: &Sessions, expires: i64) -> Cookie<'static> {
        sessions.begin("ada", expires, NOW, true).unwrap()
    }

    #[test]
    fn every_replica_with_the_secret_opens_a_session_and_no_other_does() {
        let cookie = begun(&sessions("one secret"), NOW + 60);
        let opened = sessions("one secret").open(cookie.value(), NOW).unwrap();
        assert_eq!(opened.subject, "ada");
        assert_eq!(sessions("another").open(cookie.value(), NOW), None);
        let (mine, yours) = (Sessions::new(None).unwrap(), Sessions::new(None).unwrap());
        let cookie = begun(&mine, NOW + 60);
        assert!(mine.open(cookie.value(), NOW).is_some());
        assert_eq!(yours.open(cookie.value(), NOW), None);
    }

    #[test]
    fn a_session_ends_with_its_token_and_after_twelve_hours_at_most() {
        let sessions = sessions("s");
        let cookie = begun(&sessions, NOW + 60);
        assert_eq!(cookie.max_age(), Some(Duration::seconds(60)));
        assert!(sessions.open(cookie.value(), NOW + 59).is_some());
        assert_eq!(sessions.open(cookie.value(), NOW + 60), None);
        let cookie = begun(&sessions, i64::MAX);
        assert_eq!(cookie.max_age(), Some(Duration::hours(12)));
        assert_eq!(sessions.open(cookie.value(), NOW + LONGEST), None);
    }

    #[test]
    fn no_bit_of_a_cookie_can_be_changed() {
        let sessions = sessions("s");
        let cookie = begun(&sessions, NOW + 60);
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(cookie.value()).unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let changed = BASE64_URL_SAFE_NO_PAD.encode(changed);
            assert_eq!(sessions.open(&changed, NOW), None, "bit {bit}");
        }
        for value in ["", "x", "!", &"A".repeat(15), &"A".repeat(9_000)] {
            assert_eq!(sessions.open(value, NOW), None);
        }
    }

    #[test]
    fn scripts_and_other_sites_do_not_get_the_cookie() {
        for secure in [true, false] {
            let cookie = sessions("s")
                .begin("ada", NOW + 60, NOW, secure)
                .unwrap()
                .to_string();
            for attribute in ["HttpOnly", "SameSite=Strict", "Path=/operator"] {
                assert!(cookie.contains(attribute), "{cookie}");
            }
            assert_eq!(cookie.contains("Secure"), secure);
            assert!(!cookie.contains("ada"), "{cookie}");
        }
    }

    #[test]
    fn the_longest_subject_fits_into_a_cookie() {
        // Browsers keep 4,096 bytes of name and value; a subject has 256 characters at most.
        let subject = "\u{10ffff}".repeat(256);
        let cookie = sessions("s").begin(&subject, NOW + 60, NOW, true).unwrap();
        assert!(NAME.len() + cookie.value().len() < 4_096);
    }
}
