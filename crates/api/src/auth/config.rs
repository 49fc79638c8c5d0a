//! What `AUTH_*` variables say. Nothing here opens a socket; the key file is read, because a service that cannot
//! check a token should not start.

use std::{path::PathBuf, time::Duration};

use bulk_export_domain::config::Variables;
use jsonwebtoken::{Algorithm, AlgorithmFamily};
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::{
    claims::Rules,
    source::{self, Loaded},
};

const SOURCES: [&str; 3] = ["AUTH_JWKS_URL", "AUTH_JWKS_FILE", "AUTH_DEV_SECRET"];

/// Shortest development secret, in bytes (RFC 7518, section 3.2, for HS256).
const SHORTEST_SECRET: usize = 32;

const PUBLIC_DEFAULT: [Algorithm; 4] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::ES256,
    Algorithm::ES384,
];

/// How tokens are checked.
#[derive(Debug)]
pub struct Config {
    pub(super) keys: Keys,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) rules: Rules,
}

/// Where the keys come from.
#[derive(Debug)]
pub(super) enum Keys {
    Url(Url),
    File { path: PathBuf, first: Loaded },
    DevSecret(SecretString),
}

impl Config {
    /// Reads the `AUTH_*` variables and notes every problem. `public_base` is the service's own URL: a development
    /// secret is accepted only where that is on this machine.
    pub fn read(vars: &mut Variables, public_base: Option<&Url>) -> Option<Self> {
        let chosen = chosen_source(vars);
        let algorithms = algorithms(vars, chosen);
        let issuer = text(vars, "AUTH_ISSUER", None);
        let audience = text(vars, "AUTH_AUDIENCE", None);
        let role_claim = text(vars, "AUTH_ROLE_CLAIM", Some("role"));
        let patient_claim = text(vars, "AUTH_PATIENT_CLAIM", Some("sub"));
        let leeway = vars.duration(
            "AUTH_LEEWAY",
            Duration::from_secs(30),
            Duration::ZERO,
            Duration::from_mins(1),
        );
        let keys = match chosen? {
            "AUTH_JWKS_URL" => jwks_url(vars).map(Keys::Url),
            "AUTH_JWKS_FILE" => jwks_file(vars, algorithms.as_deref()),
            _ => dev_secret(vars, public_base).map(Keys::DevSecret),
        };
        let rules = Rules {
            issuer: issuer?,
            audience: audience?,
            role_claim: role_claim?,
            patient_claim: patient_claim?,
            leeway: leeway.as_secs_f64(),
        };
        Some(Self {
            keys: keys?,
            algorithms: algorithms?,
            rules,
        })
    }
}

fn chosen_source(vars: &mut Variables) -> Option<&'static str> {
    let given: Vec<_> = SOURCES
        .into_iter()
        .filter(|name| vars.raw(name).is_some())
        .collect();
    let expected = "exactly one of AUTH_JWKS_URL, AUTH_JWKS_FILE and AUTH_DEV_SECRET is required";
    match given[..] {
        [one] => return Some(one),
        [] => vars.problem(SOURCES[0], format!("is not set: {expected}")),
        [..] => given
            .iter()
            .for_each(|name| vars.problem(name, format!("does not stand alone: {expected}"))),
    }
    None
}

/// Reads the list of algorithms. Public keys and the shared secret have their own; a mixture is never right.
fn algorithms(vars: &mut Variables, source: Option<&str>) -> Option<Vec<Algorithm>> {
    const NAME: &str = "AUTH_ALGORITHMS";
    let symmetric = source == Some("AUTH_DEV_SECRET");
    let Some(list) = vars.raw(NAME) else {
        return Some(if symmetric {
            vec![Algorithm::HS256]
        } else {
            PUBLIC_DEFAULT.to_vec()
        });
    };
    let Ok(algorithms) = list
        .split(',')
        .map(|name| name.trim().parse())
        .collect::<Result<Vec<Algorithm>, _>>()
    else {
        vars.problem(
            NAME,
            "cannot be read: a comma-separated list of names such as RS256,ES384 is expected",
        );
        return None;
    };
    let right = |algorithm: &Algorithm| (algorithm.family() == AlgorithmFamily::Hmac) == symmetric;
    if source.is_none() || algorithms.iter().all(right) {
        return Some(algorithms);
    }
    vars.problem(
        NAME,
        if symmetric {
            "does not fit AUTH_DEV_SECRET: only HS256, HS384 and HS512 are allowed with it"
        } else {
            "does not fit a key set: only RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and EdDSA are allowed with it"
        },
    );
    None
}

/// Reads a text that is compared exactly: white space around it could only be a mistake.
fn text(vars: &mut Variables, name: &str, default: Option<&str>) -> Option<String> {
    let value: String = match default {
        Some(default) => vars.or(name, "a text", default.to_owned()),
        None => vars.required(name, "a text")?,
    };
    if value.trim() == value && !value.chars().any(char::is_control) {
        return Some(value);
    }
    vars.problem(
        name,
        "cannot be used: it has white space around it or control characters in it",
    );
    None
}

fn jwks_url(vars: &mut Variables) -> Option<Url> {
    const NAME: &str = "AUTH_JWKS_URL";
    let expected = "an https URL (http only on this machine) without credentials and fragment";
    let url: Url = vars.required(NAME, expected)?;
    let secure = url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(&url));
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
        && url.has_host();
    if secure && plain {
        return Some(url);
    }
    vars.problem(NAME, format!("cannot be used: {expected} is expected"));
    None
}

fn jwks_file(vars: &mut Variables, algorithms: Option<&[Algorithm]>) -> Option<Keys> {
    const NAME: &str = "AUTH_JWKS_FILE";
    let path: PathBuf = vars.required(NAME, "a path")?;
    match source::read_file(&path, None, algorithms?) {
        Ok(Some(first)) if first.keys.len() > 0 => Some(Keys::File { path, first }),
        Ok(Some(first)) => {
            vars.problem(
                NAME,
                format!(
                    "cannot be used: it holds no usable key ({})",
                    first.keys.unusable()
                ),
            );
            None
        }
        // There was nothing to be unchanged against.
        Ok(None) => None,
        Err(error) => {
            vars.problem(NAME, format!("cannot be used: {error}"));
            None
        }
    }
}

fn dev_secret(vars: &mut Variables, public_base: Option<&Url>) -> Option<SecretString> {
    const NAME: &str = "AUTH_DEV_SECRET";
    let secret = vars.secret(NAME)?;
    let long = secret.expose_secret().len() >= SHORTEST_SECRET;
    if !long {
        vars.problem(
            NAME,
            format!("is too short: at least {SHORTEST_SECRET} bytes are required"),
        );
    }
    let here = public_base.is_some_and(is_this_machine);
    if !here {
        vars.problem(NAME, "is refused: it is for development, where the host of PUBLIC_BASE_URL is localhost or loopback");
    }
    (long && here).then_some(secret)
}

/// Tells whether a URL's host is this machine by its name or address alone; no name is looked up.
fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
