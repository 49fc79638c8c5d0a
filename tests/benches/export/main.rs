//! `make bench`: one run, one table. What the machine can do, what this system does on it, and how far the two are apart.
//!
//! The servers are real ones, the data are made anew, and every export goes to a node that has none of its bytes. Figures
//! that are compared are measured in turns, so that a noisy minute meets them all.

mod add;
mod cpu;
mod curl;
mod data;
mod download;
mod export;
mod figures;
mod http;
mod machine;
mod measured;
mod plan;
mod read;
mod report;
mod settings;
mod small;
mod system;

use crate::{
    data::{Dataset, Load, PerPatient},
    export::Exports,
    measured::{Amount, Runs},
    settings::Settings,
    system::{System, Workers},
};

/// All that is measured.
#[derive(Debug)]
struct Results {
    machine: Vec<String>,
    load: Load,
    dataset: Dataset,
    ceilings: Ceilings,
    ours: Vec<Exports>,
    end_to_end: Vec<Exports>,
    small: Option<small::Small>,
    http: Vec<http::Load>,
    download: Option<download::Downloads>,
    planned: Vec<plan::Planned>,
}

/// What each step alone can do here.
#[derive(Debug)]
struct Ceilings {
    copy: Runs,
    rows: Runs,
    one: Runs,
    two: Runs,
    pin: Runs,
    digest: Runs,
}

impl Ceilings {
    /// Gives the processor seconds that no program can do without for a GB: each step by its cheapest way.
    fn least(&self) -> f64 {
        let read = self.copy.cpu_gb().min(self.rows.cpu_gb());
        let add = self.one.cpu_gb().min(self.two.cpu_gb());
        read + self.digest.cpu_gb() + add + self.pin.cpu_gb()
    }
}

#[tokio::main]
async fn main() {
    let settings = Settings::read();
    // `cargo bench` hands over arguments of its own harness.
    let results = measure(&settings).await;
    report::print(&settings, &results);
}

async fn measure(settings: &Settings) -> Results {
    let mut system = System::start().await;
    let machine = machine::describe(&system).await;
    let per_patient = PerPatient::measure();
    let mut end_to_end = Vec::new();
    let first = Amount {
        resources: settings.resources,
        bytes: 0,
    };
    let first = if settings.memory_only {
        0
    } else {
        per_patient.patients(first)
    };
    if first > 0 {
        say(&format!("loading {first} patients"));
        data::load(&system.stack, first).await;
        end_to_end = to_the_end(&mut system, settings).await;
    }
    let whole = per_patient.patients(Amount {
        resources: 0,
        bytes: settings.bytes,
    });
    let rest = whole.saturating_sub(first).max(1);
    say(&format!("loading {rest} patients"));
    let load = data::load(&system.stack, rest).await;
    let dataset = Dataset::of(&system.stack).await;
    let (ceilings, ours) = in_turns(&mut system, settings, &dataset).await;
    let mut results = Results {
        machine,
        load,
        dataset,
        ceilings,
        ours,
        end_to_end,
        small: None,
        http: Vec::new(),
        download: None,
        planned: Vec::new(),
    };
    if !settings.memory_only {
        say("one patient's exports");
        results.small = Some(small::measure(&mut system, settings.jobs).await);
        say("requests under load");
        results.http = http::measure(&mut system, settings.seconds).await;
        say("downloads");
        results.download = Some(download::measure(&mut system, settings.rounds).await);
        drop(system);
        say("planning");
        results.planned = plan::measure(settings.planned).await;
    }
    results
}

/// From kick-off to the last byte downloaded.
async fn to_the_end(system: &mut System, settings: &Settings) -> Vec<Exports> {
    let dataset = Dataset::of(&system.stack).await;
    let compressed = |compression| Workers {
        compression,
        ..Workers::DEFAULT
    };
    let mut all = ["none", "gzip", "zstd"].map(|compression| Exports::new(compressed(compression)));
    for round in 1..=settings.rounds {
        for exports in &mut all {
            say(&format!(
                "to the last byte downloaded, {}, round {round}",
                exports.workers.compression
            ));
            exports.run_to_the_end(system, &dataset).await;
        }
    }
    all.into()
}

/// The ceilings and our exports, round by round.
async fn in_turns(
    system: &mut System,
    settings: &Settings,
    dataset: &Dataset,
) -> (Ceilings, Vec<Exports>) {
    let files = add::Files::write(system, dataset).await;
    let mut ceilings = Ceilings {
        copy: Runs::new(),
        rows: Runs::new(),
        one: Runs::new(),
        two: Runs::new(),
        pin: Runs::new(),
        digest: Runs::new(),
    };
    let mut ours: Vec<Exports> = matrix(settings).into_iter().map(Exports::new).collect();
    for round in 1..=settings.rounds {
        say(&format!("ceilings, round {round}"));
        ceilings.copy.push(read::copy(system, dataset).await);
        ceilings.rows.push(read::rows(system, dataset).await);
        ceilings.digest.push(files.digest());
        for at_once in [1, 2] {
            system.renew(Workers::NONE).await;
            let (added, pinned) = files.add(system, at_once).await;
            let runs = if at_once == 1 {
                &mut ceilings.one
            } else {
                &mut ceilings.two
            };
            runs.push(added);
            ceilings.pin.push(pinned);
        }
        for exports in &mut ours {
            say(&format!("ours, {:?}, round {round}", exports.workers));
            exports.run(system, dataset).await;
        }
    }
    (ceilings, ours)
}

/// The settings in which we are measured; the product's own first.
fn matrix(settings: &Settings) -> Vec<Workers> {
    let of = |count, parts, compression| Workers {
        count,
        parts,
        compression,
    };
    if settings.memory_only {
        return vec![of(1, None, "none"), of(1, Some(4), "none")];
    }
    vec![
        of(1, None, "none"),
        of(2, None, "none"),
        of(1, Some(1), "none"),
        of(1, Some(4), "none"),
        of(2, Some(1), "none"),
        of(2, Some(4), "none"),
        of(1, None, "gzip"),
        of(2, None, "gzip"),
        of(1, None, "zstd"),
        of(2, None, "zstd"),
    ]
}

/// Tells what is going on; the table is for the standard output alone.
fn say(what: &str) {
    eprintln!("bench: {what}");
}
