//! What the operator's commands share: our own database, and the name under which the audit knows who ran them.

use std::time::Duration;

use bulk_export_domain::config::Variables;
use bulk_export_store::{Config, Store, operator::Person};

use crate::environment;

/// Opens our own database; connects when first asked.
///
/// # Errors
/// `DATABASE_URL` is not set.
pub fn store(variables: &Variables) -> anyhow::Result<Store> {
    let url = environment::required_secret(
        variables,
        "DATABASE_URL",
        "the URL of the exporter's own database",
    )?;
    Ok(Store::new(&Config {
        url,
        connections: 2,
        ttl: Duration::from_hours(24),
    }))
}

/// Names the user of this machine who runs the command: `cli:NAME`, or `cli:NUMBER` where the machine has no name for it.
#[must_use]
pub fn person() -> Person {
    let id = rustix::process::getuid().as_raw().to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    Person::new(format!("cli:{}", name(&users, &id).unwrap_or(&id)))
}

/// Finds a user's name in passwd(5).
fn name<'a>(users: &'a str, id: &str) -> Option<&'a str> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_user_has_the_name_of_its_number() {
        let users = "root:x:0:0:root:/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\nbroken\n";
        assert_eq!(name(users, "1000"), Some("ada"));
        assert_eq!(name(users, "0"), Some("root"));
        assert_eq!(name(users, "100"), None);
    }
}
