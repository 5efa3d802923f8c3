//! A twentieth of the soak rounds. `cargo run --release -p bluegate-bench --bin soak` runs all of them.

use bluegate_bench::stop::{self, Stop};
use bluegate_bench::{crash, limit, load, redeem, rotate};

const SHARE: f64 = 0.05;

#[test]
fn one_of_64_clients_redeems_a_code() {
    let group = redeem::run(SHARE);
    println!("{group}");
    group.assert_clean();
}

#[test]
fn all_of_64_clients_get_the_same_successor() {
    let group = rotate::run(SHARE);
    println!("{group}");
    group.assert_clean();
}

#[test]
fn a_killed_engine_loses_nothing_that_a_client_was_told() {
    let group = crash::run(SHARE, 1);
    println!("{group}");
    group.assert_clean();
}

#[test]
fn sixty_four_people_at_once_get_their_own_data_and_memory_stays_flat() {
    let group = load::run(SHARE);
    println!("{group}");
    group.assert_clean();
}

#[test]
fn the_limit_of_an_application_holds_across_instances() {
    let group = limit::run(SHARE);
    println!("{group}");
    group.assert_clean();
}

#[test]
fn no_answer_is_released_after_a_lock_down_of_64_readers_was_committed() {
    let group = stop::run(Stop::LockDown, SHARE);
    println!("{group}");
    group.assert_clean();
}

#[test]
fn no_answer_is_released_after_a_revocation_of_64_readers_was_committed() {
    let group = stop::run(Stop::Revocation, SHARE);
    println!("{group}");
    group.assert_clean();
}
