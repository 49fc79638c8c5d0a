//! What every request and every answer of the page goes through: nothing is done for another site's page, and what is
//! answered may load, send and be framed nowhere else.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
};

use super::error::PageError;

/// `same-origin`, not `no-referrer`: with the latter browsers send `Origin: null` with our own forms.
const HEADERS: [(HeaderName, &str); 8] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=()",
    ),
];

/// Refuses what another site's page asks for, and adds the headers to every answer.
pub(super) async fn protect(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut response = if reads || is_ours(request.headers()) {
        next.call(request).await?.map_into_boxed_body()
    } else {
        request
            .error_response(PageError::OtherSite)
            .map_into_boxed_body()
    };
    for (name, value) in HEADERS {
        let headers = response.headers_mut();
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    Ok(response)
}

/// Tells whether a form was sent by a page of ours. Browsers say so by `Sec-Fetch-Site`, or over plain http to another
/// machine, where they leave that away, by an `Origin` whose host is the one asked. Who says neither is refused.
fn is_ours(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(HeaderValue::to_str);
    match (text("sec-fetch-site"), text("origin"), text("host")) {
        (Some(site), _, _) => site.is_ok_and(|site| site == "same-origin"),
        (None, Some(Ok(origin)), Some(Ok(host))) => {
            let from = origin
                .strip_prefix("http://")
                .or_else(|| origin.strip_prefix("https://"));
            from.is_some_and(|from| from.eq_ignore_ascii_case(host))
        }
        (None, _, _) => false,
    }
}

/// Tells whether a browser reached the page over https, by the origin that it names with each form.
pub(super) fn is_secure(headers: &HeaderMap) -> bool {
    headers
        .get(header::ORIGIN)
        .is_some_and(|origin| origin.as_bytes().starts_with(b"https://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn only_our_own_pages_may_send_forms() {
        let host = ("host", "ops.example:8082");
        let ours = [
            vec![("sec-fetch-site", "same-origin"), host],
            // A proxy may have changed the host; the browser's word counts.
            vec![
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://ops.example"),
                host,
            ],
            vec![("origin", "http://ops.example:8082"), host],
            vec![("origin", "https://OPS.example:8082"), host],
        ];
        for pairs in ours {
            assert!(is_ours(&headers(&pairs)), "{pairs:?}");
        }
        let others = [
            vec![host],
            vec![("sec-fetch-site", "cross-site"), host],
            // Another port of this host is the same site, and another origin.
            vec![
                ("sec-fetch-site", "same-site"),
                ("origin", "http://ops.example:8082"),
                host,
            ],
            vec![("sec-fetch-site", "none"), host],
            vec![("origin", "http://ops.example"), host],
            vec![("origin", "null"), host],
            vec![("origin", "ops.example:8082"), host],
            vec![("origin", "https://evil.example"), host],
            vec![("origin", "http://ops.example:8082")],
        ];
        for pairs in others {
            assert!(!is_ours(&headers(&pairs)), "{pairs:?}");
        }
    }

    #[test]
    fn the_browsers_origin_tells_of_https() {
        assert!(is_secure(&headers(&[("origin", "https://ops.example")])));
        assert!(!is_secure(&headers(&[("origin", "http://ops.example")])));
        assert!(!is_secure(&headers(&[])));
    }
}
