//! What PostgreSQL costs: every call is timed under the name of the method that makes it, and told to the process's
//! metrics. A name is a word of our source; no value of a row gets here.

use std::{any::type_name, time::Instant};

use crate::error::Error;

/// Names the method that a closure was written in. The compiler spells a closure's type as the path to it, such as
/// `bulk_export_store::jobs::<impl …>::kick_off::{{closure}}`: the last name that is no closure is the method's.
pub(crate) fn operation<F>() -> &'static str {
    let path = type_name::<F>();
    let (mut depth, mut from, mut found) = (0_u32, 0, "other");
    let mut look = |segment: &'static str| {
        let name = segment
            .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .next()
            .unwrap_or_default();
        if !name.is_empty() {
            found = name;
        }
    };
    let bytes = path.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'<' | b'(' | b'[' => depth += 1,
            // Not the arrow of a function's type.
            b'>' if at > 0 && bytes[at - 1] == b'-' => {}
            b'>' | b')' | b']' => depth = depth.saturating_sub(1),
            b':' if depth == 0 => {
                look(&path[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    look(&path[from..]);
    found
}

/// Runs a call and notes how long it took and how it ended.
pub(crate) fn measured<T>(
    operation: &'static str,
    call: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    let started = Instant::now();
    let result = call();
    let outcome = match &result {
        Ok(_) => "ok",
        Err(error) => outcome(error),
    };
    metrics::counter!("bulk_export_database_calls_total", "operation" => operation, "outcome" => outcome)
        .increment(1);
    metrics::histogram!("bulk_export_database_call_duration_seconds", "operation" => operation)
        .record(started.elapsed());
    result
}

fn outcome(error: &Error) -> &'static str {
    match error {
        Error::Unreachable(_) => "unreachable",
        // The node's failure under our lock, not the database's.
        Error::Caller(_) => "caller",
        Error::Stopped => "stopped",
        error if error.is_outage() => "away",
        _ => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Someone;

    impl Someone {
        fn named_by<F: FnOnce()>(_: &F) -> &'static str {
            operation::<F>()
        }

        fn fetch() -> &'static str {
            Self::named_by(&|| ())
        }

        async fn give<U: FnMut(fn(u8) -> u8) -> (u8, u8)>(_: U) -> &'static str {
            std::future::ready(()).await;
            Self::named_by(&move || ())
        }
    }

    #[tokio::test]
    async fn a_closure_is_named_after_its_method() {
        assert_eq!(Someone::fetch(), "fetch");
        assert_eq!(Someone::give(|f| (f(1), 2)).await, "give");
        assert_eq!(
            Someone::named_by(&|| ()),
            "a_closure_is_named_after_its_method"
        );
    }
}
