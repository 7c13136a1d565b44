//! Learning: small batches, Adagrad, pieces left out at random so that none is relied on alone. Matrix products are
//! `ndarray`'s; sums are added in a fixed order, so the same taxonomy gives the same model.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView1, Axis};

use super::example::Example;
use super::features::{Piece, pieces};
use super::model::{Model, softmax};
use super::random::Random;
use super::sparse::Rows;
use super::vocabulary::Vocabulary;

/// How to learn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Training {
    /// Length of the vectors.
    pub dims: usize,
    /// Times that every text is seen.
    pub epochs: usize,
    /// Texts of a step.
    pub batch_texts: usize,
    /// First step's size; it falls to nothing.
    pub rate: f32,
    /// Share of a text's pieces left out, anew each time.
    pub left_out_share: f32,
    /// Where the random numbers begin.
    pub seed: u64,
}

impl Default for Training {
    fn default() -> Self {
        Self { dims: 192, epochs: 4, batch_texts: 256, rate: 0.15, left_out_share: 0.3, seed: 1 }
    }
}

/// Spread of the vectors at the start.
const START_SPREAD: f32 = 0.05;
/// Adagrad's first sum of squares.
const SQUARES_MIN: f32 = 1e-6;
/// How much slower the concepts' frequencies are learned than their vectors.
const BIAS_RATE: f32 = 0.05;

/// Learns `classes` concepts from the examples. `progress` hears how many texts of how many are done.
pub(crate) fn train(
    examples: &[Example],
    classes: usize,
    how: &Training,
    progress: &mut dyn FnMut(usize, usize),
) -> Model {
    let (vocabulary, rows) = read(examples);
    let mut learner = Learner::new(vocabulary.len(), classes, how);
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let all = examples.len() * how.epochs;
    let mut done = 0;
    for epoch in 0..how.epochs {
        learner.random.shuffle(&mut order);
        #[expect(clippy::cast_precision_loss, reason = "a few epochs")]
        let rate = how.rate * (1.0 - epoch as f32 / how.epochs as f32);
        for batch in order.chunks(how.batch_texts) {
            learner.step(batch, examples, &rows, rate);
            done += batch.len();
            progress(done, all);
        }
    }
    Model::new(vocabulary, &learner.pieces, &learner.concepts, &learner.bias)
}

fn read(examples: &[Example]) -> (Vocabulary, Rows) {
    let taken: Vec<Vec<Piece>> = examples
        .iter()
        .map(|example| {
            let mut found = Vec::new();
            pieces(&example.words, &mut found);
            found.shrink_to_fit();
            found
        })
        .collect();
    let vocabulary = Vocabulary::learn(taken.iter().map(Vec::as_slice));
    let mut rows = Rows::default();
    let mut row = Vec::new();
    for text in taken {
        vocabulary.weigh(&text, &mut row);
        rows.push(&row);
    }
    (vocabulary, rows)
}

/// What is being learned. Vectors are rows; a sum of squares belongs to a row.
struct Learner {
    pieces: Array2<f32>,
    pieces_squares: Array1<f32>,
    concepts: Array2<f32>,
    concepts_squares: Array1<f32>,
    bias: Array1<f32>,
    left_out_share: f32,
    random: Random,
    /// Kept between steps for their memory.
    scores: Array2<f32>,
    concepts_slope: Array2<f32>,
}

impl Learner {
    fn new(pieces: usize, classes: usize, how: &Training) -> Self {
        let mut random = Random::new(how.seed);
        let mut vectors = |rows| Array2::from_shape_simple_fn((rows, how.dims), || random.normal() * START_SPREAD);
        let (pieces_vectors, concepts) = (vectors(pieces), vectors(classes));
        Self {
            pieces: pieces_vectors,
            pieces_squares: Array1::from_elem(pieces, SQUARES_MIN),
            concepts_slope: Array2::zeros(concepts.dim()),
            concepts,
            concepts_squares: Array1::from_elem(classes, SQUARES_MIN),
            bias: Array1::zeros(classes),
            left_out_share: how.left_out_share,
            random,
            scores: Array2::zeros((0, 0)),
        }
    }

    fn step(&mut self, batch: &[usize], examples: &[Example], rows: &Rows, rate: f32) {
        let cells = self.some_cells(batch, rows);
        let hidden = self.hidden(&cells, batch.len());
        self.differ(batch, examples, &hidden);
        let mut hidden_slope = Array2::zeros(hidden.dim());
        general_mat_mul(1.0, &self.scores, &self.concepts, 0.0, &mut hidden_slope);
        general_mat_mul(1.0, &self.scores.t(), &hidden, 0.0, &mut self.concepts_slope);
        self.move_pieces(cells, &hidden_slope, rate);
        self.move_concepts(batch.len(), rate);
    }

