//! One suite for every log: what is promised to services, whatever carries the events.

mod rig;
mod stories;

/// Tells each story on each log. `kafka` meets the broker of `KAFKA_BOOTSTRAP`, by TLS and with tokens where
/// `TEST_KAFKA_ROOTS` names who signed its certificate, else one that librdkafka plays; `eventbridge` the AWS emulator of `TEST_AWS_ENDPOINT`.
macro_rules! on_every_log {
    ($($story:ident),+ $(,)?) => {
        mod live {
            mod postgres {
                use sqlx::PgPool;

                use crate::suite::{rig::Rig, stories};

                $(#[sqlx::test(migrator = "crate::MIGRATIONS")]
                async fn $story(db: PgPool) {
                    let rig = Rig::on_postgres(db).await;
                    stories::$story(&rig).await;
                    rig.remove().await;
                })+
            }

            mod kafka {
                use sqlx::PgPool;

                use crate::suite::{rig::Rig, stories};

                $(#[sqlx::test(migrator = "crate::MIGRATIONS")]
                async fn $story(db: PgPool) {
                    let rig = Rig::on_kafka(db).await;
                    stories::$story(&rig).await;
                    rig.remove().await;
                })+
            }

            mod eventbridge {
                use sqlx::PgPool;

                use crate::suite::{rig::Rig, stories};

                $(#[sqlx::test(migrator = "crate::MIGRATIONS")]
                async fn $story(db: PgPool) {
                    let rig = Rig::on_eventbridge(db).await;
                    stories::$story(&rig).await;
                    rig.remove().await;
                })+
            }
        }
    };
}

on_every_log!(
    events_of_a_key_are_applied_in_their_order_and_once,
    nothing_is_lost_or_doubled_when_both_ends_die_again_and_again,
    a_fact_that_is_committed_late_is_told_late,
    what_is_undone_is_never_told,
    a_copy_of_an_event_changes_nothing,
    the_envelope_arrives_as_it_left,
    a_fact_beyond_64_kb_is_refused_at_the_outbox,
    an_unreadable_event_becomes_a_dead_letter_and_its_key_goes_on,
    a_passing_fault_is_tried_again_and_a_lasting_one_becomes_a_dead_letter,
    a_panic_is_a_dead_letter,
    a_redriven_letter_is_applied_once,
    an_early_event_waits_for_the_one_before_it,
    an_event_that_stays_early_is_parked_and_applied_when_its_gap_is_filled,
    events_that_come_in_any_order_are_applied_in_theirs,
    what_never_comes_is_taken_from_its_owner,
    an_owner_that_does_not_answer_is_asked_again,
    a_history_that_was_replaced_is_taken_from_its_owner,
    a_replaced_history_goes_on_where_it_was_heard_when_nobody_can_be_asked,
    types_that_nobody_hears_move_the_position,
    a_listener_without_a_database_is_called_in_order,
    two_members_of_a_group_share_the_work,
    a_consumer_that_lost_its_partitions_commits_nothing_that_was_not_applied,
    a_consumer_without_room_keeps_its_place,
    what_came_back_to_a_consumer_that_had_no_room_is_read,
    what_was_read_can_be_read_again_or_told_again,
    a_stop_leaves_nothing_half_done,
);
