//! A real Prometheus scrapes the real programs, with the rules as they are but for their patience, and alerts fire.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use bulk_export_tests::{Stack, poll, secs};
use serde_json::Value;

use super::rules::folder;

/// A Prometheus of a test's own. Dropped, it is killed.
struct Prometheus {
    child: Child,
    base: String,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    /// Starts one on these targets.
    async fn start(folder: &Path, targets: &[String]) -> Self {
        fs::create_dir_all(folder).unwrap();
        let settings = settings(folder, targets);
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let log = File::create(folder.join("prometheus.log")).unwrap();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", settings.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.join("data").display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("prometheus is there: deploy/dev/services packages prometheus");
        let base = format!("http://127.0.0.1:{port}");
        let prometheus = Self { child, base };
        poll("Prometheus is ready", secs(30), async || {
            let reply = reqwest::get(format!("{}/-/ready", prometheus.base))
                .await
                .ok()?;
            reply.status().is_success().then_some(())
        })
        .await;
        prometheus
    }

    async fn get(&self, path: &str) -> Value {
        let reply = reqwest::get(format!("{}/api/v1/{path}", self.base))
            .await
            .unwrap();
        let reply: Value = reply.json().await.unwrap();
        assert_eq!(reply["status"], "success", "{reply}");
        reply["data"].clone()
    }

    /// Waits until an alert fires, and gives it.
    async fn fires(&self, alert: &str) -> Value {
        poll(&format!("{alert} fires"), secs(60), async || {
            let alerts = self.get("alerts").await["alerts"].clone();
            let mut alerts = alerts.as_array()?.iter();
            alerts
                .find(|found| found["labels"]["alertname"] == alert && found["state"] == "firing")
                .cloned()
        })
        .await
    }
}

/// Writes the settings that we ship, with these targets and without the patience that people need.
fn settings(to: &Path, targets: &[String]) -> PathBuf {
    let rules = fs::read_to_string(folder().join("rules.yml")).unwrap();
    let impatient: Vec<String> = rules
        .lines()
        .map(|line| match line.trim_start().starts_with("for: ") {
            true => line.replace(line.trim_start(), "for: 1s"),
            false => line.to_owned(),
        })
        .collect();
    fs::write(to.join("rules.yml"), impatient.join("\n")).unwrap();
    let shipped = fs::read_to_string(folder().join("prometheus.yml")).unwrap();
    let settings = shipped
        .replace("15s", "1s")
        .replace("127.0.0.1:8082", &targets[0])
        .replace("127.0.0.1:8081", &targets[1]);
    assert!(
        targets.iter().all(|target| settings.contains(target)),
        "{settings}"
    );
    let file = to.join("prometheus.yml");
    fs::write(&file, settings).unwrap();
    file
}

#[tokio::test]
async fn a_real_prometheus_scrapes_the_programs_and_alerts_fire_and_end() {
    let mut stack = Stack::builder().sample(3).workers(1).start().await;
    stack.admin().export("").await;
    let targets = [
        stack.api.as_mut().unwrap().private_address().await,
        stack.workers[0].address().await,
    ];
    let prometheus = Prometheus::start(&stack.folder.path().join("prometheus"), &targets).await;
    poll("both are scraped", secs(30), async || {
        let up = prometheus.get("query?query=sum(up)").await;
        (up["result"][0]["value"][1] == "2").then_some(())
    })
    .await;
    let query = "query?query=max(bulk_export_jobs%7Bstate%3D%22completed%22%7D)";
    poll("the export is seen", secs(30), async || {
        let jobs = prometheus.get(query).await;
        (jobs["result"][0]["value"][1] == "1").then_some(())
    })
    .await;
    // Before the first scrape nothing was known, and without patience that is told at once.
    poll("no alert stands", secs(30), async || {
        let alerts = prometheus.get("alerts").await["alerts"].clone();
        alerts.as_array()?.is_empty().then_some(())
    })
    .await;

    // A worker that dies tells nobody; its row grows old.
    stack.workers[0].crash();
    stack
        .database
        .run("UPDATE bulk_export_workers SET seen_at = seen_at - interval '2 minutes'")
        .await;
    let alert = prometheus.fires("BulkExportNoWorkerAlive").await;
    assert_eq!(alert["labels"]["severity"], "page");
    stack
        .database
        .run("UPDATE bulk_export_node SET swept_at = clock_timestamp() - interval '4 hours'")
        .await;
    prometheus.fires("BulkExportSweepOverdue").await;

    stack.start_worker(&[]).await;
    poll("the alert ends", secs(60), async || {
        let alerts = prometheus.get("alerts").await["alerts"].clone();
        let stands = alerts
            .as_array()?
            .iter()
            .any(|alert| alert["labels"]["alertname"] == "BulkExportNoWorkerAlive");
        (!stands).then_some(())
    })
    .await;
}
