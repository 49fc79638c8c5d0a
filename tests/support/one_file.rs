//! A completed export of one large file, with all that is known of it.

use reqwest::Method;
use serde_json::Value;
use uuid::Uuid;

use crate::{Client, Reply, Stack, data, tokens};

/// An export of one patient's records in one file of about 6 MB: six blocks of the node.
#[derive(Debug)]
pub struct OneFile {
    /// The system.
    pub stack: Stack,
    /// The patient whose export it is.
    pub client: Client,
    /// The job's status URL.
    pub status_url: String,
    /// The manifest's item.
    pub item: Value,
    /// The file's bytes, as they were first downloaded.
    pub bytes: Vec<u8>,
    patient: Uuid,
}

impl OneFile {
    /// Exports it on a running system.
    pub async fn on(stack: Stack) -> Self {
        let patient = data::patient_with_records(&stack.database, 600, 10_000).await;
        let client = stack.patient(patient);
        let status_url = client.start("_type=DocumentReference").await;
        let manifest = client.completed(&status_url).await;
        assert_eq!(
            manifest["output"].as_array().map(Vec::len),
            Some(1),
            "{manifest}"
        );
        let item = manifest["output"][0].clone();
        let url = item["url"].as_str().expect("an item has a url");
        let bytes = client.get(url).await.body;
        assert!(bytes.len() > 6_000_000, "{}", bytes.len());
        Self {
            stack,
            client,
            status_url,
            item,
            bytes,
            patient,
        }
    }

    /// Gives the download URL.
    pub fn url(&self) -> &str {
        self.item["url"].as_str().expect("an item has a url")
    }

    /// Gives the path of the download URL.
    pub fn path(&self) -> &str {
        self.url()
            .strip_prefix(self.stack.root())
            .expect("our own URL")
    }

    /// Gives the value of the header `Authorization`.
    pub fn authorization(&self) -> String {
        format!(
            "Bearer {}",
            tokens::token(&self.patient.to_string(), "PATIENT")
        )
    }

    /// Downloads with a `Range`.
    pub async fn ranged(&self, range: &str) -> Reply {
        Client::send(
            self.client
                .request(Method::GET, self.url())
                .header("Range", range),
        )
        .await
    }
}
