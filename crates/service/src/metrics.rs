//! The metrics of this process, in Prometheus' text form. What is counted is told to the `metrics` crate wherever it
//! happens; a label never holds an id, a CID, a person or anything that a request chose.

use actix_web::{HttpResponse, http::header};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};

/// The version of the text form (Prometheus, "Exposition formats").
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The metrics of this process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Makes the recorder and gives it to the whole process: once.
    ///
    /// # Errors
    /// Another recorder is there already.
    pub fn install() -> Result<Self, BuildError> {
        PrometheusBuilder::new().install_recorder().map(Self)
    }

    /// Answers a scrape.
    #[must_use]
    pub fn answer(&self) -> HttpResponse {
        HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, CONTENT_TYPE))
            .body(self.0.render())
    }
}
