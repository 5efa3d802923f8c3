//! A component that wants something of Spin that the host does not offer.

use spin_sdk::http::Request;
use spin_sdk::http_service;
use spin_sdk::key_value::Store;

#[http_service]
async fn handle(_: Request) -> anyhow::Result<&'static str> {
    Store::open_default().await?;
    Ok("opened")
}
