//! What was learned, small: vectors of pieces as bytes, vectors of concepts as 16 bits, and how to ask.

use ndarray::{Array1, Array2, Axis};

use super::features::Piece;
use super::vocabulary::{Vocabulary, Weighed};

/// Largest number of a concept's vector. With those of a text and [`LANES`]-fold sums over at most 1,024 numbers the sum
/// stays below 2^31.
const CONCEPT_MAX: f32 = 2_047.0;
const TEXT_MAX: f32 = 1_023.0;
const PIECE_MAX: f32 = 127.0;

/// Concepts kept for a piece.
pub(super) const NEAR: usize = 24;
/// Pieces of a text, the weightiest, whose concepts are looked at.
const TELLING_MAX: usize = 16;
/// Pieces taken at a time when their concepts are found.
const PIECES_AT_A_TIME: usize = 512;
/// A model knows no more concepts than a `u16` counts.
pub(super) const CLASSES_MAX: usize = 65_536;

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
    /// Rows of [`NEAR`] concepts: those that the piece speaks for most. Only they are looked at for a text.
    pub(super) near: Vec<u16>,
}

/// Memory that is used again from text to text.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pieces: Vec<Piece>,
    weighed: Weighed,
    vector: Vec<f32>,
    rounded: Vec<i16>,
    scale: f32,
    /// By concept: whether it was met for this text.
    met: Vec<bool>,
    candidates: Vec<u16>,
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
            near: near(pieces, concepts, bias),
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

    /// The scores of the concepts that the text's pieces speak for: (concept, score), the higher the better, comparable
    /// within the text; in no order. Nothing when no piece is known.
    pub(crate) fn likely(&self, words: &[String], scratch: &mut Scratch, into: &mut Vec<(u16, f32)>) {
        self.place(words, scratch);
        into.clear();
        scratch.met.resize(self.classes(), false);
        scratch.weighed.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        scratch.candidates.clear();
        for (piece, _) in scratch.weighed.iter().take(TELLING_MAX) {
            let at = *piece as usize * NEAR;
            for class in &self.near[at..at + NEAR] {
                let met = &mut scratch.met[usize::from(*class)];
                if !*met {
                    *met = true;
                    scratch.candidates.push(*class);
                }
            }
        }
        for class in &scratch.candidates {
            let at = usize::from(*class);
            scratch.met[at] = false;
            into.push((*class, self.score(at, scratch)));
        }
    }

    fn score(&self, class: usize, scratch: &Scratch) -> f32 {
        let row = &self.concepts[class * self.dims..(class + 1) * self.dims];
        #[expect(clippy::cast_precision_loss, reason = "the eighth digit does not matter")]
        let sum = dot(row, &scratch.rounded) as f32;
        sum * self.concepts_scale[class] * scratch.scale + self.bias[class]
    }

    /// The vector of a text.
    fn place(&self, words: &[String], scratch: &mut Scratch) {
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
        scratch.scale = scale;
        scratch.rounded.clear();
        #[expect(clippy::cast_possible_truncation, reason = "rounded, and scaled to at most 1023")]
        scratch.rounded.extend(scratch.vector.iter().map(|x| (x / scale).round() as i16));
    }

    /// The scores of all concepts, as shares that add up to 1.
    #[cfg(test)]
    pub(crate) fn shares_of(&self, words: &[String]) -> Vec<f32> {
        let mut scratch = Scratch::default();
        self.place(words, &mut scratch);
        let mut shares: Vec<f32> = (0..self.classes()).map(|class| self.score(class, &scratch)).collect();
        softmax(&mut shares);
        shares
    }
}

/// The concepts that each piece speaks for most.
fn near(pieces: &Array2<f32>, concepts: &Array2<f32>, bias: &Array1<f32>) -> Vec<u16> {
    let classes = concepts.nrows();
    let mut near = Vec::with_capacity(pieces.nrows() * NEAR);
    let mut order: Vec<u16> = Vec::with_capacity(classes);
    for some in pieces.axis_chunks_iter(Axis(0), PIECES_AT_A_TIME) {
        let mut scores = some.dot(&concepts.t());
        scores += bias;
        for row in scores.rows() {
            order.clear();
            order.extend((0..classes).filter_map(|class| u16::try_from(class).ok()));
            let by_score = |a: &u16, b: &u16| row[usize::from(*b)].total_cmp(&row[usize::from(*a)]).then(a.cmp(b));
            if order.len() > NEAR {
                order.select_nth_unstable_by(NEAR, by_score);
            }
            // Fewer concepts than places: the last stands more than once.
            near.extend((0..NEAR).map(|at| order[at.min(order.len() - 1)]));
        }
    }
    near
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
