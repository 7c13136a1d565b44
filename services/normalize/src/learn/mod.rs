//! What a taxonomy's own texts teach: which words and pieces of words go with which concept. A softmax over the concepts on
//! top of a sum of feature vectors, learned from labels, other names, descriptions and relations. Small, ours, the same for
//! the same input on every machine of a kind.
//!
//! `features` takes a text apart, `vocabulary` numbers and weighs the pieces, `train` learns, `model` answers, `file` keeps.

mod example;
mod features;
mod file;
mod model;
mod random;
mod sparse;
mod train;
mod vocabulary;

pub(crate) use example::Example;
pub(crate) use file::ModelFileError;
pub(crate) use model::{Model, Scratch};
pub(crate) use random::Random;
pub(crate) use train::{Training, train};
