//! The pieces that texts have in common, numbered and weighed: what stands in few texts weighs more.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::features::{Piece, pieces};
use crate::buckets::Buckets;

/// A piece that stands in fewer texts teaches nothing.
const TEXTS_MIN: u32 = 2;

/// The numbers are hashes already.
#[derive(Clone, Debug, Default)]
pub(crate) struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 << 8) | u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// Pieces and their weights.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vocabulary {
    /// By number of the piece, in order: the hash that stands for it.
    pub(super) hashes: Vec<u64>,
    /// By number of the piece: inverse document frequency.
    pub(super) weights: Vec<f32>,
    buckets: Buckets,
}

/// A text as weighed pieces: number of the piece, weight.
pub(crate) type Weighed = Vec<(u32, f32)>;

impl Vocabulary {
    /// Of texts taken apart; each text's pieces in order.
    pub(crate) fn learn<'a>(texts: impl Iterator<Item = &'a [Piece]>) -> Self {
        let mut counts: HashMap<u64, u32, BuildHasherDefault<AsIs>> = HashMap::default();
        let mut all = 0u32;
        for text in texts {
            all += 1;
            for run in text.chunk_by(|a, b| a == b) {
                *counts.entry(run[0].number).or_default() += 1;
            }
        }
        let mut kept: Vec<(u64, u32)> = counts.into_iter().filter(|(_, count)| *count >= TEXTS_MIN).collect();
        kept.sort_unstable();
        #[expect(clippy::cast_precision_loss, reason = "counts of texts; the sixth digit does not matter")]
        let weight = |count: u32| ((1.0 + all as f32) / (1.0 + count as f32)).ln() + 1.0;
        let weights = kept.iter().map(|(_, count)| weight(*count)).collect();
        Self::new(kept.into_iter().map(|(hash, _)| hash).collect(), weights)
    }

    /// Of hashes in order.
    pub(super) fn new(hashes: Vec<u64>, weights: Vec<f32>) -> Self {
        let buckets = Buckets::new(&hashes);
        Self { hashes, weights, buckets }
    }

    pub(crate) fn len(&self) -> usize {
        self.hashes.len()
    }

    /// The pieces that are known, weighed: how often (dampened) times how rare, words and runs of letters each of length one
    /// and equally heavy.
    pub(crate) fn weigh(&self, pieces: &[Piece], into: &mut Weighed) {
        into.clear();
        let half = std::f32::consts::FRAC_1_SQRT_2;
        let mut from = 0;
        for group in pieces.chunk_by(|a, b| a.is_gram == b.is_gram) {
            let mut square = 0.0;
            for run in group.chunk_by(|a, b| a == b) {
                let Some(at) = self.buckets.find(&self.hashes, run[0].number).next() else { continue };
                let Ok(number) = u32::try_from(at) else { continue };
                #[expect(clippy::cast_precision_loss, reason = "a piece stands in a text a few times")]
                let often = 1.0 + (run.len() as f32).ln();
                let weight = often * self.weights[at];
                square += weight * weight;
                into.push((number, weight));
            }
            let length = square.sqrt();
            if length > 0.0 {
                into[from..].iter_mut().for_each(|(_, weight)| *weight *= half / length);
            }
            from = into.len();
        }
    }

    /// Takes a text apart and weighs it.
    pub(crate) fn read(&self, words: &[String], scratch: &mut Vec<Piece>, into: &mut Weighed) {
        pieces(words, scratch);
        self.weigh(scratch, into);
    }
}
