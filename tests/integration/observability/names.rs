//! The one list of metrics is complete and true: what the sources record is on it, and what is on it is recorded.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use bulk_export_service::{Kind, METRICS};
use bulk_export_tests::binaries::workspace;

/// What records a metric, and what kind it makes of it. The last three are short for the others where they stand.
const RECORDERS: [(&str, &str); 4] = [
    ("counter!(", "counter"),
    ("gauge!(", "gauge"),
    ("histogram!(", "histogram"),
    (" gauge(", "gauge"),
];

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram(_) => "histogram",
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path
            .extension()
            .is_some_and(|end| end == "rs" || end == "sql")
        {
            found.push(path);
        }
    }
}

/// Finds every metric that the sources record, with its kind.
fn recorded() -> BTreeSet<(String, &'static str)> {
    let mut paths = vec![];
    files(&workspace().join("crates"), &mut paths);
    let list = Path::new("crates/service/src/metrics/names.rs");
    let mut found = BTreeSet::new();
    for path in paths.iter().filter(|path| !path.ends_with(list)) {
        let text = fs::read_to_string(path).unwrap();
        for (recorder, kind) in RECORDERS {
            for (at, _) in text.match_indices(recorder) {
                let argument = text[at + recorder.len()..].trim_start();
                if let Some(name) = argument
                    .strip_prefix('"')
                    .and_then(|rest| rest.split('"').next())
                {
                    found.insert((name.to_owned(), kind));
                }
            }
        }
        if path.ends_with("gauges/service.sql") {
            let rows = text
                .lines()
                .filter_map(|line| line.trim().strip_prefix("('"));
            found.extend(
                rows.filter_map(|row| row.split('\'').next())
                    .map(|name| (name.to_owned(), "gauge")),
            );
        }
    }
    found
}

#[test]
fn what_is_recorded_is_on_the_list_and_what_is_on_the_list_is_recorded() {
    let listed: BTreeSet<_> = METRICS
        .iter()
        .map(|metric| (metric.name.to_owned(), kind(metric.kind)))
        .collect();
    let recorded = recorded();
    let unlisted: Vec<_> = recorded.difference(&listed).collect();
    assert!(
        unlisted.is_empty(),
        "recorded and not on the list: {unlisted:?}"
    );
    let unused: Vec<_> = listed.difference(&recorded).collect();
    assert!(
        unused.is_empty(),
        "on the list and never recorded: {unused:?}"
    );
}
