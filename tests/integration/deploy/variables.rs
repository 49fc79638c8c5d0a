//! The tables of `docs/configuration.md`: which variables each program has.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::LazyLock,
};

use super::{path, text};

/// Whose variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    Api,
    Worker,
    Cli,
    Kubo,
    Postgres,
    Redis,
    Image,
    Compose,
}

/// One row.
#[derive(Debug, Clone)]
pub struct Variable {
    /// There is no default.
    pub required: bool,
    /// Must not stand in the clear, and may come from a file.
    pub secret: bool,
}

struct Row {
    section: String,
    name: String,
    cells: Vec<String>,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(rows);

fn rows() -> Vec<Row> {
    let (mut rows, mut section) = (Vec::new(), String::new());
    for line in text("docs/configuration.md").lines() {
        if let Some(title) = line.strip_prefix("## ") {
            title.trim_matches('`').clone_into(&mut section);
        }
        let Some(line) = line.strip_prefix("| `") else {
            continue;
        };
        let cells: Vec<_> = line
            .trim_end_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect();
        let name = cells[0].trim_end_matches('`').to_owned();
        rows.push(Row {
            section: section.clone(),
            name,
            cells,
        });
    }
    rows
}

impl Program {
    /// The variables of the program, with the twins that name files.
    pub fn variables(self) -> BTreeMap<String, Variable> {
        let mut variables = BTreeMap::new();
        for row in ROWS.iter().filter(|row| self.has(row)) {
            let secret = row.cells[2..].iter().any(|cell| cell.contains("*secret*"));
            let variable = Variable {
                required: row.cells[1].contains("*required*"),
                secret,
            };
            if secret {
                let twin = Variable {
                    required: false,
                    secret: false,
                };
                variables.insert(format!("{}_FILE", row.name), twin);
            }
            variables.insert(row.name.clone(), variable);
        }
        variables
    }

    fn has(self, row: &Row) -> bool {
        let of = |whose: &str| row.section == "What is not ours" && row.cells[1].starts_with(whose);
        match self {
            Self::Api => ["Both servers", "bulk-export-api"].contains(&row.section.as_str()),
            Self::Worker => ["Both servers", "bulk-export-worker"].contains(&row.section.as_str()),
            Self::Cli => row.section == "bulk-export",
            Self::Kubo => of("Kubo"),
            Self::Postgres => of("PostgreSQL"),
            Self::Redis => of("Redis"),
            Self::Image => of("our images"),
            Self::Compose => of("`deploy/compose.yaml`"),
        }
    }

    /// The program of a container or service by its name.
    pub fn named(name: &str) -> Self {
        match name {
            "api" => Self::Api,
            "worker" => Self::Worker,
            "migrate" | "load" | "cli" => Self::Cli,
            "kubo" => Self::Kubo,
            "postgres" => Self::Postgres,
            "redis" => Self::Redis,
            other => panic!("nothing here knows the program {other}"),
        }
    }

    /// Fails if a name is not in the program's tables, or if a server lacks one that it must have.
    pub fn check<'a>(self, place: &str, names: impl Iterator<Item = &'a str>) {
        let (known, names) = (self.variables(), names.collect::<Vec<_>>());
        for name in &names {
            assert!(
                known.contains_key(*name),
                "{place}: docs/configuration.md does not list {name} for {self:?}"
            );
        }
        let set = |name: &String| {
            names
                .iter()
                .any(|n| n == name || n.strip_suffix("_FILE") == Some(name))
        };
        if matches!(self, Self::Api | Self::Worker) {
            for (name, _) in known.iter().filter(|(_, v)| v.required) {
                assert!(set(name), "{place}: {name} is required and not set");
            }
        }
    }
}

#[test]
fn every_table_is_read_and_no_name_stands_twice_in_one() {
    let all = [
        (Program::Api, 20),
        (Program::Worker, 20),
        (Program::Cli, 8),
        (Program::Kubo, 3),
        (Program::Postgres, 3),
        (Program::Redis, 1),
        (Program::Image, 1),
        (Program::Compose, 1),
    ];
    for (program, least) in all {
        let names: Vec<_> = ROWS
            .iter()
            .filter(|row| program.has(row))
            .map(|row| &row.name)
            .collect();
        assert!(names.len() >= least, "{program:?}: {names:?}");
        let mut once = names.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), names.len(), "{program:?}: {names:?}");
    }
    assert!(
        ROWS.iter()
            .all(|row| ALL.iter().any(|program| program.has(row)))
    );
    assert!(Program::Api.variables()["DATABASE_URL"].required);
    assert!(Program::Api.variables()["AUTH_DEV_SECRET"].secret);
    assert!(!Program::Worker.variables().contains_key("AUTH_DEV_SECRET"));
}

const ALL: [Program; 8] = [
    Program::Api,
    Program::Worker,
    Program::Cli,
    Program::Kubo,
    Program::Postgres,
    Program::Redis,
    Program::Image,
    Program::Compose,
];

/// The names in the modules that read the configuration, and in the command line's grammar.
fn of_the_code() -> BTreeSet<String> {
    let (mut names, mut folders) = (BTreeSet::new(), vec![path("crates")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
            if entry.is_dir() && !entry.ends_with("tests") {
                folders.push(entry);
                continue;
            }
            let grammar = entry.to_str().unwrap().contains("/cli/src/");
            if entry.ends_with("config.rs")
                || (grammar && entry.extension().is_some_and(|e| e == "rs"))
            {
                let text = fs::read_to_string(&entry).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap();
                let before = if grammar { "env = \"" } else { "\"" };
                let found = code
                    .split(before)
                    .skip(1)
                    .filter_map(|rest| rest.split('"').next());
                names.extend(found.filter(|name| is_variable(name)).map(str::to_owned));
            }
        }
    }
    names
}

fn is_variable(text: &str) -> bool {
    text.contains('_') && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
}

#[test]
fn no_program_reads_a_variable_that_is_not_documented() {
    let (code, rows) = (
        of_the_code(),
        ROWS.iter().map(|row| row.name.clone()).collect(),
    );
    assert!(
        code.contains("DATABASE_URL") && code.contains("AUTH_ROLE_CLAIM"),
        "{code:?}"
    );
    let missing: Vec<_> = code.difference(&rows).collect();
    assert!(
        missing.is_empty(),
        "docs/configuration.md lacks {missing:?}"
    );
}
