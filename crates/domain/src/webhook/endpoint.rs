//! The URL of a receiver: what it may look like. Where its name leads is looked at when it is called.

use std::{fmt, net::IpAddr, str::FromStr};

use url::{Host, Url};

use super::Reach;

/// Longer URLs are refused.
const LONGEST: usize = 2048;

/// The URL of a receiver. It may hold a secret of the receiver's, so its `Debug` tells nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// Why a URL cannot be a receiver's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// It is no URL, or has what a receiver's must not have.
    #[error(
        "it must be an absolute https URL of at most {LONGEST} characters, without user, password and fragment"
    )]
    Form,
    /// It is not `https`.
    #[error("it must begin with https://")]
    NotHttps,
    /// Its host is an address of the platform's own, or nobody's.
    #[error("its address is private, local or reserved")]
    Private,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Endpoint([redacted])")
    }
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        let url = Url::parse(text).map_err(|_| InvalidEndpoint::Form)?;
        let plain = url.username().is_empty() && url.password().is_none() && url.has_host();
        if text.len() > LONGEST || !plain || url.fragment().is_some() {
            return Err(InvalidEndpoint::Form);
        }
        match url.scheme() {
            "http" | "https" => Ok(Self(url)),
            _ => Err(InvalidEndpoint::NotHttps),
        }
    }
}

impl Endpoint {
    /// Checks what the URL alone tells: that it is `https`, and that a host given as an address is within reach. A name's
    /// addresses are the caller's to check.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self, reach: Reach) -> Result<(), InvalidEndpoint> {
        if reach == Reach::Public && self.0.scheme() != "https" {
            return Err(InvalidEndpoint::NotHttps);
        }
        match self.address() {
            Some(address) if !reach.admits(address) => Err(InvalidEndpoint::Private),
            _ => Ok(()),
        }
    }

    /// Gives the host where it is an address and no name.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
            Host::Domain(_) => None,
        }
    }

    /// Gives the URL, for the row and the request.
    #[must_use]
    pub const fn reveal(&self) -> &Url {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<(), InvalidEndpoint> {
        text.parse::<Endpoint>()?.check(Reach::Public)
    }

    #[test]
    fn receivers_are_public_and_https() {
        for good in [
            "https://hooks.example.org/a?b=c",
            "https://8.8.8.8:8443/",
            "https://[2606:4700::1111]/",
        ] {
            assert_eq!(checked(good), Ok(()), "{good}");
        }
        let long = format!("https://h.example.org/{}", "a".repeat(LONGEST));
        for (bad, why) in [
            ("hooks.example.org", InvalidEndpoint::Form),
            ("https://user@h.example.org/", InvalidEndpoint::Form),
            ("https://h.example.org/#a", InvalidEndpoint::Form),
            (&long, InvalidEndpoint::Form),
            ("http://h.example.org/", InvalidEndpoint::NotHttps),
            ("ftp://h.example.org/", InvalidEndpoint::NotHttps),
            ("https://10.1.2.3/", InvalidEndpoint::Private),
            // Every spelling of an address is one to the URL's parser.
            ("https://0x7f.1/", InvalidEndpoint::Private),
            ("https://2130706433/", InvalidEndpoint::Private),
            ("https://127.1/", InvalidEndpoint::Private),
            ("https://[::ffff:10.0.0.1]/", InvalidEndpoint::Private),
        ] {
            assert_eq!(checked(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn development_may_reach_itself() {
        let local: Endpoint = "http://127.0.0.1:8080/".parse().unwrap();
        assert_eq!(local.check(Reach::Anywhere), Ok(()));
    }

    #[test]
    fn debug_tells_nothing() {
        let endpoint: Endpoint = "https://h.example.org/canary".parse().unwrap();
        assert!(!format!("{endpoint:?}").contains("canary"));
    }
}
