//! Tables hold their 100 columns and their colours.

use super::*;

const LONG: &str = "https://idp.example.org/tenants/7f0c/clients/a-client-with-a-name-that-goes-on-and-on-and-on-and-on-and-on-and-on";

fn fits(table: &str) {
    for line in table.lines() {
        assert!(line.chars().count() <= usize::from(COLUMNS), "{line}");
    }
}

fn columns() -> [Column; 4] {
    [
        Column::Word("job"),
        Column::Text("requester"),
        Column::Figure("resources"),
        Column::Text("reason"),
    ]
}

#[test]
fn short_values_stand_whole_and_figures_at_the_right() {
    let rows = [
        ["10f498d6", "client-7", "12,345", "-"].map(Value::from),
        ["9f16e366", "c", "7", "-"].map(Value::from),
    ];
    let expected = "\
job       requester  resources  reason
10f498d6  client-7      12,345  -
9f16e366  c                  7  -";
    assert_eq!(grid(columns(), rows, Paint::PLAIN), expected);
}

#[test]
fn long_values_are_cut_and_words_and_figures_are_not() {
    let row = ["10f498d6", LONG, "18,446,744,073,709,551,615", LONG].map(Value::from);
    let table = grid(columns(), [row], Paint::PLAIN);
    fits(&table);
    assert_eq!(table.lines().count(), 2, "{table}");
    for whole in [
        "10f498d6",
        "18,446,744,073,709,551,615",
        "https://idp.",
        "…",
    ] {
        assert!(table.contains(whole), "{table}");
    }
}

#[test]
fn wide_letters_count_twice() {
    let row = ["a", "漢字".repeat(60).as_str(), "1", "-"].map(Value::from);
    let table = grid(columns(), [row], Paint::PLAIN);
    let line = table.lines().nth(1).unwrap();
    let wide = line
        .chars()
        .filter(|letter| !letter.is_ascii() && *letter != '…')
        .count();
    assert!(
        line.chars().count() + wide <= usize::from(COLUMNS),
        "{line}"
    );
}

#[test]
fn a_long_fact_goes_on_below_itself() {
    let text = facts(
        [
            ("state", "failed".into()),
            (
                "reason",
                format!("The export {}", "failed repeatedly and ".repeat(9)).into(),
            ),
        ],
        Paint::PLAIN,
    );
    fits(&text);
    assert!(
        text.starts_with("state   failed\nreason  The export failed"),
        "{text}"
    );
    assert!(
        text.lines().nth(2).unwrap().starts_with("        "),
        "{text}"
    );
    assert!(text.ends_with("and"), "nothing is lost: {text}");
}

#[test]
fn colour_is_for_terminals_whose_user_has_not_refused_it() {
    let decide = |values: &[(&str, &str)], terminal| {
        let values = values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Paint::decide(&Variables::new(values), terminal)
    };
    assert_eq!(decide(&[("TERM", "xterm")], true), Paint(true));
    assert_eq!(decide(&[], false), Paint::PLAIN);
    assert_eq!(decide(&[("NO_COLOR", "1")], true), Paint::PLAIN);
    assert_eq!(
        decide(&[("NO_COLOR", "")], true),
        Paint(true),
        "an empty one is none"
    );
    assert_eq!(decide(&[("TERM", "dumb")], true), Paint::PLAIN);
}

#[test]
fn colours_change_no_width() {
    let row = || {
        [
            Value::toned("failed", Tone::Bad),
            LONG.into(),
            "1".into(),
            Value::toned(LONG, Tone::Faint),
        ]
    };
    let painted = grid(columns(), [row()], Paint(true));
    assert!(
        painted.contains("\u{1b}[") && !painted.contains("\u{1b}[1m"),
        "{painted:?}"
    );
    let mut plain = String::new();
    let mut letters = painted.chars();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            letters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(letter);
        }
    }
    let trimmed: Vec<_> = plain.lines().map(str::trim_end).collect();
    assert_eq!(trimmed.join("\n"), grid(columns(), [row()], Paint::PLAIN));
    assert_eq!(tinted("ok", Tone::Good, Paint::PLAIN), "ok");
}
