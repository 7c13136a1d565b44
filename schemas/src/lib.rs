//! The contract: the nouns of the house and the events that run through it.
//!
//! Takes nothing, gives types. Every service depends on this crate and on no other service's. What a JSON reader outside
//! sees (JSON Schemas, samples, AsyncAPI, OpenAPI) is generated from these types into the files beside `src/`; CI fails
//! when they drift apart. This crate refuses to do I/O, to read a clock and to hold a decision that is not about the shape
//! of a value.

#[macro_use]
pub mod text;

pub mod asyncapi;
pub mod concept;
pub mod county;
pub mod decision;
pub mod delivery;
pub mod draft;
pub mod envelope;
pub mod event;
pub mod generate;
pub mod horizon;
pub mod ids;
pub mod matching;
pub mod need;
pub mod partnership;
pub mod region;
pub mod signal;
pub mod subscription;
pub mod wage;

pub use concept::{Concept, ConceptKey, ConceptKind};
pub use county::{County, CountyFips};
pub use decision::{Answer, Decision, Scope, SplitPart, TermKind};
pub use delivery::{Cadence, Channel};
pub use draft::{NeedDraft, RequirementDraft, SubmissionItem};
pub use envelope::{Envelope, Payload};
pub use horizon::Horizon;
pub use ids::*;
pub use matching::{Match, MatchState};
pub use need::{Need, NeedState, Openings, Requirement, RequirementLevel};
pub use region::{Region, RegionLevel};
pub use signal::{Figures, Numbers, Signal, SignalKey, Suppression, Trend};
pub use subscription::{Predicate, Subscription};
pub use wage::{StatedWage, Wage, WageUnit};
