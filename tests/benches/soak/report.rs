//! What was promised and what was seen.

use bulk_export_tests::quantile;
use comfy_table::{Table, presets::ASCII_MARKDOWN};

use crate::{Results, clients::Request, settings::Settings};

/// How much slower polls may get.
const SLOWER: f64 = 3.0;

/// How much more a program may hold at the end than in its first minutes: allocators round.
const FLAT: f64 = 1.15;

/// Prints the report, and says whether every promise was kept.
pub(crate) fn print(settings: &Settings, results: &Results) -> bool {
    println!(
        "This machine serves {:.1} jobs a second (one patient each, {} workers). It was given {:.1} kick-offs a second for {} s; \
         EXPORT_MAX_JOBS was {}.\n",
        results.capacity,
        settings.workers,
        results.offered,
        settings.overload.as_secs(),
        results.most_jobs
    );
    let answers = results.tally.answers();
    println!("{}\n", table_of(&answers));
    let mut polls = results.tally.polls();
    let busy = [0.5, 0.99].map(|share| quantile(&mut polls, share));
    let mut table = Table::new();
    table
        .load_style(ASCII_MARKDOWN)
        .set_header(["polls answered with 202", "p50 ms", "p99 ms"]);
    for (name, [p50, p99]) in [("at rest", results.idle), ("under load", busy)] {
        table.add_row([name.to_owned(), format!("{p50:.1}"), format!("{p99:.1}")]);
    }
    println!("{table}\n");
    let mut kept = memory(results);
    let refused = |status: u16| answers.iter().any(|row| row.1 == status);
    let wrong: u64 = answers
        .iter()
        .filter(|(request, status, told, _)| !allowed(*request, *status, *told))
        .map(|row| row.3)
        .sum();
    let promises = [
        (
            format!("answers that are neither success nor a refusal with Retry-After: {wrong}"),
            wrong == 0,
        ),
        (
            "some kick-offs were refused".to_owned(),
            refused(429) || refused(503),
        ),
        (
            format!(
                "p99 of polls under load / at rest: {:.1} (<= {SLOWER})",
                busy[1] / results.idle[1]
            ),
            busy[1] <= SLOWER * results.idle[1],
        ),
        (
            format!("accepted jobs that were not completed: {}", results.lost),
            results.lost == 0,
        ),
    ];
    for (text, well) in promises {
        println!("* {}: {text}", if well { "kept" } else { "NOT KEPT" });
        kept &= well;
    }
    kept
}

fn table_of(answers: &[(Request, u16, bool, u64)]) -> Table {
    let mut table = Table::new();
    table
        .load_style(ASCII_MARKDOWN)
        .set_header(["request", "status", "Retry-After", "answers"]);
    for (request, status, told, count) in answers {
        table.add_row([
            format!("{request:?}"),
            status.to_string(),
            if *told { "yes" } else { "" }.to_owned(),
            count.to_string(),
        ]);
    }
    table
}

/// Success, or a refusal that says when to come again.
fn allowed(request: Request, status: u16, told: bool) -> bool {
    match (request, status) {
        (_, 429 | 503) => told && request != Request::Poll,
        (Request::Poll, 200 | 202) | (Request::Download, 200) => true,
        (Request::KickOff | Request::Delete, 202) => true,
        _ => false,
    }
}

fn memory(results: &Results) -> bool {
    let mut table = Table::new();
    table
        .load_style(ASCII_MARKDOWN)
        .set_header(["memory (RSS)", "early MB", "late MB", "peak MB"]);
    let mut flat = true;
    let mut lines = Vec::new();
    for course in results.memory.courses() {
        let mb = |bytes: u64| format!("{}.{}", bytes / 1_000_000, bytes / 100_000 % 10);
        table.add_row([
            course.name.clone(),
            mb(course.early),
            mb(course.late),
            mb(course.peak),
        ]);
        #[expect(clippy::cast_precision_loss, reason = "megabytes")]
        let ratio = course.late as f64 / course.early as f64;
        let well = ratio <= FLAT;
        flat &= well;
        lines.push(format!(
            "* {}: memory of {}, late / early: {ratio:.2} (<= {FLAT})",
            if well { "kept" } else { "NOT KEPT" },
            course.name
        ));
    }
    println!("{table}\n\n{}", lines.join("\n"));
    flat
}
