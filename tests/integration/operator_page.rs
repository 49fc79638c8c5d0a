//! The operator's page: who gets in, what it shows of a real export, what can be done there, and how it looks, in a real
//! headless Chromium. The pictures stay in `operator-page` in the target folder.

mod access;
mod actions;
mod looks;
mod many;
mod plain;
mod progress;
mod visitor;

use bulk_export_tests::{Browser, Stack, tokens};

/// The subject of the operator's token.
const OPERATOR: &str = "ada@hospital.example";

/// Gives the URL of the page of a system's API.
async fn page(stack: &mut Stack) -> String {
    let api = stack.api.as_mut().expect("the API runs");
    format!("http://{}/operator", api.private_address().await)
}

/// Starts a browser and signs in as an operator does.
async fn signed_in(stack: &mut Stack) -> (Browser, String) {
    let page = page(stack).await;
    let browser = Browser::start(stack.folder.path()).await;
    browser.open(&page).await;
    sign_in(&browser).await;
    (browser, page)
}

/// Pastes an operator's token into the form that is shown.
async fn sign_in(browser: &Browser) {
    let token = tokens::token(OPERATOR, "ADMIN");
    let field = browser.find("#token").await;
    field.send_keys(&token).await.unwrap();
    browser.click("Sign in").await;
}