    /// (piece, row of the batch, weight) without those left out this time; the rest weighs more to make up for it.
    fn some_cells(&mut self, batch: &[usize], rows: &Rows) -> Vec<(u32, u32, f32)> {
        let kept_share = 1.0 - self.left_out_share;
        let mut cells = Vec::new();
        for (row, text) in (0u32..).zip(batch) {
            for (piece, weight) in rows.row(*text) {
                if self.random.unit() >= self.left_out_share {
                    cells.push((*piece, row, weight / kept_share));
                }
            }
        }
        cells
    }

    fn hidden(&self, cells: &[(u32, u32, f32)], texts: usize) -> Array2<f32> {
        let mut hidden = Array2::zeros((texts, self.pieces.ncols()));
        for (piece, row, weight) in cells {
            hidden.row_mut(*row as usize).scaled_add(*weight, &self.pieces.row(*piece as usize));
        }
        hidden
    }

    /// Leaves in `scores` what the model says less what is right, by text and concept.
    fn differ(&mut self, batch: &[usize], examples: &[Example], hidden: &Array2<f32>) {
        let shape = (batch.len(), self.concepts.nrows());
        if self.scores.dim() != shape {
            self.scores = Array2::zeros(shape);
        }
        general_mat_mul(1.0, hidden, &self.concepts.t(), 0.0, &mut self.scores);
        let bias = &self.bias;
        let half = batch.len().div_ceil(2);
        std::thread::scope(|threads| {
            for (texts, mut scores) in batch.chunks(half).zip(self.scores.axis_chunks_iter_mut(Axis(0), half)) {
                threads.spawn(move || {
                    for (text, mut row) in texts.iter().zip(scores.rows_mut()) {
                        row += bias;
                        let example = &examples[*text];
                        if let Some(row) = row.as_slice_mut() {
                            softmax(row);
                            #[expect(clippy::cast_precision_loss, reason = "a text is about a few concepts")]
                            let share = 1.0 / example.classes.len() as f32;
                            example.classes.iter().for_each(|class| row[*class as usize] -= share);
                            row.iter_mut().for_each(|slope| *slope *= example.weight);
                        }
                    }
                });
            }
        });
    }

    fn move_pieces(&mut self, mut cells: Vec<(u32, u32, f32)>, hidden_slope: &Array2<f32>, rate: f32) {
        cells.sort_unstable_by_key(|(piece, row, _)| (*piece, *row));
        let mut slope = Array1::zeros(self.pieces.ncols());
        for run in cells.chunk_by(|a, b| a.0 == b.0) {
            slope.fill(0.0);
            for (_, row, weight) in run {
                slope.scaled_add(*weight, &hidden_slope.row(*row as usize));
            }
            let piece = run[0].0 as usize;
            let squares = &mut self.pieces_squares[piece];
            *squares += mean_square(slope.view());
            self.pieces.row_mut(piece).scaled_add(-rate / squares.sqrt(), &slope);
        }
    }

    fn move_concepts(&mut self, texts: usize, rate: f32) {
        for (class, slope) in self.concepts_slope.rows().into_iter().enumerate() {
            let squares = &mut self.concepts_squares[class];
            *squares += mean_square(slope);
            self.concepts.row_mut(class).scaled_add(-rate / squares.sqrt(), &slope);
        }
        #[expect(clippy::cast_precision_loss, reason = "a few hundred texts")]
        let bias_rate = rate * BIAS_RATE / texts as f32;
        self.bias.scaled_add(-bias_rate, &self.scores.sum_axis(Axis(0)));
    }
}

fn mean_square(row: ArrayView1<'_, f32>) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let n = row.len().max(1) as f32;
    row.dot(&row) / n
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::key;

    pub(crate) fn example(text: &str, class: u32) -> Example {
        Example { words: key(text), classes: vec![class], weight: 1.0 }
    }

    fn small() -> Vec<Example> {
        vec![
            example("mig welder", 0),
            example("welding operator", 0),
            example("tig welder", 0),
            example("pipe welder", 0),
            example("registered nurse", 1),
            example("staff nurse", 1),
            example("charge nurse", 1),
            example("nurse case manager", 1),
            example("truck driver", 2),
            example("delivery driver", 2),
            example("bus driver", 2),
            example("driver helper", 2),
        ]
    }

    fn how() -> Training {
        Training { dims: 16, epochs: 30, batch_texts: 4, ..Training::default() }
    }

    #[test]
    fn what_was_never_seen_goes_where_its_words_go() {
        let model = train(&small(), 3, &how(), &mut |_, _| {});
        for (text, class) in [("welder helper", 0), ("night nurse", 1), ("school bus driver", 2), ("nurses", 1)] {
            let scores = model.shares_of(&key(text));
            let best = (0..3).max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
            assert_eq!(best, Some(class), "{text}: {scores:?}");
            assert!((scores.iter().sum::<f32>() - 1.0).abs() < 1e-3);
        }
    }

    #[test]
    fn learning_twice_gives_the_same_model() {
        let bytes = || {
            let mut bytes = Vec::new();
            train(&small(), 3, &how(), &mut |_, _| {}).write(7, &mut bytes).unwrap();
            bytes
        };
        assert_eq!(bytes(), bytes());
    }
}
