//! The metrics of this process, in Prometheus' text form. What is counted is told to the `metrics` crate wherever it
//! happens; a label never holds an id, a CID, a person or anything that a request chose.

mod names;

use std::time::Duration;

use actix_web::{HttpResponse, http::header};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

pub use names::{Kind, METRICS, Metric};

use crate::Program;

/// The version of the text form (Prometheus, "Exposition formats").
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How often what histograms took is put into their buckets; a scrape does it too.
const UPKEEP: Duration = Duration::from_secs(5);

/// The metrics of this process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Makes the recorder, gives it to the whole process, and describes every metric that this program has: once.
    /// Needs a tokio runtime.
    ///
    /// # Errors
    /// Another recorder is there already.
    pub fn install(program: Program) -> Result<Self, BuildError> {
        let ours = || METRICS.iter().filter(|metric| metric.is_of(program));
        let mut builder = PrometheusBuilder::new();
        for metric in ours() {
            if let Kind::Histogram(buckets) = metric.kind {
                builder = builder
                    .set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), buckets)?;
            }
        }
        let handle = builder.install_recorder()?;
        ours().for_each(Metric::describe);
        metrics::gauge!("bulk_export_build_info", "program" => program.as_str(), "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        let kept = handle.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(UPKEEP).await;
                kept.run_upkeep();
            }
        });
        Ok(Self(handle))
    }

    /// Answers a scrape.
    #[must_use]
    pub fn answer(&self) -> HttpResponse {
        HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, CONTENT_TYPE))
            .body(self.0.render())
    }
}
