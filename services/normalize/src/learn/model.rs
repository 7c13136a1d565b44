//! What was learned, small: vectors of pieces as bytes, vectors of concepts as 16 bits, and how to ask.

use ndarray::{Array1, Array2};

use super::features::Piece;
use super::vocabulary::{Vocabulary, Weighed};

/// Largest number of a concept's vector. With those of a text and [`LANES`]-fold sums over at most 1,024 numbers the sum
/// stays below 2^31.
const CONCEPT_MAX: f32 = 2_047.0;
const TEXT_MAX: f32 = 1_023.0;
const PIECE_MAX: f32 = 127.0;

/// Vectors of pieces and concepts.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(super) dims: usize,
    pub(super) vocabulary: Vocabulary,
    /// Rows of `dims` numbers; times its scale a row is the vector.
    pub(super) pieces: Vec<i8>,
    pub(super) pieces_scale: Vec<f32>,
    pub(super) concepts: Vec<i16>,
    pub(super) concepts_scale: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

/// Memory that is used again from text to text.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pieces: Vec<Piece>,
    weighed: Weighed,
    vector: Vec<f32>,
    rounded: Vec<i16>,
}

impl Model {
    pub(super) fn new(
        vocabulary: Vocabulary,
        pieces: &Array2<f32>,
        concepts: &Array2<f32>,
        bias: &Array1<f32>,
    ) -> Self {
        let mut model = Self {
            dims: pieces.ncols(),
            vocabulary,
            pieces: Vec::with_capacity(pieces.len()),
            pieces_scale: Vec::with_capacity(pieces.nrows()),
            concepts: Vec::with_capacity(concepts.len()),
            concepts_scale: Vec::with_capacity(concepts.nrows()),
            bias: bias.to_vec(),
        };
        for row in pieces.rows() {
            let scale = scale(row.iter(), PIECE_MAX);
            model.pieces_scale.push(scale);
            #[expect(clippy::cast_possible_truncation, reason = "rounded, and scaled to at most 127")]
            model.pieces.extend(row.iter().map(|x| (x / scale).round() as i8));
        }
        for row in concepts.rows() {
            let scale = scale(row.iter(), CONCEPT_MAX);
            model.concepts_scale.push(scale);
            #[expect(clippy::cast_possible_truncation, reason = "rounded, and scaled to at most 2047")]
            model.concepts.extend(row.iter().map(|x| (x / scale).round() as i16));
        }
        model
    }

    /// How many concepts it knows.
    pub(crate) fn classes(&self) -> usize {
        self.bias.len()
    }

    /// The scores of all concepts for a text: the higher the better, comparable within the text. All the same when no piece
    /// of the text is known. Returns how much of the text is known, by weight: 0 to 1.
    pub(crate) fn scores(&self, words: &[String], scratch: &mut Scratch, into: &mut Vec<f32>) {
        self.vocabulary.read(words, &mut scratch.pieces, &mut scratch.weighed);
        scratch.vector.clear();
        scratch.vector.resize(self.dims, 0.0);
        for (piece, weight) in &scratch.weighed {
            let at = *piece as usize;
            let row = &self.pieces[at * self.dims..(at + 1) * self.dims];
            let factor = weight * self.pieces_scale[at];
            for (sum, x) in scratch.vector.iter_mut().zip(row) {
                *sum += factor * f32::from(*x);
            }
        }
        let scale = scale(scratch.vector.iter(), TEXT_MAX);
        scratch.rounded.clear();
        #[expect(clippy::cast_possible_truncation, reason = "rounded, and scaled to at most 1023")]
        scratch.rounded.extend(scratch.vector.iter().map(|x| (x / scale).round() as i16));
        into.clear();
        let concepts = self.concepts.chunks_exact(self.dims);
        into.extend(concepts.zip(&self.concepts_scale).zip(&self.bias).map(|((row, factor), bias)| {
            #[expect(clippy::cast_precision_loss, reason = "the eighth digit does not matter")]
            let sum = dot(row, &scratch.rounded) as f32;
            sum * factor * scale + bias
        }));
    }

    /// The scores as shares that add up to 1.
    pub(crate) fn shares_of(&self, words: &[String]) -> Vec<f32> {
        let mut shares = Vec::new();
        self.scores(words, &mut Scratch::default(), &mut shares);
        softmax(&mut shares);
        shares
    }
}

/// Scores -> shares that add up to 1.
pub(crate) fn softmax(row: &mut [f32]) {
    let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for score in row.iter_mut() {
        *score = (*score - top).exp();
        sum += *score;
    }
    row.iter_mut().for_each(|score| *score /= sum);
}

fn scale<'a>(row: impl Iterator<Item = &'a f32>, most: f32) -> f32 {
    let largest = row.fold(0.0f32, |largest, x| largest.max(x.abs()));
    if largest > 0.0 { largest / most } else { 1.0 }
}

/// Written so that the compiler makes one multiply-add of eight numbers of it.
fn dot(a: &[i16], b: &[i16]) -> i32 {
    a.iter().zip(b).map(|(x, y)| i32::from(*x) * i32::from(*y)).sum()
}
