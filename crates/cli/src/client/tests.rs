//! The client against a loopback server that answers as each test says.

mod coding;
mod double;
mod download;
mod resume;

use std::time::Duration;

use self::double::{Answer, Double};
use super::*;

const TOKEN: &str = "canary-token";
const STATUS_PATH: &str = "/fhir/r4/$export-status/6f9619ff-8b86-d011-b42d-00c04fc964ff";

/// Short pauses, and all the patience that a busy machine may need.
fn brisk() -> Pace {
    Pace {
        first: Duration::from_millis(2),
        least: Duration::from_millis(5),
        most: Duration::from_millis(60),
        patience: Duration::from_mins(1),
    }
}

fn client(double: &Double) -> Client {
    Client::new(double.base(), TOKEN.into())
        .unwrap()
        .with_pace(brisk())
}

fn status_url(double: &Double) -> StatusUrl {
    client(double).status_url(STATUS_PATH).unwrap()
}

fn outcome(code: &str) -> String {
    format!(
        r#"{{"resourceType":"OperationOutcome","issue":[{{"severity":"error","code":"{code}","details":{{"text":"because of {code}"}}}}]}}"#
    )
}

const MANIFEST_TEXT: &str = r#"{"transactionTime":"2026-01-01T00:00:00Z","request":"","requiresAccessToken":true,"output":[],"error":[]}"#;

mod kick_off {
    use super::*;

    #[tokio::test]
    async fn it_sends_the_token_and_the_two_headers_and_gives_the_status_url() {
        let double = Double::start(|base, _, _| {
            Answer::new(202).header(
                "Content-Location",
                &format!("{}{STATUS_PATH}", base.origin().ascii_serialization()),
            )
        })
        .await;
        let url = client(&double).kick_off(&KickOff::default()).await.unwrap();
        assert_eq!(url.url().path(), STATUS_PATH);
        let seen = double.seen();
        assert_eq!(
            (seen[0].method.as_str(), seen[0].path.as_str()),
            ("GET", "/fhir/r4/Patient/$export")
        );
        assert_eq!(seen[0].header("authorization"), Some("Bearer canary-token"));
        assert_eq!(seen[0].header("accept"), Some("application/fhir+json"));
        assert_eq!(seen[0].header("prefer"), Some("respond-async"));
    }

    #[tokio::test]
    async fn a_refusal_shows_the_servers_words_and_is_not_repeated() {
        let double = Double::start(|_, _, _| Answer::new(400).body(&outcome("invalid"))).await;
        let error = client(&double)
            .kick_off(&KickOff::default())
            .await
            .unwrap_err();
        let expected = "the server would not start the export: it answered 400 Bad Request: because of invalid";
        assert_eq!(error.to_string(), expected);
        assert_eq!(double.seen().len(), 1);
    }

    #[tokio::test]
    async fn a_busy_server_is_asked_again_but_an_unclear_answer_is_not_since_the_job_may_stand() {
        let double = Double::start(|_, _, at| match at {
            0 => Answer::new(429).header("Retry-After", "0"),
            1 => Answer::new(503).body(&outcome("transient")),
            _ => Answer::broken(),
        })
        .await;
        let error = client(&double)
            .kick_off(&KickOff::default())
            .await
            .unwrap_err();
        assert!(matches!(error, Error::NoAnswer { .. }), "{error}");
        assert_eq!(double.seen().len(), 3);
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_tried_a_few_times() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base: Url = format!("http://{}/fhir/r4", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        drop(listener);
        let tried = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let counted = tried.clone();
        let client = Client::new(base, TOKEN.into()).unwrap().with_pace(brisk());
        let client = client.with_notice(move |_| {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        });
        let error = client.kick_off(&KickOff::default()).await.unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("no complete answer from http://127.0.0.1:"),
            "{error}"
        );
        assert_eq!(tried.load(std::sync::atomic::Ordering::Relaxed), TRIES - 1);
    }

