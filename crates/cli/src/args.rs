//! The command line's grammar. Each command's own arguments stand in its file.

use clap::{Parser, Subcommand};

use crate::commands::{
    audit, cancel, clients, download, export, job, jobs, load, migrate, pages, pause, pins, retry,
    sample, status, sweep, token, verify, webhooks,
};

const ENVIRONMENT: &str = "\
Each command says at its end whom it talks to: the API as a client with a token, or the database as
an operator. status and cancel do either: with an export's status URL they talk to the API.

Secrets are read from the environment, or from the file that NAME_FILE names:
  BULK_EXPORT_TOKEN    the bearer token        (commands that talk to the API)
  DATABASE_URL         our own database        (commands that talk to the database)
  SOURCE_DATABASE_URL  the clinical database   (load --sample; DATABASE_URL when not set)
  AUTH_DEV_SECRET      the development secret  (token)
BULK_EXPORT_URL names the API's FHIR base. RUST_LOG=debug writes what the program does to the
standard error output. NO_COLOR=1 means no colour on a terminal either.

Results go to the standard output, everything else to the standard error output.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the service needs attention (status --check),
4 no such job, receiver or delivery (commands that talk to the database), 130 interrupted.";

/// Exports health data in bulk as FHIR NDJSON files, and prepares the databases that a server exports from.
#[derive(Debug, Parser)]
#[command(name = "bulk-export", version, propagate_version = true, after_help = ENVIRONMENT, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Shows the service on one screen; with a `STATUS_URL`, tells how far that export is (database; API).
    Status(status::Args),
    /// Lists jobs, newest first (database).
    Jobs(jobs::Args),
    /// Explains one job: its parts, attempts, reasons and timeline (database).
    Job(job::Args),
    /// Cancels a job, or removes one that has ended: by its id, or by its `STATUS_URL` (database; API).
    Cancel(cancel::Args),
    /// Lets the failed parts of a failed job be tried again (database).
    Retry(retry::Args),
    /// Refuses kick-offs until resume; what was accepted goes on (database).
    Pause(pause::Args),
    /// Takes kick-offs again (database).
    Resume(pause::ResumeArgs),
    /// Tells of the last sweep; with --now, asks the workers for one and waits for it (database).
    Sweep(sweep::Args),
    /// Lists who did what, newest first, with clear names (database).
    Audit(audit::Args),
    /// Lists who asks for exports, with their jobs and bytes (database).
    Clients(clients::Args),
    /// Counts pins: those that our files own, and those that nobody owns (database).
    Pins(pins::Args),
    /// Administers who is told of the end of exports (database).
    Webhooks(webhooks::Args),
    /// Starts an export, waits for it, lists its files, and downloads them with --out (API).
    Export(export::Args),
    /// Waits for an export that was started before and downloads its files (API).
    Download(download::Args),
    /// Checks downloaded files against their manifest: size, SHA-256, CID and count.
    Verify(verify::Args),
    /// Brings the exporter's own tables up to date (database).
    Migrate(migrate::Args),
    /// Loads FHIR resources from files into the resource store; with --sample, fills the clinical tables (database).
    Load(load::Args),
    /// Writes made-up records of sixteen resource types as FHIR NDJSON (development and tests only).
    Sample(sample::Args),
    /// Prints a token signed with the development secret.
    Token(token::Args),
    /// Prints what completes these commands in a shell.
    Completions(pages::Completions),
    /// Prints the manual page, or writes one for each command into a folder.
    Man(pages::Man),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn wrong_usage_exits_with_2() {
        for line in [
            "bulk-export",
            "bulk-export fly",
            "bulk-export load",
            "bulk-export load --bundle",
            "bulk-export load --rejects a",
            "bulk-export load --sample 1 a",
            "bulk-export load --sample 1 --bundle",
            "bulk-export token --role NURSE",
            "bulk-export job",
            "bulk-export jobs --state done",
            "bulk-export jobs --since yesterday",
            "bulk-export jobs --limit 0",
            "bulk-export jobs --all --limit 5",
            "bulk-export status --check http://h/s",
            "bulk-export cancel",
            "bulk-export retry",
            "bulk-export sweep --timeout 1m",
            "bulk-export completions tcl",
            "bulk-export webhooks",
            "bulk-export webhooks add --client a",
            "bulk-export webhooks add --client a --url https://h.example.org --event started",
            "bulk-export webhooks redeliver",
        ] {
            let error = Cli::try_parse_from(line.split(' ')).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn no_argument_takes_a_secret() {
        let mut cli = Cli::command();
        cli.build();
        for command in cli.get_subcommands() {
            for argument in command.get_arguments() {
                let id = argument.get_id().as_str();
                assert!(
                    !["token", "secret", "password", "database_url"].contains(&id),
                    "{id}"
                );
            }
        }
    }
}
