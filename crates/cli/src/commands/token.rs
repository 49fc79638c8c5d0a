//! `token`: signs a JWT with the development secret, as a stand-in for the platform's identity provider. Servers take
//! such tokens only where the same secret is configured, on loopback.

use std::time::{Duration, SystemTime};

use anyhow::{Context, ensure};
use bulk_export_domain::{config::Variables, policy::Role};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::print;
use crate::environment;

/// HS256 needs a key of at least its hash's length (RFC 7518, section 3.2).
const SHORTEST_SECRET: usize = 32;

/// The arguments of `token`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Whose token: PATIENT (her own data only) or ADMIN (everyone's).
    #[arg(long, value_parser = role)]
    role: Role,
    /// The token's subject. For a PATIENT it is required, and it is her patient id unless --patient gives another.
    #[arg(long, value_name = "ID", required_if_eq("role", "PATIENT"))]
    sub: Option<String>,
    /// The patient's id, where the patient claim is another than sub.
    #[arg(long, value_name = "ID")]
    patient: Option<String>,
    /// How long the token is valid, such as 15m or 8h.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = humantime::parse_duration)]
    ttl: Duration,
    /// The issuer, as the server expects it.
    #[arg(long, env = "AUTH_ISSUER", value_name = "TEXT")]
    issuer: Option<String>,
    /// The audience, as the server expects it.
    #[arg(long, env = "AUTH_AUDIENCE", value_name = "TEXT")]
    audience: Option<String>,
    /// The claim that holds the role.
    #[arg(
        long,
        env = "AUTH_ROLE_CLAIM",
        value_name = "NAME",
        default_value = "role"
    )]
    role_claim: String,
    /// The claim that holds the patient's id.
    #[arg(
        long,
        env = "AUTH_PATIENT_CLAIM",
        value_name = "NAME",
        default_value = "sub"
    )]
    patient_claim: String,
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "PATIENT or ADMIN is expected".to_owned())
}

/// Runs the command.
///
/// # Errors
/// No secret, or one that is too short.
pub fn run(args: &Args, variables: &Variables) -> anyhow::Result<()> {
    let needed = [
        (
            "AUTH_DEV_SECRET",
            variables.raw("AUTH_DEV_SECRET").is_some(),
        ),
        ("AUTH_ISSUER", args.issuer.is_some()),
        ("AUTH_AUDIENCE", args.audience.is_some()),
    ];
    environment::all_set(&needed)?;
    let secret = environment::required_secret(
        variables,
        "AUTH_DEV_SECRET",
        "the server's development secret",
    )?;
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .context("the clock stands before 1970")?;
    print(&sign(args, &secret, now)?)
}

fn sign(args: &Args, secret: &SecretString, now: Duration) -> anyhow::Result<String> {
    let secret = secret.expose_secret().as_bytes();
    ensure!(
        secret.len() >= SHORTEST_SECRET,
        "AUTH_DEV_SECRET is too short: at least {SHORTEST_SECRET} bytes are needed"
    );
    let key = EncodingKey::from_secret(secret);
    let header = Header::new(Algorithm::HS256);
    jsonwebtoken::encode(&header, &claims(args, now), &key).context("the token cannot be signed")
}

fn claims(args: &Args, now: Duration) -> Map<String, Value> {
    let sub = args.sub.as_deref().unwrap_or("admin");
    let mut claims = Map::new();
    let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    set("iss", args.issuer.as_deref().into());
    set("aud", args.audience.as_deref().into());
    set("sub", sub.into());
    set("iat", now.as_secs().into());
    set("exp", now.saturating_add(args.ttl).as_secs().into());
    set(&args.role_claim, args.role.as_str().into());
    match (args.role, &args.patient) {
        (_, Some(patient)) => set(&args.patient_claim, patient.as_str().into()),
        (Role::Patient, None) => set(&args.patient_claim, sub.into()),
        (Role::Admin, None) => None,
    };
    claims
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use jsonwebtoken::{DecodingKey, Validation};

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn args(line: &str) -> Result<Args, clap::Error> {
        let common = "token --issuer https://issuer.example --audience bulk";
        let line = format!("{common} {line}");
        Line::try_parse_from(line.split(' ')).map(|line| line.args)
    }

    fn read_back(line: &str) -> Map<String, Value> {
        let secret = "0123456789abcdef0123456789abcdef";
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap();
        let token = sign(&args(line).unwrap(), &secret.into(), now).unwrap();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&["https://issuer.example"]);
        validation.set_audience(&["bulk"]);
        let key = DecodingKey::from_secret(secret.as_bytes());
        jsonwebtoken::decode(&token, &key, &validation)
            .unwrap()
            .claims
    }

    #[test]
    fn an_admins_token_reads_back() {
        let claims = read_back("--role ADMIN --ttl 15m");
        assert_eq!(
            (&claims["role"], &claims["sub"]),
            (&"ADMIN".into(), &"admin".into())
        );
        let seconds = |name: &str| claims[name].as_u64().unwrap();
        assert_eq!(seconds("exp") - seconds("iat"), 900);
    }

    #[test]
    fn a_patients_token_names_her_in_the_configured_claim() {
        let claims = read_back("--role PATIENT --sub p1");
        assert_eq!(
            (&claims["role"], &claims["sub"]),
            (&"PATIENT".into(), &"p1".into())
        );
        let claims = read_back(
            "--role PATIENT --sub u1 --patient p1 --patient-claim fhirUser --role-claim r",
        );
        assert_eq!(
            (&claims["sub"], &claims["fhirUser"], &claims["r"]),
            (&"u1".into(), &"p1".into(), &"PATIENT".into())
        );
    }

    #[test]
    fn a_patient_needs_a_subject_and_a_role_is_one_of_two() {
        assert!(args("--role PATIENT").is_err());
        assert!(args("--role admin").is_err());
        assert!(args("--role ADMIN").is_ok());
    }

    #[test]
    fn a_short_secret_is_refused_without_being_repeated() {
        let args = args("--role ADMIN").unwrap();
        let error = sign(&args, &"canary".into(), Duration::ZERO)
            .unwrap_err()
            .to_string();
        assert!(error.contains("too short") && !error.contains("canary"));
    }

    #[test]
    fn the_secret_is_needed_and_enough() {
        let args = args("--role ADMIN").unwrap();
        let secret = (
            "AUTH_DEV_SECRET".into(),
            "0123456789abcdef0123456789abcdef".into(),
        );
        run(&args, &Variables::new([secret])).unwrap();
        let error = run(&args, &Variables::new([])).unwrap_err().to_string();
        assert!(error.starts_with("not set: AUTH_DEV_SECRET ("), "{error}");
    }
}
