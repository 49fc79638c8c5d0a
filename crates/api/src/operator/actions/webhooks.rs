//! Delivering again what a receiver was told, or should have been.

use actix_web::{HttpResponse, web};
use bulk_export_domain::ids::{DeliveryId, WebhookId};
use bulk_export_store::webhooks::Redelivered;

use super::{Confirm, did};
use crate::{
    operator::{
        access::Operator,
        error::PageError,
        page::{Frame, Section, ok},
    },
    state::State,
};

const ADDRESS: &str = "/operator/webhooks";

/// Asks whether to deliver one delivery again.
pub(in crate::operator) async fn ask_redeliver(
    operator: Operator,
    path: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let id: DeliveryId = path.parse().map_err(|_| PageError::NotFound)?;
    let what = format!(
        "The delivery {id} is due again, with all its attempts before it. Its receiver sees the same webhook-id as before."
    );
    ask(
        &operator,
        what,
        format!("/operator/deliveries/{id}/redeliver"),
    )
}

/// Has one delivery delivered again.
pub(in crate::operator) async fn redeliver(
    operator: Operator,
    path: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, PageError> {
    let id: DeliveryId = path.parse().map_err(|_| PageError::NotFound)?;
    let ended = state.store.redeliver(id, operator.person.clone()).await?;
    answer(&state, &operator, ended).await
}

/// Asks whether to deliver again all that is parked for one receiver.
pub(in crate::operator) async fn ask_redeliver_parked(
    operator: Operator,
    path: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let id: WebhookId = path.parse().map_err(|_| PageError::NotFound)?;
    let what = "Everything that was given up for this receiver is due again, with all its attempts before it.";
    ask(
        &operator,
        what.to_owned(),
        format!("{ADDRESS}/{id}/redeliver"),
    )
}

/// Has all that is parked for one receiver delivered again.
pub(in crate::operator) async fn redeliver_parked(
    operator: Operator,
    path: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, PageError> {
    let id: WebhookId = path.parse().map_err(|_| PageError::NotFound)?;
    let by = operator.person.clone();
    let ended = state.store.redeliver_parked(id, by).await?;
    answer(&state, &operator, ended).await
}

fn ask(operator: &Operator, what: String, action: String) -> Result<HttpResponse, PageError> {
    ok(&Confirm {
        frame: Frame::new("Deliver again?", Section::Webhooks, operator),
        what_happens: vec![what],
        action,
        button: "Deliver again",
        danger: false,
        back: ADDRESS.to_owned(),
        reason: None,
    })
}

async fn answer(
    state: &State,
    operator: &Operator,
    ended: Redelivered,
) -> Result<HttpResponse, PageError> {
    match ended {
        Redelivered::Due(0) => Err(PageError::Conflict(
            "Nothing is parked for this receiver.".to_owned(),
        )),
        Redelivered::Due(_) => {
            Ok(did(state, operator, "/operator/webhooks?done=redelivered").await)
        }
        Redelivered::Disabled => Err(PageError::Conflict(
            "The receiver is disabled: enable it first, with bulk-export webhooks.".to_owned(),
        )),
        Redelivered::Unknown => Err(PageError::NotFound),
    }
}
