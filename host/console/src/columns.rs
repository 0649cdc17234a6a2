//! Tables for people at a terminal: columns as wide as what they hold, and together no wider than the terminal.

use std::borrow::Cow;

/// What stands for what was cut out.
const ELLIPSIS: char = '…';

/// What separates two columns.
const GAP: &str = "  ";

/// What a column does where there is too little room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Give {
    /// Nothing: what it shows is of use only whole.
    Nothing,
    /// It is cut in the middle, where names differ least; down to this width without need.
    Cut(usize),
    /// It goes. Of several, that with the lowest number goes first.
    Way(u8),
}

/// One column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its heading.
    pub heading: &'static str,
    /// What it does where there is too little room.
    pub give: Give,
    /// Whether it holds numbers, which end below each other.
    pub is_number: bool,
}

impl Column {
    /// Creates a column of text.
    #[must_use]
    pub const fn new(heading: &'static str, give: Give) -> Self {
        Self {
            heading,
            give,
            is_number: false,
        }
    }

    /// Creates a column of numbers.
    #[must_use]
    pub const fn of_numbers(heading: &'static str, give: Give) -> Self {
        Self {
            heading,
            give,
            is_number: true,
        }
    }
}

/// A table: its columns, and rows with a cell for each.
#[derive(Debug)]
pub struct Columns<'a> {
    columns: Vec<Column>,
    rows: Vec<Vec<Cow<'a, str>>>,
}

impl<'a> Columns<'a> {
    /// Creates a table. Each row has a cell for each column; the cells must be harmless already.
    #[must_use]
    pub fn new(columns: Vec<Column>, rows: Vec<Vec<Cow<'a, str>>>) -> Self {
        Self { columns, rows }
    }

    /// Returns the table for a terminal of this width, the headings first.
    #[must_use]
    pub fn fitted(&self, width: usize) -> String {
        let widths = self.widths(width);
        let headings = self.columns.iter().map(|column| column.heading.into());
        let headings: Vec<Cow<'_, str>> = headings.collect();
        let mut text = String::new();
        for row in std::iter::once(&headings).chain(&self.rows) {
            let start = text.len();
            for ((cell, column), width) in row.iter().zip(&self.columns).zip(&widths) {
                let Some(width) = *width else { continue };
                if text.len() > start {
                    text.push_str(GAP);
                }
                let cell = cut(cell, width);
                let pad = " ".repeat(width - cell.chars().count().min(width));
                let parts = match column.is_number {
                    true => [&*pad, &*cell],
                    false => [&*cell, &*pad],
                };
                text.extend(parts);
            }
            text.truncate(text.trim_end_matches(' ').len());
            text.push('\n');
        }
        text
    }

    /// Returns how wide each column is to be; none for one that has to go.
    fn widths(&self, room: usize) -> Vec<Option<usize>> {
        let natural = |(place, column): (usize, &Column)| {
            let cells = self.rows.iter().map(|row| row[place].chars().count());
            Some(cells.fold(column.heading.chars().count(), usize::max))
        };
        let mut widths: Vec<_> = self.columns.iter().enumerate().map(natural).collect();
        loop {
            let mut excess = sum(&widths).saturating_sub(room);
            let mut least = widths.clone();
            for (width, column) in least.iter_mut().zip(&self.columns) {
                if let (Some(width), Give::Cut(narrowest)) = (width, column.give) {
                    *width = (*width).min(narrowest);
                }
            }
            let can_fit = sum(&least) <= room;
            let next = self.next_to_go(&widths);
            if let (false, Some(next)) = (can_fit, next) {
                widths[next] = None;
                continue;
            }
            // The widest of those that can be cut gives way, again and again, so that short ones stay whole.
            while excess > 0 {
                let cuttable = |place: &usize| {
                    matches!(self.columns[*place].give, Give::Cut(_))
                        && widths[*place].is_some_and(|width| {
                            width > least[*place].unwrap_or(0) || (!can_fit && width > 1)
                        })
                };
                let widest = (0..widths.len())
                    .filter(cuttable)
                    .max_by_key(|place| widths[*place]);
                let Some(widest) = widest else { break };
                widths[widest] = widths[widest].map(|width| width - 1);
                excess -= 1;
            }
            return widths;
        }
    }

    /// Returns which of the columns that are left goes next.
    fn next_to_go(&self, widths: &[Option<usize>]) -> Option<usize> {
        let rank = |place: &usize| match self.columns[*place].give {
            Give::Way(rank) if widths[*place].is_some() => Some(rank),
            Give::Way(_) | Give::Nothing | Give::Cut(_) => None,
        };
        (0..widths.len())
            .filter(|place| rank(place).is_some())
            .min_by_key(rank)
    }
}

/// Returns how wide a row of such columns is.
fn sum(widths: &[Option<usize>]) -> usize {
    let shown = widths.iter().flatten();
    let gaps = shown.clone().count().saturating_sub(1) * GAP.len();
    shown.sum::<usize>() + gaps
}

/// Cuts a text in the middle where it is longer than `width`.
fn cut(text: &str, width: usize) -> Cow<'_, str> {
    let length = text.chars().count();
    if length <= width {
        return Cow::Borrowed(text);
    }
    let kept = width.saturating_sub(1);
    let (head, tail) = (kept.div_ceil(2), kept / 2);
    let characters = text.chars();
    Cow::Owned(
        characters
            .clone()
            .take(head)
            .chain([ELLIPSIS])
            .chain(characters.skip(length - tail))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Columns<'static> {
        let columns = vec![
            Column::new("NAME", Give::Cut(6)),
            Column::new("TAG", Give::Cut(3)),
            Column::new("ID", Give::Nothing),
            Column::of_numbers("SIZE", Give::Way(1)),
        ];
        let rows = [
            ["registry.example.org/lab/tool", "1", "0123456789ab", "7"],
            ["tool", "2024-05-06", "ba9876543210", "1234"],
        ];
        Columns::new(
            columns,
            rows.map(|row| row.map(Cow::Borrowed).to_vec()).to_vec(),
        )
    }

    #[test]
    fn columns_are_as_wide_as_what_they_hold() {
        assert_eq!(
            table().fitted(100),
            "NAME                           TAG         ID            SIZE\n\
             registry.example.org/lab/tool  1           0123456789ab     7\n\
             tool                           2024-05-06  ba9876543210  1234\n"
        );
    }

    #[test]
    fn the_widest_name_is_cut_first_and_in_the_middle() {
        assert_eq!(
            table().fitted(50),
            "NAME                TAG         ID            SIZE\n\
             registry.…lab/tool  1           0123456789ab     7\n\
             tool                2024-05-06  ba9876543210  1234\n"
        );
    }

    #[test]
    fn a_column_goes_before_names_are_cut_to_nothing() {
        let text = table().fitted(26);
        assert!(!text.contains("SIZE"), "{text}");
        assert!(text.contains("0123456789ab"), "{text}");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_while_there_is_any_room() {
        for width in 18..90 {
            for line in table().fitted(width).lines() {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
        }
    }
}
