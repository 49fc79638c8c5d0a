//! What became of each file, as a table.

use bulk_export_store::load::Counts;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets::NOTHING};

use crate::text;

/// What became of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Fate {
    pub(super) counts: Counts,
    pub(super) rejected: u64,
}

impl Fate {
    /// Gives the number of resources that were loaded or there already.
    pub(super) const fn good(&self) -> u64 {
        self.counts.inserted + self.counts.updated + self.counts.unchanged
    }
}

impl std::ops::AddAssign for Fate {
    fn add_assign(&mut self, other: Self) {
        self.counts += other.counts;
        self.rejected += other.rejected;
    }
}

/// What became of all files.
#[derive(Debug)]
pub(super) struct Summary {
    names: Vec<String>,
    /// Of the files that were begun.
    fates: Vec<Fate>,
    done: usize,
}

impl Summary {
    /// Begins with the first of these files.
    pub(super) const fn new(names: Vec<String>) -> Self {
        Self {
            names,
            fates: Vec::new(),
            done: 0,
        }
    }

    /// Gives the name of the file that is read now.
    pub(super) fn name(&self) -> &str {
        self.names.get(self.done).map_or("", String::as_str)
    }

    /// Adds to the fate of the file that is read now.
    pub(super) fn add(&mut self, fate: Fate) {
        self.fates.resize(self.done + 1, Fate::default());
        self.fates[self.done] += fate;
    }

    /// Goes on to the next file, and gives the name and the fate of the one that is done.
    pub(super) fn next(&mut self) -> (&str, Fate) {
        self.add(Fate::default());
        self.done += 1;
        let last = self.done - 1;
        (&self.names[last], self.fates[last])
    }

    /// Gives the sum.
    pub(super) fn total(&self) -> Fate {
        let mut total = Fate::default();
        self.fates.iter().for_each(|fate| total += *fate);
        total
    }

    /// Renders a line for each file, and one with the sums.
    pub(super) fn table(&self) -> String {
        let mut table = Table::new();
        table
            .load_style(NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(["file", "loaded", "updated", "unchanged", "rejected"]);
        for (file, fate) in self.names.iter().zip(&self.fates) {
            table.add_row(row(file, fate));
        }
        table.add_row(row("total", &self.total()));
        for (at, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, 2));
            if at > 0 {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let lines = table.lines().map(|line| line.trim_end().to_owned());
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn row(file: &str, fate: &Fate) -> [String; 5] {
    let counts = fate.counts;
    [
        file.to_owned(),
        text::count(counts.inserted),
        text::count(counts.updated),
        text::count(counts.unchanged),
        text::count(fate.rejected),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_has_a_line_and_all_have_a_sum() {
        let fate = |inserted, rejected| Fate {
            counts: Counts {
                inserted,
                updated: 1,
                unchanged: 0,
            },
            rejected,
        };
        let names = ["a.ndjson", "b", "-", "c"].map(str::to_owned);
        let mut summary = Summary::new(names.to_vec());
        assert!(
            summary
                .table()
                .ends_with("total       0        0          0         0")
        );
        summary.add(fate(1_000, 0));
        summary.add(fate(234, 1));
        let (name, first) = summary.next();
        assert_eq!((name, first.good()), ("a.ndjson", 1_236));
        assert_eq!(summary.next().1, Fate::default());
        assert_eq!(summary.name(), "-");
        summary.add(fate(5, 0));
        assert_eq!(
            (summary.total().good(), summary.total().rejected),
            (1_242, 1)
        );
        let expected = "\
file      loaded  updated  unchanged  rejected
a.ndjson   1,234        2          0         1
b              0        0          0         0
-              5        1          0         0
total      1,239        3          0         1";
        assert_eq!(summary.table(), expected);
    }
}
