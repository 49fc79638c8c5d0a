//! Configuration read from variables: every value is parsed before any socket opens, and all problems are
//! reported at once by the variable's name. The environment is read here, once, and nowhere else.

use std::{collections::BTreeMap, ffi::OsString, fmt, str::FromStr, time::Duration};

use secrecy::SecretString;

/// The variables that hold secrets: each may be given by a file, named by the variable with `_FILE` added.
pub const SECRETS: [&str; 8] = [
    "OTEL_EXPORTER_OTLP_HEADERS",
    "DATABASE_URL",
    "SOURCE_DATABASE_URL",
    "REDIS_PASSWORD",
    "LOG_HASH_KEY",
    "AUTH_DEV_SECRET",
    "OPERATOR_COOKIE_KEY",
    "BULK_EXPORT_TOKEN",
];

/// One thing that is wrong with one variable. Never holds the value: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The variable's name.
    pub variable: String,
    /// What is wrong and what is expected.
    pub text: String,
}

/// Everything that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        let noun = if count == 1 { "problem" } else { "problems" };
        write!(
            f,
            "the configuration has {count} {noun} (docs/configuration.md lists every variable):"
        )?;
        self.0
            .iter()
            .try_for_each(|problem| write!(f, "\n  {}: {}", problem.variable, problem.text))
    }
}

impl std::error::Error for Problems {}

/// The variables of a process, and the problems found while reading them.
#[derive(Default)]
pub struct Variables {
    values: BTreeMap<String, String>,
    problems: Vec<Problem>,
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Variables([redacted])")
    }
}

impl Variables {
    /// Takes the variables; an empty value counts as absent.
    pub fn new(values: impl IntoIterator<Item = (String, String)>) -> Self {
        let values = values
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        Self {
            values,
            problems: Vec::new(),
        }
    }

    /// Takes the variables of this process, and for every `NAME_FILE` whose file can be read, its content as `NAME`:
    /// that is how secrets are mounted.
    ///
    /// # Errors
    /// A file that is named cannot be read, or a secret is given both ways.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    pub fn from_process() -> Result<Self, Problems> {
        // A variable that is not UTF-8 is none of ours.
        let text = |(name, value): (OsString, OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self::with_files(std::env::vars_os().filter_map(text).collect(), |path| {
            std::fs::read_to_string(path)
        })
    }

    fn with_files(
        mut values: BTreeMap<String, String>,
        read: impl Fn(&str) -> std::io::Result<String>,
    ) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        for name in SECRETS {
            let file = format!("{name}_FILE");
            let Some(path) = values.get(&file).filter(|path| !path.is_empty()) else {
                continue;
            };
            let problem = |text: &str| Problem {
                variable: file.clone(),
                text: text.to_owned(),
            };
            if values.get(name).is_some_and(|value| !value.is_empty()) {
                problems.push(problem(&format!(
                    "is set beside {name}: only one of the two is expected"
                )));
                continue;
            }
            match read(path) {
                Ok(secret) if secret.trim().is_empty() => {
                    problems.push(problem("names a file that is empty"));
                }
                Ok(secret) => drop(values.insert(
                    name.to_owned(),
                    secret.trim_end_matches(['\r', '\n']).to_owned(),
                )),
                Err(_) => problems.push(problem("names a file that cannot be read")),
            }
        }
        if problems.is_empty() {
            Ok(Self::new(values))
        } else {
            Err(Problems(problems))
        }
    }

    /// Gives the value as it is, if the variable is set.
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Notes a problem with a variable.
    pub fn problem(&mut self, name: &str, text: impl Into<String>) {
        self.problems.push(Problem {
            variable: name.to_owned(),
            text: text.into(),
        });
    }

    /// Reads a value that may be absent. `expected` says what form is right, for the problem's text.
    pub fn optional<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<T> {
        let value = self.values.get(name)?.parse().ok();
        if value.is_none() {
            self.problem(name, format!("cannot be read: {expected} is expected"));
        }
        value
    }

    /// Reads a value with a default.
    pub fn or<T: FromStr>(&mut self, name: &str, expected: &str, default: T) -> T {
        self.optional(name, expected).unwrap_or(default)
    }

    /// Reads a value that must be there; where it is not, a problem is noted and `placeholder` keeps the parse going.
    pub fn required<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<T> {
        if self.values.contains_key(name) {
            return self.optional(name, expected);
        }
        self.problem(name, format!("is not set: {expected} is required"));
        None
    }

    /// Reads a duration such as `30s`, `15m` or `24h`, within bounds (both inclusive).
    pub fn duration(
        &mut self,
        name: &str,
        default: Duration,
        least: Duration,
        most: Duration,
    ) -> Duration {
        let Some(text) = self.values.get(name).cloned() else {
            return default;
        };
        match humantime::parse_duration(&text) {
            Ok(value) if (least..=most).contains(&value) => value,
            Ok(_) => {
                let (least, most) = (
                    humantime::format_duration(least),
                    humantime::format_duration(most),
                );
                self.problem(
                    name,
                    format!("is out of range: {least} to {most} is allowed"),
                );
                default
            }
            Err(_) => {
                self.problem(
                    name,
                    "cannot be read: a duration such as 30s, 15m or 24h is expected",
                );
                default
            }
        }
    }

    /// Reads a whole number within bounds (both inclusive).
    pub fn number(&mut self, name: &str, default: u64, least: u64, most: u64) -> u64 {
        let value = self.or(name, "a whole number", default);
        if (least..=most).contains(&value) {
            return value;
        }
        self.problem(
            name,
            format!("is out of range: {least} to {most} is allowed"),
        );
        default
    }

    /// Reads a limit: a whole number, or `none` (or 0) for no limit.
    pub fn limit(&mut self, name: &str, default: Option<u64>) -> Option<u64> {
        match self.values.get(name).map(String::as_str) {
            None => default,
            Some("none" | "0") => None,
            // What does not fit into PostgreSQL's numbers is no limit either, and more likely a mistake.
            Some(text) => match text.parse::<u64>() {
                Ok(value) if i64::try_from(value).is_ok() => Some(value),
                _ => {
                    self.problem(
                        name,
                        "cannot be read: a whole number is expected, or none for no limit",
                    );
                    default
                }
            },
        }
    }

    /// Reads an absolute `http` or `https` URL without credentials, query or fragment.
    pub fn http_url(&mut self, name: &str) -> Option<url::Url> {
        let expected = "an absolute http or https URL";
        let url: url::Url = self.required(name, expected)?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.query().is_none()
            && url.fragment().is_none();
        if plain && url.username().is_empty() && url.password().is_none() && url.has_host() {
            return Some(url);
        }
        self.problem(
            name,
            format!(
                "cannot be used: {expected} without credentials, query and fragment is expected"
            ),
        );
        None
    }

    /// Reads a secret. Its value is never repeated in a problem.
    pub fn secret(&self, name: &str) -> Option<SecretString> {
        self.values
            .get(name)
            .map(|value| SecretString::from(value.clone()))
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// All problems, when there is at least one.
    pub fn finish(self) -> Result<(), Problems> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(Problems(self.problems))
        }
    }
}

