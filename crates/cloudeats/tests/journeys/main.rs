//! Journeys through the real binaries: one whole stack, started once, and stories one after the other.
//!
//! Run by `make test`, which builds the services first. The names contain `live::`, so that
//! `cargo test -- --skip live` starts nothing.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod caller;
mod courier;
mod crashes;
mod doubts;
mod harness;
mod kitchen;
mod money;
mod ops;
mod orders;
mod sessions;
mod tracking;
mod wishes;
mod world;

use std::process::ExitCode;

use harness::stories;

/// In the order in which they run.
const STORIES: &[harness::Story] = stories![
    sessions::an_account_is_registered_and_signs_in,
    sessions::a_refresh_token_used_twice_ends_the_session_for_both,
    orders::an_order_travels_from_a_cart_to_the_door,
    orders::what_is_collected_is_handed_over_at_the_counter,
    orders::a_courier_may_report_by_rest_as_well,
    orders::the_same_order_sent_many_times_at_once_is_one_order,
    orders::the_old_paths_of_the_cafe_still_work,
    money::a_cancellation_gives_back_stock_and_money,
    money::what_the_kitchen_has_begun_its_customer_cannot_cancel,
    money::what_is_out_of_stock_is_refused_and_nobody_is_charged,
    money::a_declined_payment_leaves_nothing_held,
    money::a_slow_provider_is_waited_for_in_the_background,
    money::a_lost_reply_is_asked_for_and_charged_once,
    doubts::a_bad_order_says_what_is_wrong_and_changes_nothing,
    doubts::a_key_used_for_another_order_is_refused,
    doubts::a_wrong_token_opens_no_door,
    doubts::another_customers_order_is_not_there,
    doubts::a_body_that_is_too_big_or_broken_is_refused,
    doubts::a_path_that_climbs_leads_nowhere,
    doubts::half_a_header_is_not_waited_for,
    crashes::an_order_survives_the_death_of_orders,
    crashes::an_order_survives_the_death_of_payment,
    crashes::an_order_is_taken_while_inventory_is_dead,
    ops::an_order_that_payment_does_not_answer_is_sent_back_by_hand,
];

fn main() -> ExitCode {
    harness::run(STORIES)
}
