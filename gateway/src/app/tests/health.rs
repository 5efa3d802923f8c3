//! `/health/ready`, which anybody may ask.

use super::*;
use crate::base::adapters::native::Fault;

fn ready(world: &World) -> (u16, [String; 3]) {
    let answer = world.send(Call::get("/health/ready"));
    let body = answer.json();
    let word = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (answer.status, ["store", "backend", "provider"].map(word))
}

#[test]
fn backend_and_provider_are_asked_once_in_three_seconds_by_all_instances() {
    let world = World::new();
    let asked = || world.outside.asked("/sandbox/");
    let events = world.count("audit");
    let whole = (200, ["ok", "ok", "ok"].map(str::to_owned));
    assert_eq!(ready(&world), whole);
    let once = asked();
    assert!(once > 0);
    for number in 0..50 {
        if number % 10 == 0 {
            world.restart();
        }
        assert_eq!(ready(&world), whole);
    }
    assert_eq!(asked(), once);
    // What is told is three seconds old at most.
    world.outside.change(|outside| outside.backend_down = true);
    world.advance(2);
    assert_eq!(ready(&world), whole);
    world.advance(1);
    let (status, words) = ready(&world);
    assert_eq!((status, words[1].as_str()), (503, "unavailable"));
    assert_eq!(world.count("readiness"), 1);
    assert_eq!(world.count("audit"), events);
}

#[test]
fn one_request_asks_while_others_tell_what_was_found_before() {
    let world = World::new();
    assert_eq!(ready(&world).0, 200);
    world.advance(4);
    // Another instance began to ask, and died of it.
    world.sql("UPDATE readiness SET probing_until = checked_at + 14000");
    let asked = world.outside.asked("/sandbox/");
    assert_eq!(ready(&world).0, 200);
    assert_eq!(world.outside.asked("/sandbox/"), asked);
    world.advance(10);
    assert_eq!(ready(&world).0, 200);
    assert!(world.outside.asked("/sandbox/") > asked);
    // A store that does not answer is not ready, and nobody else is asked.
    let asked = world.outside.asked("/sandbox/");
    world.database.plan(Some((0, Fault::Before)));
    assert_eq!(ready(&world).0, 503);
    assert_eq!(world.outside.asked("/sandbox/"), asked);
}
