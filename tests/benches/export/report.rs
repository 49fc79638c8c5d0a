//! The table, in Markdown, as it stands in docs/performance.md.

use bulk_export_cli::text;
use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};

use crate::{Results, figures, machine, measured::Runs, settings::Settings};

/// Prints everything.
pub(crate) fn print(settings: &Settings, results: &Results) {
    println!();
    for line in &results.machine {
        println!("* {line}");
    }
    let (amount, load) = (results.dataset.amount, results.load);
    println!(
        "* Data: {} resources of {} types, {:.3} GB of NDJSON, {} bytes each; {:.0} s to make and load {:.3} GB of it ({:.0} MB/s)",
        text::count(amount.resources),
        results.dataset.types.len(),
        gb(amount.bytes),
        amount.bytes / amount.resources.max(1),
        load.seconds,
        gb(load.amount.bytes),
        gb(load.amount.bytes) * 1000.0 / load.seconds
    );
    ceilings(results);
    ours(results);
    if !settings.memory_only {
        end_to_end(results);
        small(results);
        http(results);
        download(results);
        planned(results);
    }
    figures::print(results);
}

fn ceilings(results: &Results) {
    let c = &results.ceilings;
    let mut table = table(&[
        "ceiling",
        "MB/s",
        "best",
        "resources/s",
        "CPU s/GB client",
        "postgres",
        "kubo",
        "all",
        "others' cores",
    ]);
    for (what, runs) in [
        ("read: COPY BINARY", &c.copy),
        ("read: Diesel row by row", &c.rows),
        ("add: one at once", &c.one),
        ("add: two at once", &c.two),
        ("pin", &c.pin),
        ("SHA-256 and CID in memory", &c.digest),
    ] {
        let run = runs.median();
        table.add_row([
            what.to_owned(),
            whole(run.mb_s()),
            whole(runs.best().mb_s()),
            rate(run.resources_s()),
            two(runs.cpu_gb_of("client")),
            two(runs.cpu_gb_of("postgres")),
            two(runs.cpu_gb_of("kubo")),
            two(runs.cpu_gb()),
            others(runs),
        ]);
    }
    show(&table);
    let least = c.least();
    println!(
        "ideal: {} cores / {:.2} CPU s/GB (read, SHA-256 and CID, add and pin, each by its cheapest way) = {:.0} MB/s",
        machine::cores(),
        least,
        figures::ideal(results)
    );
}

fn ours(results: &Results) {
    let mut table = table(&[
        "ours: kick-off to completed",
        "workers",
        "parts at once",
        "MB/s",
        "best",
        "resources/s",
        "CPU s/GB worker",
        "api",
        "postgres",
        "kubo",
        "client",
        "all",
        "RSS MB",
        "files",
        "stored GB",
        "others' cores",
    ]);
    for exports in &results.ours {
        let (run, runs) = (exports.runs.median(), &exports.runs);
        let mut row = vec![
            exports.workers.compression.to_owned(),
            exports.workers.count.to_string(),
            exports.workers.parts().to_string(),
            whole(run.mb_s()),
            whole(runs.best().mb_s()),
            rate(run.resources_s()),
        ];
        row.extend(
            ["worker", "api", "postgres", "kubo", "client"].map(|name| two(runs.cpu_gb_of(name))),
        );
        row.extend([
            two(runs.cpu_gb()),
            whole(figures::megabytes(exports.memory)),
            exports.files.to_string(),
            two(gb(exports.stored_bytes)),
            others(runs),
        ]);
        table.add_row(row);
    }
    show(&table);
}

fn end_to_end(results: &Results) {
    let mut table = table(&[
        "kick-off to the last byte downloaded",
        "resources",
        "bytes each",
        "s",
        "resources/s",
        "best",
        "MB/s",
        "CPU s/GB all",
        "others' cores",
    ]);
    for exports in &results.end_to_end {
        let (run, runs) = (exports.runs.median(), &exports.runs);
        table.add_row([
            exports.workers.compression.to_owned(),
            text::count(run.amount.resources),
            (run.amount.bytes / run.amount.resources.max(1)).to_string(),
            two(run.usage.wall.as_secs_f64()),
            rate(run.resources_s()),
            rate(runs.best().resources_s()),
            whole(run.mb_s()),
            two(runs.cpu_gb()),
            others(runs),
        ]);
    }
    show(&table);
}

fn small(results: &Results) {
    let Some(small) = &results.small else { return };
    let mut table = table(&[
        "one patient a job",
        "jobs",
        "jobs/s",
        "p50 ms",
        "p99 ms",
        "CPU ms a job worker",
        "api",
        "postgres",
        "kubo",
    ]);
    let jobs = f64::from(u32::try_from(small.jobs).unwrap_or(u32::MAX));
    let per_job = |name| two(small.usage.of(name) * 1000.0 / jobs);
    table.add_row(vec![
        "16 at once".to_owned(),
        small.jobs.to_string(),
        whole(jobs / small.usage.wall.as_secs_f64()),
        whole(small.crowded[0]),
        whole(small.crowded[1]),
        per_job("worker"),
        per_job("api"),
        per_job("postgres"),
        per_job("kubo"),
    ]);
    table.add_row(vec![
        "one at a time".to_owned(),
        (small.jobs / 5).to_string(),
        String::new(),
        whole(small.alone[0]),
        whole(small.alone[1]),
    ]);
    show(&table);
}

fn http(results: &Results) {
    let mut table = table(&[
        "wrk, 16 connections",
        "requests/s",
        "p50 ms",
        "p99 ms",
        "CPU us a request api",
        "postgres",
        "redis",
    ]);
    for load in &results.http {
        table.add_row([
            load.what.to_owned(),
            whole(load.requests / load.usage.wall.as_secs_f64()),
            two(load.latency[0]),
            two(load.latency[1]),
            whole(load.micros("api")),
            whole(load.micros("postgres")),
            whole(load.micros("redis")),
        ]);
    }
    show(&table);
}

fn download(results: &Results) {
    let Some(download) = &results.download else {
        return;
    };
    let mut table = table(&[
        "download of one file",
        "MB",
        "MB/s",
        "best",
        "CPU s/GB api",
        "kubo",
        "client",
        "others' cores",
    ]);
    for (what, runs) in [
        ("through the API", &download.ours),
        ("from the gateway", &download.gateway),
    ] {
        let run = runs.median();
        let mut row = vec![
            what.to_owned(),
            whole(gb(run.amount.bytes) * 1000.0),
            whole(run.mb_s()),
            whole(runs.best().mb_s()),
        ];
        row.extend(["api", "kubo", "client"].map(|name| two(runs.cpu_gb_of(name))));
        row.push(others(runs));
        table.add_row(row);
    }
    show(&table);
}

fn planned(results: &Results) {
    let mut table = table(&["planning one type", "parts", "ms"]);
    for planned in &results.planned {
        table.add_row([
            format!("{} rows", text::count(planned.rows)),
            planned.parts.to_string(),
            two(planned.milliseconds),
        ]);
    }
    show(&table);
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn show(table: &Table) {
    println!("\n{table}\n");
}

/// Gives the cores that other programs took from the median run.
fn others(runs: &Runs) -> String {
    let usage = &runs.median().usage;
    two(usage.others / usage.wall.as_secs_f64())
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn gb(bytes: u64) -> f64 {
    bytes as f64 / 1e9
}

fn whole(number: f64) -> String {
    format!("{number:.0}")
}

fn two(number: f64) -> String {
    format!("{number:.2}")
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate is a small positive number"
)]
fn rate(number: f64) -> String {
    text::count(number.round() as u64)
}
