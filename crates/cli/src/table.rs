//! Tables for people: every line fits 100 columns, however long a value is; --json has values whole. Colour is for a
//! terminal whose user wants it.

mod files;

use std::io::IsTerminal;

use bulk_export_domain::{config::Variables, job::Status, part::PartState};
use comfy_table::{
    Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Row, Table, Width,
    presets::NOTHING,
};

pub use files::files;

/// How many columns a line has at most.
pub const COLUMNS: u16 = 100;

/// Between two columns.
const GAP: u16 = 2;

/// Whether colour is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint(bool);

impl Paint {
    /// None.
    pub const PLAIN: Self = Self(false);

    /// Decides for the standard output: a terminal, no `NO_COLOR` (<https://no-color.org>), and not a dumb one.
    #[must_use]
    pub fn of(variables: &Variables) -> Self {
        Self::decide(variables, std::io::stdout().is_terminal())
    }

    fn decide(variables: &Variables, terminal: bool) -> Self {
        let wanted = variables.raw("NO_COLOR").is_none() && variables.raw("TERM") != Some("dumb");
        Self(terminal && wanted)
    }
}

/// How a value is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As any other.
    Plain,
    /// As it should be.
    Good,
    /// Under way.
    Busy,
    /// To be looked at.
    Look,
    /// Wrong.
    Bad,
    /// Of little interest.
    Faint,
}

impl Tone {
    const fn color(self) -> Option<Color> {
        match self {
            Self::Plain => None,
            Self::Good => Some(Color::DarkGreen),
            Self::Busy => Some(Color::DarkCyan),
            Self::Look => Some(Color::DarkYellow),
            Self::Bad => Some(Color::DarkRed),
            Self::Faint => Some(Color::DarkGrey),
        }
    }

    /// Gives the tone of a job's state.
    #[must_use]
    pub const fn of_job(state: Status) -> Self {
        match state {
            Status::Pending => Self::Plain,
            Status::InProgress => Self::Busy,
            Status::Completed => Self::Good,
            Status::Failed => Self::Bad,
            Status::Cancelled => Self::Faint,
        }
    }

    /// Gives the tone of a part's state.
    #[must_use]
    pub const fn of_part(state: PartState) -> Self {
        match state {
            PartState::Due => Self::Plain,
            PartState::Running => Self::Busy,
            PartState::Done => Self::Good,
            PartState::Failed => Self::Bad,
            PartState::Cancelled => Self::Faint,
        }
    }
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub enum Column {
    /// A short word, never cut.
    Word(&'static str),
    /// A figure, never cut, at the right.
    Figure(&'static str),
    /// A text that is cut where the line would be too long.
    Text(&'static str),
}

/// A value with its tone.
#[derive(Debug, Clone)]
pub struct Value(String, Tone);

impl Value {
    /// Takes a value with its tone.
    pub fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self(text.into(), tone)
    }
}

impl<T: Into<String>> From<T> for Value {
    fn from(text: T) -> Self {
        Self(text.into(), Tone::Plain)
    }
}

/// Renders rows below the columns' names.
#[must_use]
pub fn grid<const N: usize>(
    columns: [Column; N],
    rows: impl IntoIterator<Item = [Value; N]>,
    paint: Paint,
) -> String {
    let mut table = bare(paint);
    table.set_header(columns.map(|column| match column {
        Column::Word(name) | Column::Figure(name) | Column::Text(name) => name,
    }));
    for row in rows {
        let mut row = Row::from(row.map(|value| cell(value, paint)));
        row.max_height(1);
        table.add_row(row);
    }
    for (at, column) in columns.into_iter().enumerate() {
        let Some(shown) = table.column_mut(at) else {
            continue;
        };
        shown.set_padding((0, GAP));
        match column {
            Column::Word(_) => drop(shown.set_constraint(ColumnConstraint::ContentWidth)),
            Column::Figure(_) => {
                shown
                    .set_constraint(ColumnConstraint::ContentWidth)
                    .set_cell_alignment(CellAlignment::Right);
            }
            Column::Text(_) => {}
        }
    }
    lines(&table)
}

/// Renders named facts below each other; a long one goes on in the next line.
#[must_use]
pub fn facts(facts: impl IntoIterator<Item = (&'static str, Value)>, paint: Paint) -> String {
    let mut table = bare(paint);
    for (name, value) in facts {
        table.add_row([Cell::new(name), cell(value, paint)]);
    }
    if let Some(names) = table.column_mut(0) {
        names
            .set_padding((0, GAP))
            .set_constraint(ColumnConstraint::ContentWidth);
    }
    if let Some(values) = table.column_mut(1) {
        values
            .set_padding((0, 0))
            .set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(20)));
    }
    lines(&table)
}

/// Gives a text in a tone, where colour is used.
#[must_use]
pub fn tinted(text: &str, tone: Tone, paint: Paint) -> String {
    let mut table = bare(paint);
    table.add_row([cell(Value::toned(text, tone), paint)]);
    if let Some(column) = table.column_mut(0) {
        column.set_padding((0, 0));
    }
    lines(&table)
}

fn cell(Value(text, tone): Value, paint: Paint) -> Cell {
    let cell = Cell::new(text);
    match tone.color().filter(|_| paint.0) {
        Some(color) => cell.fg(color),
        None => cell,
    }
}

fn bare(paint: Paint) -> Table {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(COLUMNS)
        .set_truncation_indicator("…");
    if paint.0 {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table
}

fn lines(table: &Table) -> String {
    let lines: Vec<_> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests;
