//! What the operator's commands share: our own database, how a job is named, and the name under which the audit knows
//! who ran them.

use anyhow::Context;
use bulk_export_domain::{config::Variables, ids::JobId};
use bulk_export_store::{Config, Store, operator::Person};
use secrecy::ExposeSecret;

use crate::{commands::Exit, environment};

/// The exit code of a command whose job, receiver or delivery there is not.
const NOT_THERE: u8 = 4;

/// So many characters of an id are taken for a job that is to be changed.
const ENOUGH: usize = 8;

/// Opens our own database; connects when first asked.
///
/// # Errors
/// `DATABASE_URL` is not set, or a variable cannot be read.
pub fn store(variables: &Variables) -> anyhow::Result<Store> {
    let url = environment::required_secret(
        variables,
        "DATABASE_URL",
        "the URL of the exporter's own database",
    )?;
    let ttl = variables.raw("EXPORT_TTL").unwrap_or_default();
    let mut ours = Variables::new([
        ("DATABASE_URL".to_owned(), url.expose_secret().to_owned()),
        ("EXPORT_TTL".to_owned(), ttl.to_owned()),
    ]);
    let config = Config::read(&mut ours, 2);
    ours.finish()?;
    Ok(Store::new(&config.context("DATABASE_URL cannot be read")?))
}

/// Finds the one job whose id begins so; to change it, more of the id is needed than to look at it.
///
/// # Errors
/// No such job, several, or no database.
pub async fn job(store: &Store, text: &str, change: bool) -> anyhow::Result<JobId> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let said = bulk_export_domain::text::clean(text);
    if change && text.chars().count() < ENOUGH {
        anyhow::bail!(
            "'{said}' is too short to name a job: give at least {ENOUGH} characters of its id"
        );
    }
    match store.jobs_named(text.to_owned()).await?.as_slice() {
        [] => Err(no_such_job(&said)),
        [id] => Ok(*id),
        [one, other, ..] => {
            anyhow::bail!(
                "'{said}' begins the ids of several jobs, such as {one} and {other}: give more of it"
            )
        }
    }
}

/// Says that there is no such job, with an exit code of its own.
#[must_use]
pub fn no_such_job(id: &str) -> anyhow::Error {
    let text =
        format!("there is no job {id}: it was removed after its expiry, or there never was one");
    not_there(text)
}

/// Says that what was named is not there, with an exit code of its own.
pub fn not_there(text: String) -> anyhow::Error {
    Exit::new(NOT_THERE, text).into()
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
