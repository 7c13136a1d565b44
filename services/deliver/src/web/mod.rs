//! Pages and API: `/deliveries`, `/webhooks`, `/streams`, `/feeds`, `/suppressions`, `/unsubscribe`, and the same below
//! `/api/v1`.

pub(crate) mod api;
pub(crate) mod by_hand;
mod export;
mod feed_events;
mod feed_pages;
mod feed_read;
pub(crate) mod feeds;
mod hand_pages;
pub(crate) mod mail;
mod pages;
mod query;
mod stream_pages;
pub(crate) mod streams;
pub(crate) mod suppressed;
mod suppressed_pages;
mod unsubscribe;
mod webhook_pages;
pub(crate) mod webhooks;

use skillwire_schemas::PersonId;
use skillwire_web::{Actor, Permission, Routes, Who};

use crate::Deliver;

/// The routes and who may call them.
pub(crate) fn routes(deliver: Deliver) -> Routes {
    let (read, staff) = (Who::May(Permission::ReadDeliveries), Who::May(Permission::ManagePartnership));
    Routes::new()
        .get("/deliveries", read, pages::list)
        .get("/deliveries.csv", read, export::csv)
        .get("/deliveries.jsonl", read, export::jsonl)
        .get("/deliveries/{id}", read, pages::show)
        .get("/deliveries/signals/{id}", read, pages::signal)
        .get("/deliveries/bulk", staff, hand_pages::ask)
        .post("/deliveries/bulk", staff, hand_pages::bulk)
        .post("/deliveries/{id}/send", staff, hand_pages::send)
        .post("/deliveries/{id}/retry", staff, hand_pages::retry)
        .post("/deliveries/{id}/skip", staff, hand_pages::skip)
        .post("/deliveries/{id}/resend", staff, hand_pages::resend)
        // The token in the address is the proof: RFC 8058 asks for one click without a sign-in.
        .get("/unsubscribe/{token}", Who::Anyone, unsubscribe::ask)
        .post("/unsubscribe/{token}", Who::Anyone, unsubscribe::stop)
        .post("/unsubscribe/{token}/again", Who::Anyone, unsubscribe::start)
        .get("/deliveries/{id}/mail", read, mail::show)
        .post("/deliveries/{id}/test", read, mail::test)
        .post("/api/v1/deliveries/{id}/test", read, mail::test_api)
        .get("/api/v1/deliveries", read, api::list)
        .get("/api/v1/deliveries/summary", read, api::summary)
        .get("/api/v1/deliveries/signals/{id}", read, api::signal)
        .get("/api/v1/deliveries/{id}", read, api::get)
        .post("/api/v1/deliveries/bulk", staff, by_hand::bulk)
        .post("/api/v1/deliveries/{id}/retry", staff, by_hand::retry)
        .post("/api/v1/deliveries/{id}/skip", staff, by_hand::skip)
        .post("/api/v1/deliveries/{id}/resend", staff, by_hand::resend)
        .post("/api/v1/deliveries/{id}/send", staff, api::send)
        .merge(webhook_routes())
        .merge(stream_routes())
        .merge(suppression_routes())
        .merge(feed_routes())
        .with_state(deliver)
}

/// Those of webhooks. Who may subscribe may run the webhooks of their subscriptions.
fn webhook_routes() -> Routes<Deliver> {
    let (read, run) = (Who::May(Permission::ReadDeliveries), Who::May(Permission::Subscribe));
    Routes::new()
        .get("/webhooks", read, webhook_pages::list)
        .get("/webhooks/{id}", read, webhook_pages::show)
        .post("/webhooks/{id}/secret", run, webhook_pages::secret)
        .post("/webhooks/{id}/test", run, webhook_pages::test)
        .post("/webhooks/{id}/enable", run, webhook_pages::enable)
        .post("/webhooks/{id}/replay", run, webhook_pages::replay)
        .post("/webhooks/{id}/deliveries/{delivery}/replay", run, webhook_pages::replay_one)
        .get("/api/v1/webhooks", read, webhooks::list)
        .get("/api/v1/webhooks/{id}", read, webhooks::get)
        .post("/api/v1/webhooks/{id}/secret", run, webhooks::secret)
        .post("/api/v1/webhooks/{id}/test", run, webhooks::test)
        .post("/api/v1/webhooks/{id}/enable", run, webhooks::enable)
        .post("/api/v1/webhooks/{id}/replay", run, webhooks::replay)
        .post("/api/v1/webhooks/{id}/deliveries/{delivery}/replay", run, webhooks::replay_one)
}

/// Those of streams.
fn stream_routes() -> Routes<Deliver> {
    let (read, run) = (Who::May(Permission::ReadDeliveries), Who::May(Permission::Subscribe));
    Routes::new()
        .get("/streams", read, stream_pages::list)
        .get("/streams/{id}", read, stream_pages::show)
        .post("/streams/{id}/credentials", run, stream_pages::credentials)
        .post("/streams/{id}/revoke", run, stream_pages::revoke)
        .post("/streams/{id}/replay", run, stream_pages::replay)
        .get("/api/v1/streams", read, streams::list)
        .get("/api/v1/streams/{id}", read, streams::get)
        .post("/api/v1/streams/{id}/credentials", run, streams::credentials)
        .delete("/api/v1/streams/{id}/credentials", run, streams::revoke)
        .post("/api/v1/streams/{id}/replay", run, streams::replay)
}

/// Those of the suppression list.
fn suppression_routes() -> Routes<Deliver> {
    let staff = Who::May(Permission::ManagePartnership);
    Routes::new()
        .get("/suppressions", staff, suppressed_pages::list)
        .post("/suppressions/{id}/allow", staff, suppressed_pages::allow)
        .get("/api/v1/suppressions", staff, suppressed::list)
        .post("/api/v1/suppressions/{id}/allow", staff, suppressed::allow)
}

/// Those of feeds: of those who own them, and of whoever has the private address.
fn feed_routes() -> Routes<Deliver> {
    let (read, run) = (Who::May(Permission::ReadDeliveries), Who::May(Permission::Subscribe));
    Routes::new()
        .get("/feeds", read, feed_pages::list)
        .get("/feeds/{id}", read, feed_pages::show)
        .post("/feeds/{id}/address", run, feed_pages::rotate)
        .post("/feeds/{id}/revoke", run, feed_pages::revoke)
        .get("/api/v1/feeds", read, feeds::list)
        .get("/api/v1/feeds/{id}", read, feeds::get)
        .post("/api/v1/feeds/{id}/address", run, feeds::rotate)
        .delete("/api/v1/feeds/{id}/address", run, feeds::revoke)
        // The token in the address is the proof: feed readers and spreadsheets sign in nowhere.
        .get("/feeds/{token}/atom.xml", Who::Anyone, feed_read::atom)
        .get("/feeds/{token}/feed.json", Who::Anyone, feed_read::json_feed)
        .get("/feeds/{token}/signals.json", Who::Anyone, feed_read::pull)
        .get("/feeds/{token}/signals.csv", Who::Anyone, feed_read::csv)
        .get("/feeds/{token}/signals.xlsx", Who::Anyone, feed_read::xlsx)
        .get("/feeds/{token}/events", Who::Anyone, feed_events::events)
}

/// Whose deliveries an actor sees: staff all of the partnership, everybody else their own.
fn seen(actor: &Actor) -> Option<PersonId> {
    if actor.sees_all() { None } else { Some(actor.person) }
}
