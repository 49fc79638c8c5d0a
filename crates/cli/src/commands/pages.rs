//! `completions` and `man`: what shells and manuals know of this program, made from its grammar.

use std::{fs, io, path::PathBuf};

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;

use super::print;
use crate::args::Cli;

/// The arguments of `completions`.
#[derive(Debug, clap::Args)]
pub struct Completions {
    /// The shell.
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// The arguments of `man`.
#[derive(Debug, clap::Args)]
pub struct Man {
    /// Write bulk-export.1 and a page for each command into this folder, such as /usr/local/share/man/man1.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints completions.
///
/// # Errors
/// The standard output.
pub fn completions(args: &Completions) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "bulk-export", &mut script);
    print(&String::from_utf8(script).context("the completions are no text")?)
}

/// Prints or writes manual pages.
///
/// # Errors
/// The standard output, or the folder.
pub fn man(args: &Man) -> anyhow::Result<()> {
    let Some(dir) = &args.out else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page)?;
        return print(&String::from_utf8(page).context("the page is no text")?);
    };
    let unwritable = || format!("{} cannot be written", dir.display());
    fs::create_dir_all(dir).with_context(unwritable)?;
    clap_mangen::generate_to(Cli::command(), dir)
        .map_err(io::Error::other)
        .with_context(unwritable)?;
    print(&format!("manual pages are in {}", dir.display()))
}
