//! One job, explained: its parts, its files, its timeline; and never which patient it is about.

use bulk_export_domain::{ids::JobId, job::Status, part::PartState};
use bulk_export_store::operator::Whose;
use bulk_export_tests::{Stack, client::job_id, data, tokens};

use super::store;

#[tokio::test]
async fn a_completed_job_is_told_with_its_parts_files_and_timeline() {
    let stack = Stack::with_sample(20).await;
    let admin = stack.admin();
    let url = admin.start("_type=Patient,Consent").await;
    let manifest = admin.completed(&url).await;
    let item = &manifest["output"][0];
    admin.get(item["url"].as_str().unwrap()).await;
    let (store, id) = (store(&stack.database), JobId::from_uuid(job_id(&url)));

    let job = store.job_view(id).await.unwrap().unwrap();
    assert_eq!((job.state, job.progress), (Status::Completed, 100));
    assert_eq!(
        (job.whose, job.requester.reveal()),
        (Whose::Everyone, "admin")
    );
    assert_eq!(job.types, ["Patient", "Consent"]);
    let files = manifest["output"].as_array().unwrap();
    assert_eq!(job.files, files.len() as u64);
    let count: u64 = files.iter().map(|f| f["count"].as_u64().unwrap()).sum();
    assert_eq!(job.resources, Some(count));
    assert_eq!(job.parts.done, job.parts.all());
    assert!(job.ended_at > Some(job.created_at) && job.expires_at > job.ended_at);

    let parts = store.job_parts(id, None, None, 100).await.unwrap();
    assert_eq!(parts.len() as u64, job.parts.all());
    assert_eq!((parts[0].kind.as_str(), parts[0].ordinal), ("plan", 0));
    for part in &parts {
        assert_eq!((part.state, part.attempts), (PartState::Done, 1));
        assert!(part.ended_at >= part.started_at && part.worker.is_some());
    }
    assert_eq!(parts.iter().map(|part| part.rows).sum::<u64>(), count);
    let second = store.job_parts(id, None, Some(0), 1).await.unwrap();
    assert_eq!((second.len(), second[0].ordinal), (1, 1));
    let none = store.job_parts(id, Some(PartState::Failed), None, 9);
    assert!(none.await.unwrap().is_empty());

    let listed = store.job_files(id, None, 100, false).await.unwrap();
    assert_eq!(listed.len(), files.len());
    assert!(listed.iter().all(|file| file.cid.is_none()));
    assert_eq!(listed.iter().map(|file| file.bytes).sum::<u64>(), job.bytes);
    let rest = (listed[0].ordinal, listed[0].number);
    let rest = store.job_files(id, Some(rest), 100, true).await.unwrap();
    assert_eq!(rest.len(), files.len() - 1);
    assert!(rest.iter().all(|file| file.cid.is_some()));

    let timeline = store.job_timeline(id, 0, 100).await.unwrap();
    let actions: Vec<&str> = timeline.iter().map(|e| e.action.as_str()).collect();
    assert_eq!(actions, ["kick_off", "complete", "download"]);
    assert_eq!(
        timeline[2].who.as_ref().map(|who| who.reveal()),
        Some("admin")
    );
    let later = store.job_timeline(id, timeline[1].id, 100).await.unwrap();
    assert_eq!(later.len(), 1);
    let named = store.jobs_named(id.to_string()[..8].to_owned());
    assert_eq!(named.await.unwrap(), [id]);
    assert_eq!(
        store.job_view(JobId::random()).await.unwrap().map(|j| j.id),
        None
    );
}

#[tokio::test]
async fn an_operator_sees_that_a_job_is_one_patients_and_not_whose() {
    let mut stack = Stack::builder()
        .api("AUTH_PATIENT_CLAIM", "patient")
        .start()
        .await;
    let patient = data::patient_with_records(&stack.database, 3, 100).await;
    stack.start_worker(&[]).await;
    // The requester's own name is another than the patient's id.
    let mut claims = tokens::claims("asker", "PATIENT");
    claims["patient"] = patient.to_string().into();
    let client = stack.client(Some(tokens::sign(&claims, tokens::SECRET)));
    let url = client.start("").await;
    client.completed(&url).await;
    let (store, id) = (store(&stack.database), JobId::from_uuid(job_id(&url)));
    let job = store.job_view(id).await.unwrap().unwrap();
    assert_eq!(job.whose, Whose::OnePatient);
    let mut told = format!("{job:?} {}", job.requester.reveal());
    for entry in store.job_timeline(id, 0, 100).await.unwrap() {
        told += &format!("{entry:?} {:?}", entry.who.as_ref().map(|who| who.reveal()));
    }
    for part in store.job_parts(id, None, None, 100).await.unwrap() {
        told += &format!("{part:?}");
    }
    for file in store.job_files(id, None, 100, true).await.unwrap() {
        told += &format!("{file:?}");
    }
    assert!(
        told.contains("OnePatient") && !told.contains(&patient.to_string()),
        "{told}"
    );
}
