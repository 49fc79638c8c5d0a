//! The environment: the one place that reads it. Arguments with a variable of their own are read by the parser.

use std::fs;

use anyhow::{Context, bail};
use bulk_export_domain::config::Variables;
use secrecy::SecretString;

/// Reads the process's variables. One that is not UTF-8 is none of ours.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the environment is read whole, once"
)]
pub fn read() -> Variables {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    Variables::new(std::env::vars_os().filter_map(text))
}

/// Reads a secret from a variable, or from the file that its `_FILE` twin names, without the line's end.
///
/// # Errors
/// Both set, or a file that cannot be read.
pub fn secret(variables: &Variables, name: &str) -> anyhow::Result<Option<SecretString>> {
    let twin = format!("{name}_FILE");
    match (variables.raw(name), variables.raw(&twin)) {
        (Some(_), Some(_)) => bail!("{name} and {twin} are both set; set one of them"),
        (Some(value), None) => Ok(Some(value.into())),
        (None, Some(path)) => {
            let text = fs::read_to_string(path)
                .with_context(|| format!("{twin} names {path}, which cannot be read"))?;
            let text = text.trim_end_matches(['\r', '\n']);
            if text.is_empty() {
                bail!("{twin} names {path}, which is empty");
            }
            Ok(Some(text.into()))
        }
        (None, None) => Ok(None),
    }
}

/// Reads a secret that must be there; `what` says what it is.
///
/// # Errors
/// Neither the variable nor its twin set, and what [`secret`] says.
pub fn required_secret(
    variables: &Variables,
    name: &str,
    what: &str,
) -> anyhow::Result<SecretString> {
    secret(variables, name)?.with_context(|| {
        format!("{name} is not set: {what} is required ({name}_FILE names a file with it)")
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use secrecy::ExposeSecret;

    use super::*;

    fn variables(values: &[(&str, &str)]) -> Variables {
        Variables::new(
            values
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned())),
        )
    }

    #[test]
    fn a_secret_comes_from_the_variable_or_from_its_file() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"from a file\n").unwrap();
        let path = file.path().to_str().unwrap();
        let read = |values: &[(&str, &str)]| {
            let secret = secret(&variables(values), "A").map_err(|e| e.to_string());
            secret.map(|s| s.map(|s| s.expose_secret().to_owned()))
        };
        assert_eq!(read(&[("A", "direct")]).unwrap().unwrap(), "direct");
        assert_eq!(read(&[("A_FILE", path)]).unwrap().unwrap(), "from a file");
        assert_eq!(read(&[("A", "")]).unwrap(), None);
        assert!(
            read(&[("A", "canary"), ("A_FILE", path)])
                .unwrap_err()
                .contains("both set")
        );
        assert!(
            read(&[("A_FILE", "/nowhere/at/all")])
                .unwrap_err()
                .contains("A_FILE names")
        );
    }

    #[test]
    fn a_missing_secret_is_named() {
        let error = required_secret(&variables(&[]), "A", "a thing")
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "A is not set: a thing is required (A_FILE names a file with it)"
        );
    }
}
