//! The figures to reach, and which of them were.

use crate::{Results, export::Exports, machine, system::Workers};

/// A figure, what was measured, and whether that is enough.
struct Figure {
    what: String,
    found: String,
    reached: bool,
}

/// Gives what the fastest program that proves its files could do here, in MB/s.
#[expect(clippy::cast_precision_loss, reason = "a number of processors")]
pub(crate) fn ideal(results: &Results) -> f64 {
    machine::cores() as f64 * 1000.0 / results.ceilings.least()
}

/// Prints the figures to reach.
pub(crate) fn print(results: &Results) {
    let figures = figures(results);
    println!("\nFigures to reach:\n");
    for figure in &figures {
        let word = if figure.reached {
            "reached"
        } else {
            "NOT REACHED"
        };
        println!("* {word}: {}: {}", figure.what, figure.found);
    }
    let missed = figures.iter().filter(|figure| !figure.reached).count();
    println!(
        "\n{} of {} figures were reached.",
        figures.len() - missed,
        figures.len()
    );
    if missed > 0 {
        eprintln!("bench: {missed} FIGURES WERE NOT REACHED");
    }
}

fn figures(results: &Results) -> Vec<Figure> {
    let mut all = exports(results);
    all.extend(to_the_end(results));
    all.extend(memory(results));
    all.extend(requests(results));
    all.extend(planning(results));
    all
}

fn exports(results: &Results) -> Vec<Figure> {
    let plain = mb_s(results, Workers::DEFAULT);
    let ours = |count, compression| {
        mb_s(
            results,
            Workers {
                count,
                compression,
                ..Workers::DEFAULT
            },
        )
    };
    let mut all = vec![at_least(
        "ours / ideal, uncompressed",
        plain.map(|ours| ours / ideal(results)),
        0.9,
    )];
    for (compression, least) in [("gzip", 1.1), ("zstd", 1.3)] {
        let ratio = ours(1, compression)
            .zip(plain)
            .map(|(ours, plain)| ours / plain);
        all.push(at_least(
            &format!("{compression} / uncompressed"),
            ratio,
            least,
        ));
    }
    // No slower: runs of the same thing differ by as much as the rest.
    let ratio = ours(2, "none").zip(plain).map(|(two, one)| two / one);
    all.push(at_least("two workers / one, within 3 %", ratio, 0.97));
    let worker = of(results, Workers::DEFAULT).map(|exports| exports.runs.cpu_gb_of("worker"));
    all.push(at_most("the worker's CPU s/GB, uncompressed", worker, 3.0));
    all.into_iter().flatten().collect()
}

fn to_the_end(results: &Results) -> Vec<Figure> {
    let least = |compression| {
        if compression == "none" {
            100_000.0
        } else {
            150_000.0
        }
    };
    let figure = |exports: &Exports| {
        let compression = exports.workers.compression;
        let what = format!("resources/s from kick-off to the last byte downloaded, {compression}");
        let found = exports.runs.median().resources_s();
        Figure {
            what,
            found: format!("{found:.0} (>= {:.0})", least(compression)),
            reached: found >= least(compression),
        }
    };
    results.end_to_end.iter().map(figure).collect()
}

/// 32 MB, and 8 MB for each part under way.
fn memory(results: &Results) -> Vec<Figure> {
    let figure = |exports: &Exports| {
        let parts = exports.workers.parts();
        let (found, most) = (
            megabytes(exports.memory),
            32.0 + 8.0 * f64::from(u32::try_from(parts).unwrap_or(u32::MAX)),
        );
        let Workers {
            count, compression, ..
        } = exports.workers;
        Figure {
            what: format!(
                "RSS of a worker in MB, {compression}, {count} worker(s), {parts} parts at once"
            ),
            found: format!("{found:.0} (<= {most:.0})"),
            reached: found <= most,
        }
    };
    results.ours.iter().map(figure).collect()
}

fn requests(results: &Results) -> Vec<Figure> {
    let download = results
        .download
        .as_ref()
        .map(|both| both.ours.median().mb_s() / both.gateway.median().mb_s());
    let polls = results
        .http
        .iter()
        .filter(|load| load.what.starts_with("status"));
    let poll = polls.map(|load| load.micros("api")).max_by(f64::total_cmp);
    let small = results.small.as_ref().map(|small| small.alone[0]);
    let all = [
        at_least("our download / the gateway's", download, 0.5),
        at_most("one patient's export, p50 in ms", small, 300.0),
        at_most("the API's CPU a status poll, in us", poll, 100.0),
    ];
    all.into_iter().flatten().collect()
}

fn planning(results: &Results) -> Vec<Figure> {
    let [few, many] = results.planned[..] else {
        return Vec::new();
    };
    let all = [
        at_most(
            "planning over many rows / over few",
            Some(many.milliseconds / few.milliseconds),
            1.2,
        ),
        at_most(
            "planning over many rows, in s",
            Some(many.milliseconds / 1000.0),
            1.0,
        ),
    ];
    all.into_iter().flatten().collect()
}

fn at_least(what: &str, found: Option<f64>, least: f64) -> Option<Figure> {
    let found = found?;
    Some(Figure {
        what: what.to_owned(),
        found: format!("{found:.2} (>= {least})"),
        reached: found >= least,
    })
}

fn at_most(what: &str, found: Option<f64>, most: f64) -> Option<Figure> {
    let found = found?;
    Some(Figure {
        what: what.to_owned(),
        found: format!("{found:.2} (<= {most})"),
        reached: found <= most,
    })
}

fn of(results: &Results, workers: Workers) -> Option<&Exports> {
    results
        .ours
        .iter()
        .find(|exports| exports.workers == workers)
}

fn mb_s(results: &Results, workers: Workers) -> Option<f64> {
    of(results, workers).map(|exports| exports.runs.median().mb_s())
}

/// MB = 10^6 bytes.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
