//! Names by a number that stands for their words: small and quick to look up, however many there are.

use crate::buckets::Buckets;

/// What stands for some words. With 64 bits two names do not share a number in practice.
pub(crate) fn number<'a>(words: impl IntoIterator<Item = &'a str>, between: &str) -> u64 {
    let mut h = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |bytes: &str| {
        for byte in bytes.bytes() {
            h = (h ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    };
    for (at, word) in words.into_iter().enumerate() {
        if at > 0 {
            add(between);
        }
        add(word);
    }
    h ^= h >> 32;
    h = h.wrapping_mul(0xd6e8_feb8_6659_fd93);
    h ^ (h >> 32)
}

/// What names lead to.
#[derive(Clone, Debug)]
pub(crate) struct Names<T> {
    /// In order, each beside what it leads to.
    numbers: Vec<u64>,
    leads: Vec<T>,
    buckets: Buckets,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { numbers: Vec::new(), leads: Vec::new(), buckets: Buckets::default() }
    }
}

impl<T: Copy + Ord> Names<T> {
    /// Of pairs in any order.
    pub(crate) fn new(mut pairs: Vec<(u64, T)>) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        let numbers: Vec<u64> = pairs.iter().map(|(number, _)| *number).collect();
        let buckets = Buckets::new(&numbers);
        Self { numbers, leads: pairs.into_iter().map(|(_, lead)| lead).collect(), buckets }
    }

    /// What the name leads to, in order.
    pub(crate) fn get(&self, number: u64) -> &[T] {
        &self.leads[self.buckets.find(&self.numbers, number)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_all_that_are_called_so() {
        let of = |text: &str| number(text.split(' '), " ");
        let names = Names::new(vec![(of("b c"), 2), (of("a"), 1), (of("b c"), 3), (of("b c"), 2)]);
        let found = |text: &str| names.get(of(text)).to_vec();
        assert_eq!((found("a"), found("b c"), found("bc")), (vec![1], vec![2, 3], vec![]));
        assert_eq!(of("b c"), number(["b c"], ""));
    }
}
