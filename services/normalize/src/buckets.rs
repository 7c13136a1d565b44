//! Where in a sorted list of hashes a hash stands: the first bits tell nearly, since hashes are spread evenly. Pure.

/// Hashes of one bucket on average, as a power of two.
const BUCKET_BITS: u32 = 2;

/// Begins of buckets in a sorted list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buckets {
    /// The first bits that tell the bucket: the others are shifted out.
    shift: u32,
    begins: Vec<u32>,
}

impl Buckets {
    /// Of hashes in order.
    pub(crate) fn new(sorted: &[u64]) -> Self {
        let bits = sorted.len().max(1).ilog2().saturating_sub(BUCKET_BITS).max(1);
        let shift = u64::BITS - bits;
        let mut begins = vec![0u32; (1 << bits) + 1];
        for hash in sorted {
            begins[bucket(*hash, shift) + 1] += 1;
        }
        for at in 1..begins.len() {
            begins[at] += begins[at - 1];
        }
        Self { shift, begins }
    }

    /// Where the first of a hash stands in the list, and behind the last.
    pub(crate) fn find(&self, sorted: &[u64], hash: u64) -> std::ops::Range<usize> {
        let at = bucket(hash, self.shift);
        let (Some(begin), Some(end)) = (self.begins.get(at), self.begins.get(at + 1)) else { return 0..0 };
        let (begin, end) = (*begin as usize, *end as usize);
        let within = &sorted[begin..end];
        let first = within.iter().take_while(|other| **other < hash).count();
        let many = within[first..].iter().take_while(|other| **other == hash).count();
        begin + first..begin + first + many
    }
}

fn bucket(hash: u64, shift: u32) -> usize {
    usize::try_from(hash >> shift).unwrap_or(usize::MAX - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_hash_is_found_where_it_stands(
            hashes in prop::collection::vec(prop_oneof![any::<u64>(), 0..9_u64, Just(u64::MAX)], 0..300),
            asked in any::<u64>(),
        ) {
            let mut sorted = hashes.clone();
            sorted.sort_unstable();
            let buckets = Buckets::new(&sorted);
            for hash in hashes.iter().chain([&asked, &0, &u64::MAX]) {
                let found = buckets.find(&sorted, *hash);
                prop_assert_eq!(found.len(), sorted.iter().filter(|other| *other == hash).count());
                prop_assert!(sorted[found].iter().all(|other| other == hash));
            }
        }
    }
}