/// What is logged by default: our own events, and of the servers beneath us only what is wrong.
const DEFAULT_FILTER: &str = "info,actix_server=warn,apalis_core=warn";

/// How a process writes its log: `LOG_FORMAT` and `RUST_LOG`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logging {
    /// Whether lines are for people rather than JSON.
    pub pretty: bool,
    /// The filter directives.
    pub filter: String,
}

impl Logging {
    /// Reads the variables; `understood` says whether the filter's directives can be used.
    pub fn read(variables: &mut Variables, understood: impl Fn(&str) -> bool) -> Self {
        let format = variables.raw("LOG_FORMAT").unwrap_or("json").to_owned();
        if format != "json" && format != "pretty" {
            variables.problem("LOG_FORMAT", "cannot be read: json or pretty is expected");
        }
        let filter = variables
            .raw("RUST_LOG")
            .unwrap_or(DEFAULT_FILTER)
            .to_owned();
        if !understood(&filter) {
            variables.problem(
                "RUST_LOG",
                "cannot be read: directives such as info or bulk_export_worker=debug are expected",
            );
        }
        Self {
            pretty: format == "pretty",
            filter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(values: &[(&str, &str)]) -> Variables {
        Variables::new(
            values
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )
    }

    #[test]
    fn all_problems_are_reported_at_once_by_name_and_without_values() {
        let mut v = variables(&[
            ("A", "x-secret"),
            ("B", "99"),
            ("C", "soon"),
            ("D", "ftp://u:p@h/"),
            ("E", ""),
        ]);
        v.or::<u16>("A", "a port", 1);
        v.number("B", 1, 1, 10);
        v.duration("C", Duration::from_secs(1), Duration::ZERO, Duration::MAX);
        v.http_url("D");
        v.required::<String>("E", "a name");
        let problems = v.finish().unwrap_err();
        let names: Vec<_> = problems.0.iter().map(|p| p.variable.as_str()).collect();
        assert_eq!(names, ["A", "B", "C", "D", "E"]);
        let text = problems.to_string();
        assert!(
            !text.contains("x-secret") && !text.contains("u:p"),
            "{text}"
        );
    }

    #[test]
    fn a_secret_comes_from_its_variable_or_from_a_file() {
        let read = |path: &str| {
            if path == "/s" {
                Ok("hush\n".to_owned())
            } else {
                Err(std::io::ErrorKind::NotFound.into())
            }
        };
        let values = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect()
        };
        let variables =
            Variables::with_files(values(&[("REDIS_PASSWORD_FILE", "/s")]), read).unwrap();
        assert_eq!(variables.raw("REDIS_PASSWORD"), Some("hush"));
        let both = values(&[
            ("REDIS_PASSWORD_FILE", "/s"),
            ("REDIS_PASSWORD", "x"),
            ("DATABASE_URL_FILE", "/none"),
        ]);
        let problems = Variables::with_files(both, read).unwrap_err();
        assert_eq!(
            problems
                .0
                .iter()
                .map(|p| p.variable.as_str())
                .collect::<Vec<_>>(),
            ["DATABASE_URL_FILE", "REDIS_PASSWORD_FILE"]
        );
    }

    #[test]
    fn a_limit_is_a_number_or_none() {
        let mut v = variables(&[("A", "5"), ("B", "none"), ("C", "0"), ("D", "-1")]);
        let read = ["A", "B", "C", "E"].map(|name| v.limit(name, Some(9)));
        assert_eq!(read, [Some(5), None, None, Some(9)]);
        v.limit("D", None);
        assert_eq!(v.finish().unwrap_err().0[0].variable, "D");
    }

    #[test]
    fn defaults_stand_where_nothing_is_set() {
        let mut v = variables(&[]);
        assert_eq!(v.or("A", "a port", 6379), 6379);
        assert_eq!(
            v.duration("B", Duration::from_secs(30), Duration::ZERO, Duration::MAX),
            Duration::from_secs(30)
        );
        assert!(v.secret("C").is_none());
        v.finish().unwrap();
    }
}
