//! Many needs, read anew for one reason, in few events: which go together. Pure.

use std::ops::Range;

/// Needs of one event at most: the relay holds hundreds of events at once.
const NEEDS_MAX: usize = 50;
/// Bytes of the needs of one event at most; a need that is larger by itself has an event of its own. JetStream takes 1 MB.
const BYTES_MAX: usize = 800_000;

/// Cuts needs of these sizes, bytes of JSON, into chunks: in order, each need in one, none empty.
pub(crate) fn chunks(sizes: &[usize]) -> Vec<Range<usize>> {
    let mut chunks: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0;
    for (at, size) in sizes.iter().enumerate() {
        match chunks.last_mut() {
            Some(chunk) if chunk.len() < NEEDS_MAX && bytes + size <= BYTES_MAX => {
                chunk.end = at + 1;
                bytes += size;
            }
            _ => {
                chunks.push(at..at + 1);
                bytes = *size;
            }
        }
    }
    chunks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_need_is_in_one_chunk_and_none_is_too_large(
            sizes in proptest::collection::vec(prop_oneof![0..3_000_usize, 0..2 * BYTES_MAX], 0..1_000),
        ) {
            let chunks = chunks(&sizes);
            let places: Vec<usize> = chunks.iter().cloned().flatten().collect();
            prop_assert_eq!(places, (0..sizes.len()).collect::<Vec<_>>());
            for chunk in &chunks {
                let bytes: usize = sizes[chunk.clone()].iter().sum();
                prop_assert!((1..=NEEDS_MAX).contains(&chunk.len()));
                prop_assert!(bytes <= BYTES_MAX || chunk.len() == 1);
            }
            // No two neighbours would have gone together.
            for pair in chunks.windows(2) {
                let together: usize = sizes[pair[0].start..pair[1].start + 1].iter().sum();
                prop_assert!(pair[0].len() == NEEDS_MAX || together > BYTES_MAX);
            }
        }
    }
}
