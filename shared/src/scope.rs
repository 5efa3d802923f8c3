//! OAuth scopes.
