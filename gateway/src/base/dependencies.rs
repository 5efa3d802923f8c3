//! What an instance stands on: configuration and ports.

use std::sync::Arc;

use crate::base::config::Config;
use crate::base::ports::{Clock, Database, Entropy, Log, Upstream};

/// Configuration and ports of one instance. Cheap to clone.
#[non_exhaustive]
#[derive(Clone)]
pub struct Dependencies {
    /// Typed configuration.
    pub config: Arc<Config>,
    /// The store.
    pub database: Arc<dyn Database>,
    /// Claims backend and identity provider.
    pub upstream: Arc<dyn Upstream>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// Log lines.
    pub log: Arc<dyn Log>,
}
