//! Mail that comes back: read, judged, written down. It comes in by a pipe (`skillwire bounce`) or by a Maildir; both end here.
//!
//! A report is believed only where an address in it proves that it is about a delivery of ours (`verp`); a Message-ID proves
//! nothing. What is kept: the delivery, the kind and the status code; of addresses only keyed hashes, of reports nothing.

pub(crate) mod judge;
mod maildir;
mod parts;
mod read;
mod take;
pub(crate) mod verp;
mod work;

pub use take::{Returns, Taken};
pub(crate) use work::Reader;
