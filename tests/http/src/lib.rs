//! What the black-box tests share: the whole application on the test host (or on Spin), a browser with cookies, and the
//! walk from the button of an app to its tokens.
//!
//! `cargo xtask test` builds what is needed and sets `BLUEGATE_HOST_BIN` and `BLUEGATE_MANIFEST`; without
//! them the places where `cargo xtask build` leaves things are used.

mod backend;
mod browser;
mod flow;
mod raw;
mod stack;
mod witness;

pub use backend::{Backend, Scripted, Seen, Way};
pub use browser::{Answer, Browser};
pub use flow::{
    Application, Consent, Flow, Tokens, basic, challenge, pairs, password, post_sign_in, verifier,
};
pub use raw::{Framing, Raw};
pub use stack::{Stack, engine};
