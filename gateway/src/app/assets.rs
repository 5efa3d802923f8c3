//! Style sheet of the pages.

use axum::extract::Path;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::base::http::Reply;
use crate::base::http::reply::{Answer, not_found, set};

/// `/assets/{file}`.
pub(crate) async fn file(Path(name): Path<String>) -> Answer {
    if name != "style.css" {
        return not_found();
    }
    let mut reply = Reply::new(Bytes::from_static(STYLE.as_bytes()));
    set(&mut reply, CONTENT_TYPE, "text/css; charset=utf-8");
    set(&mut reply, CACHE_CONTROL, "public, max-age=3600");
    reply.into()
}

/// The look of all pages, and what these have of their own.
const STYLE: &str = concat!(
    include_str!("../../../styles/tokens.css"),
    include_str!("../../assets/style.css")
);
