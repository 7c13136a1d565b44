//! How far behind stages are, as JetStream knows it.

use async_nats::jetstream::consumer::Info;
use async_nats::jetstream::context::{ConsumerInfoErrorKind, GetStreamErrorKind};
use async_nats::jetstream::stream::Stream;
use chrono::{DateTime, Utc};

use crate::bus::{Bus, BusError};
use crate::topology;

/// What waits for a stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lag {
    /// Events that wait for it, or are with it.
    pub events: u64,
    /// When the oldest of them was published.
    pub since: Option<DateTime<Utc>>,
}

impl Bus {
    /// Events that wait for a stage, or are with it. None when the stage's consumer is not there yet.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] when JetStream does not answer.
    pub async fn stage_waiting(&self, stage: &str) -> Result<Option<u64>, BusError> {
        let Some(stream) = self.events().await? else { return Ok(None) };
        Ok(consumer(&stream, stage).await?.map(|info| waiting(&info)))
    }

    /// How far behind a stage is. None when its consumer is not there yet.
    pub(crate) async fn stage_lag(&self, stage: &str) -> Result<Option<Lag>, BusError> {
        let Some(stream) = self.events().await? else { return Ok(None) };
        let Some(info) = consumer(&stream, stage).await? else { return Ok(None) };
        let events = waiting(&info);
        if events == 0 {
            return Ok(Some(Lag::default()));
        }
        // The first after all that were acknowledged; it may be gone in between, then its age is not known.
        let from = info.ack_floor.stream_sequence.saturating_add(1);
        let oldest = stream.direct_get_next_for_subject(info.config.filter_subject.clone(), Some(from)).await.ok();
        let since = oldest.and_then(|message| DateTime::from_timestamp(message.time.unix_timestamp(), 0));
        Ok(Some(Lag { events, since }))
    }

    async fn events(&self) -> Result<Option<Stream>, BusError> {
        match self.jetstream().get_stream(topology::EVENTS).await {
            Ok(stream) => Ok(Some(stream)),
            Err(e) if matches!(e.kind(), GetStreamErrorKind::JetStream(_)) => Ok(None),
            Err(e) => Err(BusError::unavailable(e)),
        }
    }
}

async fn consumer(stream: &Stream, stage: &str) -> Result<Option<Info>, BusError> {
    match stream.consumer_info(stage).await {
        Ok(info) => Ok(Some(info)),
        Err(e) if matches!(e.kind(), ConsumerInfoErrorKind::NotFound) => Ok(None),
        Err(e) => Err(BusError::unavailable(e)),
    }
}

fn waiting(info: &Info) -> u64 {
    info.num_pending + info.num_ack_pending as u64
}
