//! The command line's grammar. Each command's own arguments stand in its file.

use clap::{Parser, Subcommand};

use crate::commands::{
    cancel, download, export, load, migrate, sample, status, token, verify, webhooks,
};

const ENVIRONMENT: &str = "\
Secrets are read from the environment, or from the file that NAME_FILE names:
  BULK_EXPORT_TOKEN    the bearer token        (export, status, cancel, download)
  DATABASE_URL         our own database        (migrate, load, webhooks)
  SOURCE_DATABASE_URL  the clinical database   (load --sample; DATABASE_URL when not set)
  AUTH_DEV_SECRET      the development secret  (token)
RUST_LOG=debug writes what the program does to the standard error output.

Results go to the standard output, everything else to the standard error output.
Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.";

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
    /// Brings the exporter's own tables up to date.
    Migrate(migrate::Args),
    /// Loads FHIR resources from files into the resource store; with --sample, fills the clinical tables with sample data.
    Load(load::Args),
    /// Writes made-up records of sixteen resource types as FHIR NDJSON (development and tests only).
    Sample(sample::Args),
    /// Prints a token signed with the development secret.
    Token(token::Args),
    /// Starts an export, waits for it, lists its files, and downloads them with --out.
    Export(export::Args),
    /// Tells how far an export is.
    Status(status::Args),
    /// Cancels an export, or removes one that has ended.
    Cancel(cancel::Args),
    /// Waits for an export that was started before and downloads its files.
    Download(download::Args),
    /// Checks downloaded files against their manifest: size, SHA-256, CID and count.
    Verify(verify::Args),
    /// Administers who is told of the end of exports: talks to the database.
    Webhooks(webhooks::Args),
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
