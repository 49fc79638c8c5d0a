//! What a command needs of the variables. They are read by the domain, once; arguments with a variable of their own
//! are read by the parser.

use anyhow::Context;
use bulk_export_domain::config::Variables;
use secrecy::SecretString;

/// Takes a secret that must be there; `what` says what it is.
///
/// # Errors
/// Neither the variable nor its `_FILE` twin is set.
pub fn required_secret(
    variables: &Variables,
    name: &str,
    what: &str,
) -> anyhow::Result<SecretString> {
    variables.secret(name).with_context(|| {
        format!("{name} is not set: {what} is required ({name}_FILE names a file with it)")
    })
}

/// Checks that what a command needs is set, and names all that is not.
///
/// # Errors
/// Something is not set.
pub fn all_set(needed: &[(&str, bool)]) -> anyhow::Result<()> {
    let missing = needed
        .iter()
        .filter_map(|(name, set)| (!set).then_some(*name));
    let missing: Vec<&str> = missing.collect();
    anyhow::ensure!(
        missing.is_empty(),
        "not set: {} (docs/configuration.md says what each is)",
        missing.join(", ")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_secret_is_named() {
        let error = required_secret(&Variables::new([]), "A", "a thing").unwrap_err();
        assert_eq!(
            error.to_string(),
            "A is not set: a thing is required (A_FILE names a file with it)"
        );
    }

    #[test]
    fn everything_that_is_missing_is_named_at_once() {
        let error = all_set(&[("A", false), ("B", true), ("C", false)]).unwrap_err();
        assert!(error.to_string().starts_with("not set: A, C "), "{error}");
    }
}
