//! Names by a number that stands for their words: small and quick to look up, however many there are.

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
    /// In order.
    pairs: Vec<(u64, T)>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { pairs: Vec::new() }
    }
}

impl<T: Copy + Ord> Names<T> {
    /// Of pairs in any order.
    pub(crate) fn new(mut pairs: Vec<(u64, T)>) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        pairs.shrink_to_fit();
        Self { pairs }
    }

    /// More of them.
    pub(crate) fn extend(&mut self, pairs: Vec<(u64, T)>) {
        self.pairs.extend(pairs);
        self.pairs.sort_unstable();
        self.pairs.dedup();
    }

    /// What the name leads to, in order.
    pub(crate) fn get(&self, number: u64) -> &[(u64, T)] {
        let from = self.pairs.partition_point(|(other, _)| *other < number);
        let many = self.pairs[from..].iter().take_while(|(other, _)| *other == number).count();
        &self.pairs[from..from + many]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_all_that_are_called_so() {
        let of = |text: &str| number(text.split(' '), " ");
        let names = Names::new(vec![(of("b c"), 2), (of("a"), 1), (of("b c"), 3), (of("b c"), 2)]);
        let found = |text: &str| names.get(of(text)).iter().map(|(_, t)| *t).collect::<Vec<i32>>();
        assert_eq!((found("a"), found("b c"), found("bc")), (vec![1], vec![2, 3], vec![]));
        assert_eq!(of("b c"), number(["b c"], ""));
    }
}