    #[tokio::test]
    async fn a_status_url_on_another_server_is_refused() {
        let double = Double::start(|_, _, _| {
            Answer::new(202).header("Content-Location", "http://other.example/fhir/r4/x")
        })
        .await;
        let error = client(&double)
            .kick_off(&KickOff::default())
            .await
            .unwrap_err();
        assert!(
            matches!(&error, Error::Elsewhere { given, .. } if given == "http://other.example"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn an_acceptance_without_a_status_url_is_an_error() {
        let double = Double::start(|_, _, _| Answer::new(202)).await;
        let error = client(&double)
            .kick_off(&KickOff::default())
            .await
            .unwrap_err();
        assert!(error.to_string().contains("no Content-Location"), "{error}");
    }
}

mod status {
    use super::*;

    async fn of(answer: Answer) -> Result<Status, Error> {
        let double = Double::start(move |_, _, _| answer.clone()).await;
        client(&double).status(&status_url(&double)).await
    }

    #[tokio::test]
    async fn a_running_job_tells_what_it_knows() {
        let body = r#"{"status":"in_progress","progress":42,"totalResources":1234}"#;
        let answer = Answer::new(202)
            .header("Retry-After", "7")
            .header("X-Progress", "42 %")
            .body(body);
        let expected = Status::Running {
            progress: Some(42),
            total: Some(1_234),
            retry_after: Some(Duration::from_secs(7)),
            x_progress: Some("42 %".into()),
        };
        assert_eq!(of(answer).await.unwrap(), expected);
        let silent = Status::Running {
            progress: None,
            total: None,
            retry_after: None,
            x_progress: None,
        };
        for body in ["", "soon", r#"{"resourceType":"OperationOutcome"}"#] {
            assert_eq!(of(Answer::new(202).body(body)).await.unwrap(), silent);
        }
    }

    #[tokio::test]
    async fn the_four_ends() {
        assert!(matches!(
            of(Answer::new(200).body(MANIFEST_TEXT)).await.unwrap(),
            Status::Complete(_)
        ));
        for code in ["exception", "processing"] {
            let status = of(Answer::new(500).body(&outcome(code))).await.unwrap();
            assert!(
                matches!(status, Status::Failed(outcome) if outcome.to_string().starts_with("because"))
            );
        }
        assert_eq!(
            of(Answer::new(404).body(&outcome("not-found")))
                .await
                .unwrap(),
            Status::Gone
        );
        let error = of(Answer::new(200).body(r#"{"status":"in_progress","progress":1}"#))
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Unusable { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_refused_token_is_an_error_and_no_failed_export() {
        for status in [401, 403] {
            let error = of(Answer::new(status).body(&outcome("login")))
                .await
                .unwrap_err();
            assert!(matches!(error, Error::Refused { .. }), "{error}");
            assert!(!error.to_string().contains(TOKEN));
        }
    }

    #[tokio::test]
    async fn transient_answers_are_asked_again() {
        let double = Double::start(|_, _, at| match at {
            0 => Answer::broken(),
            1 => Answer::new(429).header("Retry-After", "1"),
            2 => Answer::new(500).body(&outcome("transient")),
            3 => Answer::new(502).body("<html>"),
            4 => Answer::new(500).body("<html>"),
            _ => Answer::new(200).body(MANIFEST_TEXT),
        })
        .await;
        let status = client(&double).status(&status_url(&double)).await.unwrap();
        assert!(matches!(status, Status::Complete(_)));
        assert_eq!(double.seen().len(), 6);
    }

    #[tokio::test]
    async fn patience_has_an_end() {
        let double = Double::start(|_, _, _| Answer::new(503).body(&outcome("transient"))).await;
        let pace = Pace {
            patience: Duration::from_millis(50),
            ..brisk()
        };
        let url = status_url(&double);
        let error = client(&double)
            .with_pace(pace)
            .status(&url)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("503"), "{error}");
        assert!(double.seen().len() >= TRIES as usize);
    }

    #[tokio::test]
    async fn a_wait_tells_each_answer_and_ends_with_the_manifest() {
        let double = Double::start(|_, _, at| match at {
            0..3 => Answer::new(202).body(&format!(r#"{{"progress":{at}}}"#)),
            _ => Answer::new(200).body(MANIFEST_TEXT),
        })
        .await;
        let mut told = Vec::new();
        let client = client(&double);
        let url = status_url(&double);
        let wait = client.wait(&url, |status| {
            if let Status::Running {
                progress: Some(percent),
                ..
            } = status
            {
                told.push(*percent);
            }
        });
        assert_eq!(wait.await.unwrap().text, MANIFEST_TEXT);
        assert_eq!(told, [0, 1, 2]);
    }

    #[tokio::test]
    async fn a_wait_for_a_failed_or_a_lost_export_is_an_error() {
        let double = Double::start(|_, _, _| Answer::new(500).body(&outcome("exception"))).await;
        let error = client(&double)
            .wait(&status_url(&double), |_| ())
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "the export failed: because of exception");
        let double = Double::start(|_, _, _| Answer::new(404)).await;
        assert!(matches!(
            client(&double).wait(&status_url(&double), |_| ()).await,
            Err(Error::Gone)
        ));
    }
}

mod cancel {
    use super::*;

    #[tokio::test]
    async fn it_is_a_delete_with_the_token() {
        let double = Double::start(|_, _, _| Answer::new(202)).await;
        client(&double).cancel(&status_url(&double)).await.unwrap();
        let seen = double.seen();
        assert_eq!(
            (seen[0].method.as_str(), seen[0].path.as_str()),
            ("DELETE", STATUS_PATH)
        );
        assert_eq!(seen[0].header("authorization"), Some("Bearer canary-token"));
    }

    #[tokio::test]
    async fn gone_is_an_error_unless_our_own_lost_request_may_have_done_it() {
        let double = Double::start(|_, _, _| Answer::new(404)).await;
        assert!(matches!(
            client(&double).cancel(&status_url(&double)).await,
            Err(Error::Gone)
        ));
        let double = Double::start(|_, _, at| {
            if at == 0 {
                Answer::broken()
            } else {
                Answer::new(404)
            }
        })
        .await;
        client(&double).cancel(&status_url(&double)).await.unwrap();
    }
}

mod token {
    use super::*;

    #[tokio::test]
    async fn a_redirect_to_another_server_loses_the_token() {
        let other = Double::start(|_, _, _| Answer::new(200).body(MANIFEST_TEXT)).await;
        let there = other.base().to_string();
        let double =
            Double::start(move |_, _, _| Answer::new(302).header("Location", &there)).await;
        client(&double).status(&status_url(&double)).await.unwrap();
        assert!(double.seen()[0].header("authorization").is_some());
        assert_eq!(other.seen()[0].header("authorization"), None);
    }

    #[test]
    fn it_never_shows() {
        let client =
            Client::new("https://h.example/fhir/r4".parse().unwrap(), TOKEN.into()).unwrap();
        assert_eq!(
            format!("{client:?}"),
            "Client(https://h.example, [redacted])"
        );
        let error =
            Client::new("https://h.example".parse().unwrap(), "canary\n".into()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
    }

    #[test]
    fn a_base_is_an_http_url() {
        for base in ["ipfs://x", "file:///x", "mailto:a@b", "http://u:p@h"] {
            assert!(
                matches!(
                    Client::new(base.parse().unwrap(), TOKEN.into()),
                    Err(Error::Base)
                ),
                "{base}"
            );
        }
    }

    #[test]
    fn futures_can_move_between_threads() {
        fn movable<T: Send>(_: &T) {}
        let client = Client::new("http://127.0.0.1:1".parse().unwrap(), TOKEN.into()).unwrap();
        let (kick_off, url) = (KickOff::default(), client.status_url("/x").unwrap());
        let manifest = Manifest::parse(MANIFEST_TEXT).unwrap();
        let plan = Download {
            dir: "/nowhere".into(),
            gateway: None,
            at_once: 1,
            decode: false,
        };
        movable(&client.kick_off(&kick_off));
        movable(&client.wait(&url, |_| ()));
        movable(&client.cancel(&url));
        movable(&client.download(&manifest, &plan, |_| ()));
    }
}
