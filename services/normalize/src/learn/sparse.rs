//! Texts as weighed pieces, one row a text, packed.

/// Rows of (column, value).
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    ends: Vec<usize>,
    cells: Vec<(u32, f32)>,
}

impl Rows {
    pub(crate) fn push(&mut self, row: &[(u32, f32)]) {
        self.cells.extend_from_slice(row);
        self.ends.push(self.cells.len());
    }

    pub(crate) fn row(&self, at: usize) -> &[(u32, f32)] {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.cells[start..self.ends[at]]
    }
}
