//! A bundle taken apart by schemes.

use super::{Bundle, Relation, Target, Text, counts};

impl Bundle {
    /// The bundle of one of its schemes. What points into another one still does.
    #[must_use]
    pub fn only(&self, scheme: &str) -> Self {
        let mut moved: Vec<Option<u32>> = Vec::with_capacity(self.concepts.len());
        let mut one = Self::default();
        for concept in &self.concepts {
            let here = concept.key.scheme == scheme;
            moved.push(here.then_some(u32::try_from(one.concepts.len()).unwrap_or(u32::MAX)));
            if here {
                one.concepts.push(concept.clone());
            }
        }
        let place = |at: u32| moved.get(at as usize).copied().flatten();
        one.names = (self.names.iter())
            .filter_map(|name| place(name.concept).map(|concept| super::Name { concept, ..name.clone() }))
            .collect();
        one.texts = (self.texts.iter())
            .filter_map(|text| place(text.concept).map(|concept| Text { concept, ..text.clone() }))
            .collect();
        one.relations = (self.relations.iter())
            .filter_map(|relation| {
                let to = match &relation.to {
                    Target::Here(at) => match place(*at) {
                        Some(at) => Target::Here(at),
                        None => Target::Elsewhere(Box::new(self.concepts[*at as usize].key.clone())),
                    },
                    elsewhere => elsewhere.clone(),
                };
                Some(Relation { from: place(relation.from)?, relation: relation.relation, to })
            })
            .collect();
        one.manifest = self.manifest.clone();
        one.manifest.schemes.retain(|known| known.scheme == scheme);
        one.manifest.counts = counts(&one);
        one
    }
}
