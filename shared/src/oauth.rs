//! OAuth 2.0 wire types.
