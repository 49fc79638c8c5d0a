//! What a browser sends, without one: for the answers that a browser does not show.

use bulk_export_tests::{Client, Reply, client::job_id, tokens};
use reqwest::{Method, RequestBuilder, redirect::Policy};

use super::OPERATOR;

/// A visitor of the page.
pub(super) struct Visitor {
    http: reqwest::Client,
    /// The page's URL.
    pub(super) page: String,
    /// The session's cookie as it is sent back.
    pub(super) cookie: Option<String>,
}

impl Visitor {
    /// Comes without a session.
    pub(super) fn new(page: &str) -> Self {
        let http = reqwest::Client::builder().redirect(Policy::none()).build();
        Self {
            http: http.expect("a client can be made"),
            page: page.to_owned(),
            cookie: None,
        }
    }

    /// Comes with a session of an operator.
    pub(super) async fn signed_in(page: &str) -> Self {
        let mut visitor = Self::new(page);
        let reply = visitor.sign_in(&tokens::token(OPERATOR, "ADMIN")).await;
        assert_eq!(reply.status, 303, "{}", reply.text());
        visitor
    }

    /// Loads a page below the operator's.
    pub(super) async fn get(&self, path: &str) -> Reply {
        Client::send(self.request(Method::GET, path)).await
    }

    /// Sends a form as a page of ours does.
    pub(super) async fn send(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        let ours = [("sec-fetch-site", "same-origin")];
        self.send_with(path, form, &ours).await
    }

    /// Sends a form with these headers.
    pub(super) async fn send_with(
        &self,
        path: &str,
        form: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Reply {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let mut request = self
            .request(Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Client::send(request).await
    }

    /// Pastes a token, and keeps the cookie that comes for it.
    pub(super) async fn sign_in(&mut self, token: &str) -> Reply {
        let reply = self.send("/sign-in", &[("token", token)]).await;
        let cookie = reply
            .header("set-cookie")
            .and_then(|set| set.split(';').next());
        self.cookie = cookie.map(str::to_owned);
        reply
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.page));
        match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        }
    }
}

/// Gives the path of a job's page.
pub(super) fn job_path(url: &str) -> String {
    format!("/jobs/{}", job_id(url))
}
