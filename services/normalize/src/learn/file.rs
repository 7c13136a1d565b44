//! The model as a file: a head, then its tables as they lie in memory, little end first, then a check sum.

use std::io::{self, Write};

use super::model::{CLASSES_MAX, Model, NEAR};
use super::vocabulary::Vocabulary;

const MAGIC: &[u8; 8] = b"swmodel1";
const HEAD_BYTES: usize = 8 + 8 + 3 * 4;
const SUM_BYTES: usize = 4;
/// Sizes that a file may claim; more is no model of ours.
const DIMS_MAX: usize = 1_024;
const ROWS_MAX: usize = 4_000_000;

/// A file that is no model of this taxonomy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ModelFileError {
    #[error("it is no model file, or one of another version; `skillwire taxonomy learn` makes it anew")]
    Foreign,
    #[error("it is damaged (its check sum is wrong); `skillwire taxonomy learn` makes it anew")]
    Damaged,
    #[error("the taxonomy was changed after it was learned; `skillwire taxonomy learn` makes the model anew")]
    Stale,
}

impl Model {
    /// Writes it; `taxonomy` is a check sum of what it was learned for.
    pub(crate) fn write(&self, taxonomy: u64, to: &mut impl Write) -> io::Result<()> {
        let mut sum = crc32fast::Hasher::new();
        let mut put = |bytes: &[u8]| {
            sum.update(bytes);
            to.write_all(bytes)
        };
        put(MAGIC)?;
        put(&taxonomy.to_le_bytes())?;
        for size in [self.dims, self.vocabulary.len(), self.classes()] {
            put(&u32::try_from(size).map_err(io::Error::other)?.to_le_bytes())?;
        }
        put(&bytes_of(&self.vocabulary.hashes, |x| x.to_le_bytes()))?;
        for floats in [&self.vocabulary.weights, &self.pieces_scale, &self.concepts_scale, &self.bias] {
            put(&bytes_of(floats, |x| x.to_le_bytes()))?;
        }
        put(&bytes_of(&self.concepts, |x| x.to_le_bytes()))?;
        put(&bytes_of(&self.near, |x| x.to_le_bytes()))?;
        put(&bytes_of(&self.pieces, |x| x.to_le_bytes()))?;
        let sum = sum.finalize();
        to.write_all(&sum.to_le_bytes())
    }

    /// Reads it, for the taxonomy of that check sum.
    ///
    /// # Errors
    /// [`ModelFileError`]; whatever the bytes are, nothing is read that is not there.
    pub(crate) fn read(bytes: &[u8], taxonomy: u64) -> Result<Self, ModelFileError> {
        if bytes.len() < HEAD_BYTES + SUM_BYTES || !bytes.starts_with(MAGIC) {
            return Err(ModelFileError::Foreign);
        }
        let (body, sum) = bytes.split_at(bytes.len() - SUM_BYTES);
        if crc32fast::hash(body).to_le_bytes() != sum {
            return Err(ModelFileError::Damaged);
        }
        let mut rest = Rest(&body[MAGIC.len()..]);
        if rest.many(1, u64::from_le_bytes)? != [taxonomy] {
            return Err(ModelFileError::Stale);
        }
        let sizes = rest.many(3, u32::from_le_bytes)?;
        let [dims, pieces, classes] = [sizes[0] as usize, sizes[1] as usize, sizes[2] as usize];
        if dims > DIMS_MAX || pieces > ROWS_MAX || classes > CLASSES_MAX {
            return Err(ModelFileError::Foreign);
        }
        let hashes = rest.many(pieces, u64::from_le_bytes)?;
        let weights = rest.many(pieces, f32::from_le_bytes)?;
        let pieces_scale = rest.many(pieces, f32::from_le_bytes)?;
        let concepts_scale = rest.many(classes, f32::from_le_bytes)?;
        let bias = rest.many(classes, f32::from_le_bytes)?;
        let concepts = rest.many(classes * dims, i16::from_le_bytes)?;
        let near = rest.many(pieces * NEAR, u16::from_le_bytes)?;
        let pieces = rest.many(pieces * dims, i8::from_le_bytes)?;
        if !rest.0.is_empty() || !hashes.is_sorted() || near.iter().any(|class| usize::from(*class) >= classes) {
            return Err(ModelFileError::Foreign);
        }
        let vocabulary = Vocabulary::new(hashes, weights);
        Ok(Self { dims, vocabulary, pieces, pieces_scale, concepts, concepts_scale, bias, near })
    }
}

fn bytes_of<T: Copy, const N: usize>(items: &[T], bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    items.iter().flat_map(|x| bytes(*x)).collect()
}

/// What has not been read yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn many<T, const N: usize>(&mut self, count: usize, item: impl Fn([u8; N]) -> T) -> Result<Vec<T>, ModelFileError> {
        let Some((these, rest)) = self.0.split_at_checked(count * N) else { return Err(ModelFileError::Foreign) };
        self.0 = rest;
        let (chunks, _) = these.as_chunks::<N>();
        Ok(chunks.iter().map(|chunk| item(*chunk)).collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fold::key;
    use crate::learn::{Example, Training, train};

    fn model() -> Model {
        let texts = ["mig welder", "tig welder", "staff nurse", "night nurse"];
        let examples: Vec<Example> = (0u32..)
            .zip(texts)
            .map(|(at, text)| Example { words: key(text), classes: vec![at / 2], weight: 1.0 })
            .collect();
        train(&examples, 2, &Training { dims: 8, epochs: 2, ..Training::default() }, &mut |_, _| {})
    }

    fn bytes() -> Vec<u8> {
        let mut bytes = Vec::new();
        model().write(42, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_was_written_is_read() {
        let read = Model::read(&bytes(), 42).unwrap();
        assert_eq!(read.shares_of(&key("welder")), model().shares_of(&key("welder")));
    }

    #[test]
    fn another_taxonomys_a_damaged_and_a_foreign_file_are_told_apart() {
        let good = bytes();
        assert_eq!(Model::read(&good, 43).unwrap_err(), ModelFileError::Stale);
        let mut damaged = good.clone();
        damaged[60] ^= 1;
        assert_eq!(Model::read(&damaged, 42).unwrap_err(), ModelFileError::Damaged);
        assert_eq!(Model::read(b"PK", 42).unwrap_err(), ModelFileError::Foreign);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fall_over(mut noise in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Model::read(&noise, 42).is_err());
            let mut framed = MAGIC.to_vec();
            framed.append(&mut noise);
            let sum = crc32fast::hash(&framed);
            framed.extend(sum.to_le_bytes());
            prop_assert!(Model::read(&framed, 42).is_err());
        }
    }
}
