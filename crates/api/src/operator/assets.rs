//! The page's own files: one style sheet, one script, one icon. Nothing is loaded from anywhere else.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::LazyLock,
};

use actix_web::{HttpResponse, http::header, web};
use serde::Deserialize;

use super::error::PageError;

/// One file.
struct Asset {
    name: &'static str,
    content_type: &'static str,
    content: &'static str,
}

const ASSETS: [Asset; 3] = [
    Asset {
        name: "style.css",
        content_type: "text/css; charset=utf-8",
        content: include_str!("../../assets/operator/style.css"),
    },
    Asset {
        name: "script.js",
        content_type: "text/javascript; charset=utf-8",
        content: include_str!("../../assets/operator/script.js"),
    },
    Asset {
        name: "icon.svg",
        content_type: "image/svg+xml",
        content: include_str!("../../assets/operator/icon.svg"),
    },
];

/// What stands behind the files' names, so that a browser keeps them until they change.
pub(super) static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    for asset in &ASSETS {
        asset.content.hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
});

/// The version that a page asks for.
#[derive(Deserialize)]
pub(super) struct Wanted {
    v: Option<String>,
}

/// Gives a file out, to anybody: the sign-in needs them. Another release's version is not to be kept.
pub(super) async fn asset(
    name: web::Path<String>,
    wanted: web::Query<Wanted>,
) -> Result<HttpResponse, PageError> {
    let asset = ASSETS
        .iter()
        .find(|asset| asset.name == *name)
        .ok_or(PageError::NotFound)?;
    let mut response = HttpResponse::Ok();
    if wanted.v.as_deref() == Some(VERSION.as_str()) {
        response.insert_header((
            header::CACHE_CONTROL,
            "private, max-age=31536000, immutable",
        ));
    }
    Ok(response
        .insert_header((header::CONTENT_TYPE, asset.content_type))
        .body(asset.content))
}
