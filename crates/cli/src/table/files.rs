//! The table of an export's files. A CID is a name to be copied, so it is never cut and stands last.

use super::{Column, Paint, Value, grid};
use crate::{
    client::{Manifest, ManifestFile},
    text,
};

/// What stands where a server says nothing.
const UNTOLD: &str = "-";

/// Renders the files of a manifest, each with type, count, size and CID, and a line with the totals.
#[must_use]
pub fn files(manifest: &Manifest) -> String {
    let columns = [
        Column::Word("type"),
        Column::Figure("count"),
        Column::Figure("size"),
        Column::Word("CID"),
    ];
    let rows = manifest.files.iter().map(row);
    let rows = rows.chain([total(&manifest.files)]);
    grid(columns, rows.map(|row| row.map(Value::from)), Paint::PLAIN)
}

fn row(file: &ManifestFile) -> [String; 4] {
    let facts = file.facts.as_ref();
    let told = |text: Option<String>| text.unwrap_or_else(|| UNTOLD.to_owned());
    [
        file.resource_type.clone(),
        told(file.count.map(text::count)),
        told(facts.map(|f| text::size(f.size))),
        told(facts.map(|f| text::clean(f.cid()))),
    ]
}

fn total(files: &[ManifestFile]) -> [String; 4] {
    let counts: Option<u64> = files.iter().map(|f| f.count).sum();
    let sizes: Option<u64> = files.iter().map(|f| f.facts.as_ref().map(|f| f.size)).sum();
    let told = |text: Option<String>| text.unwrap_or_else(|| UNTOLD.to_owned());
    [
        "total".to_owned(),
        told(counts.map(text::count)),
        told(sizes.map(text::size)),
        text::counted(files.len() as u64, "file", "files"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const CID: &str = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy";

    fn manifest(items: &[(&str, u64, u64)]) -> Manifest {
        let item = |(name, count, size): &(&str, u64, u64)| {
            format!(
                r#"{{"type":"{name}","url":"http://h/f","count":{count},"extension":{{"https://fhir-bulk-export.org/extension/file":
                {{"ipfs":"ipfs://{CID}","sha256":"","size":{size},"coding":"identity","decodedSize":{size}}}}}}}"#
            )
        };
        let items: Vec<_> = items.iter().map(item).collect();
        let text = format!(
            r#"{{"transactionTime":"","requiresAccessToken":true,"output":[{}]}}"#,
            items.join(",")
        );
        Manifest::parse(&text).unwrap()
    }

    #[test]
    fn it_fits_100_columns_with_whole_cids() {
        let manifest = manifest(&[
            ("Patient", 2_000, 812_345),
            ("DocumentReference", 9_999_999, 134_217_728),
        ]);
        let expected = format!(
            "type                    count      size  CID\n\
             Patient                 2,000  812.3 kB  {CID}\n\
             DocumentReference   9,999,999  134.2 MB  {CID}\n\
             total              10,001,999  135.0 MB  2 files"
        );
        let table = files(&manifest);
        assert!(
            table.lines().all(|line| line.chars().count() <= 100),
            "{table}"
        );
        assert_eq!(table, expected);
    }

    #[test]
    fn a_manifest_without_extensions_has_a_table_too() {
        let text = r#"{"transactionTime":"","requiresAccessToken":true,"output":[{"type":"Patient","url":"http://h/f"}]}"#;
        let table = files(&Manifest::parse(text).unwrap());
        assert!(
            table.contains("Patient      -     -  -") && table.contains("1 file"),
            "{table}"
        );
    }

    #[test]
    fn an_empty_export_has_a_total() {
        assert!(files(&manifest(&[])).contains("total      0   0 B  0 files"));
    }
}
