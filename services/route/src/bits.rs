//! Sets of places as bits, and which places accept a value. Pure.

use std::collections::HashMap;
use std::hash::Hash;

const WORD: u32 = u64::BITS;

/// A set of places.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
    count: usize,
}

impl Bits {
    pub(crate) fn insert(&mut self, place: u32) {
        let (word, bit) = split(place);
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word) {
            self.count += usize::from(*word & bit == 0);
            *word |= bit;
        }
    }

    pub(crate) fn remove(&mut self, place: u32) {
        let (word, bit) = split(place);
        if let Some(word) = self.words.get_mut(word) {
            self.count -= usize::from(*word & bit != 0);
            *word &= !bit;
        }
    }

    pub(crate) fn contains(&self, place: u32) -> bool {
        let (word, bit) = split(place);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// The places that are in both, in order.
    pub(crate) fn both<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = u32> + 'a {
        (0_u32..).zip(self.words.iter().zip(&other.words)).flat_map(|(at, (a, b))| {
            let mut left = a & b;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                // The lowest bit goes.
                left &= left.wrapping_sub(1);
                (bit < WORD).then_some(at * WORD + bit)
            })
        })
    }
}

const fn split(place: u32) -> (usize, u64) {
    ((place / WORD) as usize, 1 << (place % WORD))
}

/// One thing that subscriptions ask of: for each value the places that ask for it, and the places that take any.
#[derive(Clone, Debug)]
pub(crate) struct Dimension<V> {
    any: Bits,
    of: HashMap<V, Bits>,
}

impl<V> Default for Dimension<V> {
    fn default() -> Self {
        Self { any: Bits::default(), of: HashMap::new() }
    }
}

impl<V: Copy + Eq + Hash> Dimension<V> {
    /// A place asks for these values; for none: takes any.
    pub(crate) fn put(&mut self, place: u32, asked: &[V]) {
        if asked.is_empty() {
            self.any.insert(place);
        }
        for value in asked {
            self.of.entry(*value).or_default().insert(place);
        }
    }

    /// The place that asked for these values is gone.
    pub(crate) fn remove(&mut self, place: u32, asked: &[V]) {
        self.any.remove(place);
        for value in asked {
            if let Some(bits) = self.of.get_mut(value) {
                bits.remove(place);
                if bits.count == 0 {
                    self.of.remove(value);
                }
            }
        }
    }

    /// Leaves in `places` those that accept one of the values.
    pub(crate) fn keep(&self, places: &mut Bits, values: &[V]) {
        let asked: Vec<&Bits> =
            std::iter::once(&self.any).chain(values.iter().filter_map(|value| self.of.get(value))).collect();
        let mut accepting = vec![0; places.words.len()];
        for bits in asked {
            for (all, one) in accepting.iter_mut().zip(&bits.words) {
                *all |= one;
            }
        }
        places.count = 0;
        for (place, accepting) in places.words.iter_mut().zip(accepting) {
            *place &= accepting;
            places.count += place.count_ones() as usize;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    fn bits(places: impl IntoIterator<Item = u32>) -> Bits {
        let mut bits = Bits::default();
        places.into_iter().for_each(|place| bits.insert(place));
        bits
    }

    proptest! {
        #[test]
        fn bits_are_a_set(a in btree_set(0u32..300, 0..60), b in btree_set(0u32..300, 0..60), gone in vec(0u32..300, 0..40)) {
            let mut mine = bits(a.iter().copied());
            gone.iter().for_each(|place| mine.remove(*place));
            let a: std::collections::BTreeSet<u32> = a.into_iter().filter(|place| !gone.contains(place)).collect();
            prop_assert_eq!(mine.count, a.len());
            prop_assert!((0..400).all(|place| mine.contains(place) == a.contains(&place)));
            let both: Vec<u32> = mine.both(&bits(b.iter().copied())).collect();
            prop_assert_eq!(both, a.intersection(&b).copied().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_place_accepts_what_it_asked_for_or_anything() {
        let mut dimension = Dimension::default();
        dimension.put(1, &['a', 'b']);
        dimension.put(2, &[]);
        dimension.put(70, &['c']);
        let kept = |dimension: &Dimension<char>, values: &[char]| -> Vec<u32> {
            let mut places = bits([1, 2, 3, 70]);
            dimension.keep(&mut places, values);
            places.both(&places.clone()).collect()
        };
        assert_eq!(kept(&dimension, &['a']), [1, 2]);
        assert_eq!(kept(&dimension, &['b', 'c']), [1, 2, 70]);
        assert_eq!(kept(&dimension, &[]), [2]);
        dimension.remove(1, &['a', 'b']);
        dimension.remove(2, &[]);
        assert!(kept(&dimension, &['a', 'b']).is_empty());
        assert_eq!(dimension.of.len(), 1, "what nobody asks for takes no room");
    }
}
