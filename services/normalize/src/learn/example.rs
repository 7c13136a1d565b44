//! What the model learns from.

/// A text and the concepts it is about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Example {
    /// Folded words ([`crate::fold::key`]).
    pub words: Vec<String>,
    /// Numbers of the concepts, each once; at least one.
    pub classes: Vec<u32>,
    /// How much it counts; a name counts 1.
    pub weight: f32,
}
