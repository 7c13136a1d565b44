//! This service's SQL.

pub(crate) mod asks;
pub(crate) mod audit;
pub(crate) mod members;
pub(crate) mod partnerships;
pub(crate) mod proofs;
pub(crate) mod tokens;
