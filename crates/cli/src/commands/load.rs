//! `load`: fills the resource store with FHIR resources from files, or, for development and tests, the clinical tables
//! with sample data.

mod bundle;
mod clinical;
mod input;
mod lines;
mod reader;
mod rejects;
mod resource;
mod resources;
mod rewrite;
mod summary;

use std::path::PathBuf;

use bulk_export_domain::config::Variables;
use reader::Form;

/// The arguments of `load`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// FHIR NDJSON files for the resource store, each plain or compressed with gzip; - is the standard input.
    #[arg(value_name = "FILE", required_unless_present = "sample")]
    files: Vec<PathBuf>,
    /// The files are FHIR Bundles in JSON; their entries are loaded and the links between them kept.
    #[arg(long, conflicts_with = "sample")]
    bundle: bool,
    /// Where resources go that cannot be loaded, each with the reason; must not be there yet.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "rejects.ndjson",
        conflicts_with = "sample"
    )]
    rejects: PathBuf,
    /// Fills the clinical tables with sample data instead, for so many patients; each has about eleven rows in the
    /// other tables.
    #[arg(long, value_name = "PATIENTS", value_parser = clap::value_parser!(u64).range(1..=100_000_000), conflicts_with = "files")]
    sample: Option<u64>,
    /// What the sample data follows from: the same number of patients and seed give the same bytes.
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 1,
        conflicts_with = "files"
    )]
    seed: u64,
}

/// Runs the command.
///
/// # Errors
/// What went wrong, with how to go on; also when something was rejected.
pub fn run(args: &Args, variables: &Variables) -> anyhow::Result<()> {
    if let Some(patients) = args.sample {
        return clinical::run(patients, args.seed, variables);
    }
    let form = if args.bundle {
        Form::Bundle
    } else {
        Form::Lines
    };
    resources::run(&args.files, form, &args.rejects, variables)
}
