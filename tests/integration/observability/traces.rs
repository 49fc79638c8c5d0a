//! Traces, as a collector gets them: one from the client over the API and the queue to each part and to the sweep.

use std::sync::{Arc, Mutex};

use bulk_export_tests::{Client, Stack, poll, secs};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value::Value,
};
use prost::Message as _;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A client's own trace and span.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

/// Begins every patient's name and id in these tests' rows.
const CANARY: &str = "Kanarienvogel";

/// A span as it came.
#[derive(Debug, Clone)]
struct Seen {
    service: String,
    name: String,
    trace: String,
    attributes: Vec<(String, String)>,
}

/// A collector: takes what is posted to it, and says whether it held the header that was asked for.
#[derive(Debug, Clone, Default)]
struct Collector {
    spans: Arc<Mutex<Vec<Seen>>>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Collector {
    async fn start() -> (Self, String) {
        let collector = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let taking = collector.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(taking.clone().take(stream));
            }
        });
        (collector, address)
    }

    /// Takes the requests of a connection.
    async fn take(self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
            let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
                continue;
            };
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if bytes.len() < end + 4 + length {
                continue;
            }
            let body: Vec<u8> = bytes.drain(..end + 4 + length).skip(end + 4).collect();
            self.heads.lock().unwrap().push(head);
            self.keep(&body);
            let ok = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(ok).await.unwrap();
        }
    }

    fn keep(&self, body: &[u8]) {
        let request = ExportTraceServiceRequest::decode(body).expect("it is protobuf");
        let text = |value: Option<Value>| match value {
            Some(Value::StringValue(text)) => text,
            other => format!("{other:?}"),
        };
        for resource in request.resource_spans {
            let service = resource.resource.iter().flat_map(|of| &of.attributes);
            let service = service
                .filter(|pair| pair.key == "service.name")
                .map(|pair| text(pair.value.clone().and_then(|value| value.value)))
                .collect::<String>();
            for span in resource
                .scope_spans
                .into_iter()
                .flat_map(|scope| scope.spans)
            {
                let trace = span.trace_id.iter().map(|byte| format!("{byte:02x}"));
                assert!(span.events.is_empty(), "a log line in a trace");
                self.spans.lock().unwrap().push(Seen {
                    service: service.clone(),
                    name: span.name,
                    trace: trace.collect(),
                    attributes: span
                        .attributes
                        .into_iter()
                        .map(|pair| (pair.key, text(pair.value.and_then(|value| value.value))))
                        .collect(),
                });
            }
        }
    }

    fn named(&self, service: &str, name: &str) -> Vec<Seen> {
        let spans = self.spans.lock().unwrap();
        let found = spans
            .iter()
            .filter(|span| span.service == service && span.name == name);
        found.cloned().collect()
    }
}

/// Kicks an export off as part of a client's trace.
async fn kick_off(admin: &Client, trace_parent: &str) -> String {
    let request = admin
        .request(
            reqwest::Method::GET,
            "Patient/$export?_type=Patient,Consent",
        )
        .header("Accept", "application/fhir+json")
        .header("Prefer", "respond-async")
        .header("traceparent", trace_parent);
    let reply = Client::send(request).await;
    assert_eq!(reply.status, 202, "{}", reply.text());
    reply.header("content-location").unwrap().to_owned()
}

#[tokio::test]
async fn one_trace_leads_from_the_client_to_every_part_and_to_the_sweep() {
    let (collector, address) = Collector::start().await;
    let mut stack = Stack::builder()
        .sample(3)
        .workers(1)
        .own_kubo()
        .common("OTEL_EXPORTER_OTLP_ENDPOINT", &address)
        .common(
            "OTEL_EXPORTER_OTLP_HEADERS",
            "authorization=Bearer of-the-collector",
        )
        .worker("SWEEP_INTERVAL", "1s")
        .worker("EXPORT_GRACE", "0s")
        .start()
        .await;
    stack
        .database
        .run(&format!("UPDATE patients SET last_name = '{CANARY}'"))
        .await;
    let admin = stack.admin();
    let url = kick_off(&admin, &format!("00-{TRACE}-{SPAN}-01")).await;
    let manifest = admin.completed(&url).await;
    let job = url.rsplit('/').next().unwrap();
    stack
        .database
        .run("UPDATE bulk_export_jobs SET expires_at = clock_timestamp() - interval '1 s'")
        .await;
    poll("the job is swept", secs(30), async || {
        (stack.database.count("bulk_export_jobs", &[]).await == 0).then_some(())
    })
    .await;
    // At their end they send what is left.
    stack.workers[0].terminate(secs(30)).await;
    stack.api.as_mut().unwrap().terminate(secs(30)).await;

    let (requests, parts) = (
        collector.named("bulk-export-api", "request"),
        collector.named("bulk-export-worker", "part"),
    );
    assert_eq!(
        requests.iter().filter(|span| span.trace == TRACE).count(),
        1
    );
    assert_eq!(parts.len(), 3, "a plan and two types: {parts:?}");
    let expired = collector.named("bulk-export-worker", "expire");
    assert_eq!(expired.len(), 1);
    for span in parts.iter().chain(&expired) {
        assert_eq!(span.trace, TRACE, "{span:?}");
        assert!(
            span.attributes
                .contains(&("job.id".to_owned(), job.to_owned()))
        );
    }
    let heads = collector.heads.lock().unwrap().clone();
    assert!(heads.iter().all(|head| head.starts_with("post /v1/traces")
        && head.contains("authorization: bearer of-the-collector")));
    let patients: Vec<String> = stack
        .database
        .column("SELECT id::text FROM patients", &[])
        .await;
    let said = format!("{:?}", collector.spans.lock().unwrap());
    let cid = manifest["output"][0]["extension"].to_string();
    for word in patients
        .iter()
        .map(String::as_str)
        .chain([CANARY, "_type", "ipfs", "admin"])
    {
        assert!(!said.contains(word), "{word}: {said}");
    }
    assert!(cid.contains("ipfs"));
    assert!(!stack.logs().contains("of-the-collector"));
}

#[tokio::test]
async fn what_is_no_trace_context_begins_a_trace_of_its_own_and_without_a_collector_there_is_none()
{
    let (collector, address) = Collector::start().await;
    let mut stack = Stack::builder()
        .sample(1)
        .api("OTEL_EXPORTER_OTLP_ENDPOINT", &address)
        .start()
        .await;
    kick_off(&stack.admin(), "00-nonsense-01").await;
    stack.api.as_mut().unwrap().terminate(secs(30)).await;
    let kept = "SELECT coalesce(trace_parent, '') FROM bulk_export_jobs";
    let kept: Vec<String> = stack.database.column(kept, &[]).await;
    let requests = collector.named("bulk-export-api", "request");
    assert!(!kept[0].contains("nonsense"));
    assert!(
        requests.iter().any(|span| kept[0].contains(&span.trace)),
        "{kept:?}"
    );

    let off = Stack::builder().sample(1).start().await;
    kick_off(&off.admin(), &format!("00-{TRACE}-{SPAN}-01")).await;
    let none = "bulk_export_jobs WHERE trace_parent IS NULL";
    assert_eq!(off.database.count(none, &[]).await, 1);
}

#[tokio::test]
async fn a_collector_that_is_away_holds_up_nothing() {
    let stack = Stack::builder()
        .sample(2)
        .workers(1)
        .common("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
        .start()
        .await;
    stack.admin().export("_type=Patient").await;
}
