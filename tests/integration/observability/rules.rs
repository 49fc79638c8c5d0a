//! The rules and the dashboard in `deploy/observability`: sound by Prometheus' own tool, and about metrics that exist.

use std::{collections::BTreeSet, fs, path::PathBuf, process::Command};

use bulk_export_service::{Kind, METRICS};
use bulk_export_tests::binaries::workspace;
use serde_json::Value;

pub(super) fn folder() -> PathBuf {
    workspace().join("deploy/observability")
}

fn read(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Runs Prometheus' own tool in the folder, and gives what it said.
fn promtool(arguments: &[&str]) -> String {
    let output = Command::new("promtool")
        .args(arguments)
        .current_dir(folder())
        .output()
        .expect("promtool is there: deploy/dev/services packages prometheus");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "promtool {arguments:?}: {said}");
    said.into_owned()
}

/// Finds the words of a text that are names of metrics of ours.
fn metrics_in(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words
        .filter(|word| word.starts_with("bulk_export_"))
        .collect()
}

/// Says whether there is such a series: the metric, or what Prometheus makes of a histogram.
fn exists(series: &str) -> bool {
    METRICS.iter().any(|metric| match metric.kind {
        Kind::Histogram(_) => series
            .strip_prefix(metric.name)
            .is_some_and(|end| ["_bucket", "_sum", "_count"].contains(&end)),
        Kind::Counter | Kind::Gauge => series == metric.name,
    })
}

/// Gives the names of the alerts.
fn alerts() -> Vec<String> {
    let rules = read("rules.yml");
    let names = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    names.map(str::to_owned).collect()
}

#[test]
fn prometheus_takes_the_settings_and_the_rules_and_each_alert_is_tested() {
    promtool(&["check", "config", "prometheus.yml"]);
    promtool(&["test", "rules", "rules.test.yml"]);
    let tests = read("rules.test.yml");
    for alert in alerts() {
        let fires = tests.split("alertname: ").any(|rest| {
            rest.strip_prefix(&*alert)
                .is_some_and(|rest| rest.trim_start().starts_with("exp_alerts"))
        });
        assert!(fires, "no unit test makes {alert} fire");
        let quiet = format!("alertname: {alert}}}");
        assert!(tests.contains(&quiet), "no unit test keeps {alert} quiet");
    }
}

#[test]
fn each_alert_has_its_section_in_the_runbook() {
    let runbook = fs::read_to_string(workspace().join("docs/runbook.md")).unwrap();
    let rules = read("rules.yml");
    let alerts = alerts();
    assert!(alerts.len() >= 10);
    for alert in &alerts {
        let section = runbook
            .split("\n## ")
            .find_map(|section| section.strip_prefix(&**alert))
            .unwrap_or_else(|| panic!("no section for {alert}"));
        for part in ["**Means:**", "**See:**"] {
            assert!(section.contains(part), "{alert} has no {part}");
        }
        assert!(rules.contains(&format!("docs/runbook.md#{}", alert.to_lowercase())));
    }
    let sections = runbook.matches("\n## ").count();
    assert_eq!(sections, alerts.len(), "no section without an alert");
}

#[test]
fn rules_and_dashboard_ask_for_metrics_that_exist() {
    let rules = read("rules.yml") + &read("rules.test.yml");
    let dashboard: Value = serde_json::from_str(&read("dashboard.json")).unwrap();
    let mut expressions = String::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            expressions += target["expr"].as_str().unwrap();
            expressions.push('\n');
        }
    }
    assert!(metrics_in(&expressions).len() > 20, "{expressions}");
    for series in metrics_in(&rules).iter().chain(&metrics_in(&expressions)) {
        assert!(exists(series), "{series} is asked for and does not exist");
    }
}
