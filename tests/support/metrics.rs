//! A scrape: what a program tells at `/metrics`, read as Prometheus reads it.

use std::collections::{BTreeMap, BTreeSet};

/// What one scrape gave.
#[derive(Debug, Clone)]
pub struct Scrape {
    /// The text as it came.
    pub text: String,
    series: BTreeMap<String, f64>,
}

impl Scrape {
    /// Scrapes a program by its private address.
    ///
    /// # Panics
    /// When it does not answer, or with something that is not the text form.
    pub async fn of(address: &str) -> Self {
        let reply = reqwest::get(format!("http://{address}/metrics"))
            .await
            .expect("the program answers");
        assert_eq!(reply.status(), 200);
        let kind = reply.headers()["content-type"].to_str().unwrap().to_owned();
        assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
        Self::read(reply.text().await.expect("the answer is whole"))
    }

    fn read(text: String) -> Self {
        let mut series = BTreeMap::new();
        for line in text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let (name, value) = line.rsplit_once(' ').expect("a series and its value");
            let value = value
                .parse()
                .unwrap_or_else(|_| panic!("no number: {line}"));
            let before = series.insert(name.to_owned(), value);
            assert!(before.is_none(), "told twice: {name}");
        }
        Self { text, series }
    }

    /// Gives a series' value by its name and labels, as they stand in the text.
    ///
    /// # Panics
    /// When it is not there.
    #[track_caller]
    pub fn value(&self, series: &str) -> f64 {
        *self
            .series
            .get(series)
            .unwrap_or_else(|| panic!("no series {series} in\n{}", self.text))
    }

    /// Gives the sum of all series of a metric that have this label among theirs; zero when there is none.
    pub fn sum(&self, name: &str, label: &str) -> f64 {
        let of = |series: &str| {
            series
                .strip_prefix(name)
                .is_some_and(|labels| labels.starts_with('{') && labels.contains(label))
        };
        let found = self.series.iter().filter(|(series, _)| of(series));
        found.map(|(_, value)| value).sum()
    }

    /// Gives how many series there are.
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Says whether there is none.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Gives the names of all series, without labels: of a histogram those of its buckets, sum and count.
    pub fn names(&self) -> BTreeSet<&str> {
        self.series
            .keys()
            .map(|series| series.split('{').next().unwrap_or_default())
            .collect()
    }

    /// Gives the metrics that are described, with their types.
    pub fn types(&self) -> BTreeMap<&str, &str> {
        let described = self
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE "));
        described.filter_map(|line| line.split_once(' ')).collect()
    }
}
