//! The add ceilings: the bytes of an export, in files, given to the node by `curl` and pinned; and what it costs to
//! compute their names.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::PathBuf,
};

use bulk_export_ipfs::Digester;
use futures::{StreamExt, stream};

use crate::{
    cpu::{Meter, Target},
    curl,
    data::Dataset,
    measured::{Amount, Measured},
    read,
    system::System,
};

/// Where a file is closed: what a part of an export is planned for.
const FILE_BYTES: u64 = 128 << 20;

/// The size of the pieces in which a worker digests.
const PIECE_BYTES: usize = 256 << 10;

/// The bytes of an export in files.
#[derive(Debug)]
pub(crate) struct Files {
    paths: Vec<PathBuf>,
    amount: Amount,
}

impl Files {
    /// Writes them.
    pub(crate) async fn write(system: &System, dataset: &Dataset) -> Self {
        let folder = system.stack.folder.path().join("ndjson");
        let (source, slices, amount) = (system.source(), dataset.slices(), dataset.amount);
        let paths = tokio::task::spawn_blocking(move || {
            fs::create_dir_all(&folder).expect("a folder can be made");
            let mut out = Rotating {
                folder,
                paths: Vec::new(),
                file: None,
                room: 0,
            };
            for slice in &slices {
                read::each(&source, slice, |body| out.line(body));
            }
            out.end()
        });
        Self {
            paths: paths.await.expect("the files can be written"),
            amount,
        }
    }

    /// Gives the files to the node, so many at once, and pins them: two stretches of time.
    pub(crate) async fn add(&self, system: &System, at_once: usize) -> (Measured, Measured) {
        let node = &system.stack.kubo.api_url;
        let meter = Meter::start(targets(system));
        let added = stream::iter(&self.paths)
            .map(|path| curl::add(node, path))
            .buffered(at_once);
        let cids: Vec<String> = added.collect().await;
        let adding = Measured {
            usage: meter.stop(),
            amount: self.amount,
        };
        let meter = Meter::start(targets(system));
        for cid in &cids {
            system
                .stack
                .kubo
                .rpc(&format!("pin/add?arg={cid}&name=bench"))
                .await;
        }
        (
            adding,
            Measured {
                usage: meter.stop(),
                amount: self.amount,
            },
        )
    }

    /// Computes SHA-256 and CID of the bytes in memory.
    pub(crate) fn digest(&self) -> Measured {
        let mut total: Option<Measured> = None;
        for path in &self.paths {
            let bytes = fs::read(path).expect("the file can be read");
            let meter = Meter::start(vec![("client", Target::Ourselves)]);
            let mut digester = Digester::new();
            bytes
                .chunks(PIECE_BYTES)
                .for_each(|piece| digester.update(piece));
            let digest = digester.finish();
            let mut usage = meter.stop();
            assert_eq!(digest.bytes, bytes.len() as u64);
            if let Some(before) = &total {
                usage.wall += before.usage.wall;
                usage.others += before.usage.others;
                *usage.cpu.entry("client").or_default() += before.usage.of("client");
            }
            total = Some(Measured {
                usage,
                amount: self.amount,
            });
        }
        total.expect("there is a file")
    }
}

fn targets(system: &System) -> crate::cpu::Targets {
    vec![system.kubo(), ("client", Target::Ourselves)]
}

struct Rotating {
    folder: PathBuf,
    paths: Vec<PathBuf>,
    file: Option<BufWriter<File>>,
    room: u64,
}

impl Rotating {
    fn line(&mut self, body: &str) {
        if self.room == 0 {
            let path = self.folder.join(format!("{}.ndjson", self.paths.len()));
            let file = File::create(&path).expect("a file can be written");
            self.file = Some(BufWriter::with_capacity(PIECE_BYTES, file));
            self.paths.push(path);
            self.room = FILE_BYTES;
        }
        let file = self.file.as_mut().expect("a file is open");
        file.write_all(body.as_bytes())
            .and_then(|()| file.write_all(b"\n"))
            .expect("a file can be written");
        self.room = self.room.saturating_sub(body.len() as u64 + 1);
    }

    fn end(mut self) -> Vec<PathBuf> {
        if let Some(mut file) = self.file.take() {
            file.flush().expect("a file can be written");
        }
        self.paths
    }
}
