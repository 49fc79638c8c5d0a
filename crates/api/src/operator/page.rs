//! What every page has: its frame, and how times are written.

use std::fmt;

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::header::{self, ContentType},
};
use askama::{FastWritable, Template, filters::HtmlSafe};
use bulk_export_domain::text;
use chrono::{DateTime, SecondsFormat, Utc};

use super::{access::Operator, assets, error::PageError};

/// The part of the page that the navigation marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// None of them.
    None,
    /// How things stand.
    Overview,
    /// Jobs, and one job.
    Jobs,
    /// The workers.
    Workers,
    /// Pins and disk.
    Node,
    /// Receivers and deliveries.
    Webhooks,
}

/// What stands around a page's content.
#[derive(Debug)]
pub(super) struct Frame {
    /// The page's name.
    pub(super) title: String,
    /// What the navigation marks.
    pub(super) section: Section,
    /// Who is signed in, and until when.
    pub(super) session: Option<(String, When)>,
    /// Whether the navigation is shown.
    pub(super) nav: bool,
    /// Of the assets.
    pub(super) version: &'static str,
}

impl Frame {
    /// Makes the frame of a page for an operator.
    pub(super) fn new(title: impl Into<String>, section: Section, operator: &Operator) -> Self {
        Self {
            session: Some((
                operator.person.reveal().to_owned(),
                When::new(operator.ends, operator.now),
            )),
            nav: true,
            ..Self::without_session(title, section)
        }
    }

    /// Makes the frame of a page for nobody in particular.
    pub(super) fn without_session(title: impl Into<String>, section: Section) -> Self {
        Self {
            title: title.into(),
            section,
            session: None,
            nav: false,
            version: assets::VERSION.as_str(),
        }
    }

    /// Gives the sections of the navigation: each one's name, its address, and whether it is this one.
    pub(super) fn sections(&self) -> [(&'static str, &'static str, bool); 5] {
        [
            ("Overview", "/operator", Section::Overview),
            ("Jobs", "/operator/jobs", Section::Jobs),
            ("Workers", "/operator/workers", Section::Workers),
            ("Pins and disk", "/operator/node", Section::Node),
            ("Webhooks", "/operator/webhooks", Section::Webhooks),
        ]
        .map(|(name, address, section)| (name, address, section == self.section))
    }
}

/// Answers with a page.
pub(super) fn ok(template: &impl Template) -> Result<HttpResponse, PageError> {
    let page = template.render()?;
    Ok(HttpResponse::Ok()
        .insert_header(ContentType::html())
        .body(page))
}

/// Ends an answer with a page.
pub(super) fn html(response: &mut HttpResponseBuilder, template: &impl Template) -> HttpResponse {
    match template.render() {
        Ok(page) => response.insert_header(ContentType::html()).body(page),
        Err(error) => {
            tracing::error!(%error, "a page cannot be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// Sends the browser to another page with GET.
pub(super) fn go_to(address: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, address))
        .finish()
}

/// An instant as people read it: how long ago or ahead, and the time itself in UTC.
#[derive(Debug, Clone, Copy)]
pub(super) struct When {
    at: DateTime<Utc>,
    now: DateTime<Utc>,
}

impl When {
    /// Takes an instant and the time of the page.
    pub(super) const fn new(at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        Self { at, now }
    }

    /// Gives the time itself in UTC.
    pub(super) fn absolute(&self) -> String {
        self.at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
    }

    fn relative(&self) -> String {
        let seconds = (self.now - self.at).num_seconds();
        let length = text::duration(seconds.unsigned_abs());
        match seconds {
            0 => "now".to_owned(),
            1.. => format!("{length} ago"),
            ..0 => format!("in {length}"),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let absolute = self.absolute();
        // Letters and digits of ours alone: nothing to be escaped.
        write!(
            f,
            r#"<time datetime="{}" title="{absolute}"><span class="relative">{}</span> <span class="absolute">{absolute}</span></time>"#,
            self.at.to_rfc3339_opts(SecondsFormat::Secs, true),
            self.relative()
        )
    }
}

impl HtmlSafe for When {}

impl FastWritable for When {
    fn write_into(
        &self,
        to: &mut dyn fmt::Write,
        _: &dyn askama::Values,
    ) -> Result<(), askama::Error> {
        Ok(write!(to, "{self}")?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_told_both_ways() {
        let at = |seconds: i64| DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap();
        let past = When::new(at(0), at(200)).to_string();
        assert_eq!(
            past,
            "<time datetime=\"2027-01-15T08:00:00Z\" title=\"2027-01-15 08:00:00 UTC\"><span class=\"relative\">3 min 20 s ago</span> \
             <span class=\"absolute\">2027-01-15 08:00:00 UTC</span></time>"
        );
        assert_eq!(When::new(at(60), at(0)).relative(), "in 1 min");
        assert_eq!(When::new(at(0), at(0)).relative(), "now");
    }
}
