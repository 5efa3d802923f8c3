//! Sections 5 and 6: what ends a chain, and what does not.

use super::*;

#[test]
fn a_code_gives_tokens_that_read_claims() {
    let world = World::new();
    let client = world.app("App");
    let started = std::time::Instant::now();
    let tokens = world.connect(&client, &anne());
    eprintln!("flow {:?}", started.elapsed());
    assert_eq!(world.claims(&tokens.access).status, 200);
    assert_eq!(world.userinfo(&tokens.access).json()["patient"], "-1");
    let next = world.refresh(&client, &tokens.refresh).tokens();
    assert_eq!(world.claims(&next.access).status, 200);
}
