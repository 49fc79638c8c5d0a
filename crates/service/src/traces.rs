//! Traces over OTLP (HTTP, protobuf), off unless a collector is named. A span holds ids of requests, jobs and parts, and what
//! kind of part it is: nothing of a person, a row or a request's parameters. Log lines do not become part of a trace.
//!
//! The context travels as W3C Trace Context's `traceparent`: from the client's request into the job's row, and from there
//! into every part, wherever it runs.

use std::{collections::HashMap, time::Duration};

use bulk_export_domain::config::Variables;
use opentelemetry::{
    KeyValue,
    propagation::TextMapPropagator,
    trace::{TraceContextExt as _, TracerProvider as _},
};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use secrecy::{ExposeSecret, SecretString};
use tracing::Span;
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt as _};
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};
use url::Url;

use crate::Program;

/// The header of W3C Trace Context, and its name in the job's row.
const TRACEPARENT: &str = "traceparent";

/// How long the collector may take for a batch, and the last batch at the end.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where traces go.
#[derive(Debug, Clone)]
pub struct Traces {
    endpoint: Url,
    headers: Option<SecretString>,
    /// The share of traces that begin here and are sent, 0 to 1. A trace that a client began is its decision.
    share: f64,
}

impl Traces {
    /// Reads `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_HEADERS` and `OTEL_TRACES_SAMPLER_ARG`, named as the
    /// OpenTelemetry specification names them; nothing without an endpoint.
    pub fn read(v: &mut Variables) -> Option<Self> {
        let endpoint: Option<Url> = v.optional(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "an address such as http://collector:4318",
        );
        let usable = |url: &Url| {
            matches!(url.scheme(), "http" | "https")
                && url.username().is_empty()
                && url.password().is_none()
        };
        if endpoint.as_ref().is_some_and(|url| !usable(url)) {
            v.problem(
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "must be http or https and name no user: a secret belongs in OTEL_EXPORTER_OTLP_HEADERS",
            );
        }
        let headers = v.secret("OTEL_EXPORTER_OTLP_HEADERS");
        if headers.as_ref().is_some_and(|text| pairs(text).is_none()) {
            v.problem(
                "OTEL_EXPORTER_OTLP_HEADERS",
                "cannot be read: name=value, with commas between, is expected",
            );
        }
        let share = v.or("OTEL_TRACES_SAMPLER_ARG", "a share from 0 to 1", 1.0);
        if !(0.0..=1.0).contains(&share) {
            v.problem("OTEL_TRACES_SAMPLER_ARG", "must lie between 0 and 1");
        }
        Some(Self {
            endpoint: endpoint?,
            headers,
            share,
        })
    }

    /// Starts to send.
    ///
    /// # Errors
    /// The address or a header cannot be used.
    fn provider(&self, program: Program) -> anyhow::Result<SdkTracerProvider> {
        let base = self.endpoint.as_str().trim_end_matches('/');
        let headers = self.headers.as_ref().and_then(pairs).unwrap_or_default();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{base}/v1/traces"))
            .with_timeout(PATIENCE)
            .with_headers(headers)
            .build()?;
        let resource = Resource::builder_empty().with_attributes([
            KeyValue::new("service.name", program.as_str()),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        ]);
        Ok(SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(
                self.share,
            ))))
            .with_resource(resource.build())
            .build())
    }
}

/// What sends; dropped at the end of the process, it sends what is left.
#[derive(Debug)]
pub(crate) struct Sending(SdkTracerProvider);

impl Drop for Sending {
    fn drop(&mut self) {
        // A collector that is away has been told of by the exporter's own log line.
        let _ = self.0.shutdown_with_timeout(PATIENCE);
    }
}

/// Makes the layer that turns our spans into traces.
///
/// # Errors
/// The address or a header cannot be used.
pub(crate) fn layer<S>(
    traces: &Traces,
    program: Program,
) -> anyhow::Result<(Sending, impl Layer<S> + use<S>)>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    let provider = traces.provider(program)?;
    let layer = OpenTelemetryLayer::new(provider.tracer("fhir-bulk-export"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(|what| {
            what.is_span() && what.target().starts_with("bulk_export_")
        }));
    Ok((Sending(provider), layer))
}

/// Lets a span go on a trace that began elsewhere. What is no `traceparent` begins none.
pub fn join(span: &Span, trace_parent: Option<&str>) {
    let Some(trace_parent) = trace_parent else {
        return;
    };
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), trace_parent.to_owned())]);
    let context = TraceContextPropagator::new().extract(&carrier);
    if context.span().span_context().is_valid() {
        // Without a collector there is no layer to tell.
        let _ = span.set_parent(context);
    }
}

/// Gives a span's `traceparent` for others to join; nothing while no traces are sent.
#[must_use]
pub fn trace_parent(span: &Span) -> Option<String> {
    let context = span.context();
    if !context.span().span_context().is_valid() {
        return None;
    }
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&context, &mut carrier);
    carrier.remove(TRACEPARENT)
}

fn pairs(text: &SecretString) -> Option<HashMap<String, String>> {
    let pairs = text.expose_secret().split(',').map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let name = name.trim();
        (!name.is_empty()).then(|| (name.to_owned(), value.trim().to_owned()))
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[(&str, &str)]) -> (Option<Traces>, usize) {
        let values = values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut variables = Variables::new(values);
        let traces = Traces::read(&mut variables);
        let problems = variables.finish().err().map_or(0, |found| found.0.len());
        (traces, problems)
    }

    #[test]
    fn without_an_endpoint_there_are_none() {
        assert!(matches!(read(&[]), (None, 0)));
    }

    #[test]
    fn each_wrong_value_is_a_problem() {
        let (_, problems) = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "nowhere"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "secret"),
            ("OTEL_TRACES_SAMPLER_ARG", "7"),
        ]);
        assert_eq!(problems, 3);
        for endpoint in ["ftp://c", "http://user:canary@c:4318"] {
            assert_eq!(read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)]).1, 1);
        }
        let (traces, problems) = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer canary"),
        ]);
        assert_eq!(problems, 0);
        assert!(!format!("{traces:?}").contains("canary"));
    }
}
