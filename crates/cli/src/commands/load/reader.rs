//! The thread that reads files and makes batches of them, a few ahead of the database. Whatever the files hold, what it
//! holds is bounded: two batches, one line, and a Bundle where Bundles are read.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::SyncSender,
    },
};

use bulk_export_store::load::Batch;

use super::{
    bundle::Bundle,
    input::Input,
    lines::{Line, Lines},
    rejects::{Place, Reject},
    resource::{Head, Reason},
};

/// A Bundle is read as a whole, so it has a limit.
const BUNDLE_BYTES: u64 = 512 << 20;

/// Rejected texts are held until their batch is done: no more of them than this.
const REJECTED_BYTES: usize = 4 << 20;

/// What the files hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A resource a line.
    Lines,
    /// A Bundle a file.
    Bundle,
}

impl Form {
    /// Gives the place of what has that number in its file.
    pub(super) const fn place(self, number: u64) -> Place {
        match self {
            Self::Lines => Place::Line(number),
            Self::Bundle => Place::Entry(number),
        }
    }
}

/// What the thread tells.
pub(super) enum Event {
    /// Resources of one file, in its order.
    Work(Work),
    /// A file is done.
    End(End),
}

/// How a file was done: read to its end, or not read on after that many lines.
pub(super) type End = Result<(), (u64, io::Error)>;

/// Resources to load, and what could not be read between them.
pub(super) struct Work {
    pub(super) batch: Batch,
    pub(super) rejects: Vec<Reject>,
    /// Bytes that all files have given so far.
    pub(super) read: u64,
    /// References that name no entry of their Bundle.
    pub(super) unknown_references: u64,
}

/// The receiver is gone: the command ends.
struct Gone;

/// Reads files.
pub(super) struct Reader {
    form: Form,
    limit: usize,
    bundle_limit: u64,
    events: SyncSender<Event>,
    read: Arc<AtomicU64>,
    batch: Batch,
    rejects: Vec<Reject>,
    rejected_bytes: usize,
    unknown_references: u64,
}

impl Reader {
    /// Makes one for resources of at most `limit` bytes.
    pub(super) fn new(form: Form, limit: usize, events: SyncSender<Event>) -> Self {
        Self {
            form,
            limit,
            bundle_limit: BUNDLE_BYTES,
            events,
            read: Arc::default(),
            batch: Batch::new(),
            rejects: Vec::new(),
            rejected_bytes: 0,
            unknown_references: 0,
        }
    }

    /// Reads all files, one after the other, until nobody wants more.
    pub(super) fn run(mut self, inputs: &[Input]) {
        for input in inputs {
            let Ok(end) = self.file(input) else {
                return;
            };
            if self.send().is_err() || self.events.send(Event::End(end)).is_err() {
                return;
            }
        }
    }

    fn file(&mut self, input: &Input) -> Result<End, Gone> {
        let opened = match input.open(&self.read) {
            Ok(opened) => opened,
            Err(error) => return Ok(Err((0, error))),
        };
        match self.form {
            Form::Lines => self.lines(opened),
            Form::Bundle => self.bundle(opened),
        }
    }

    fn lines(&mut self, input: impl io::BufRead) -> Result<End, Gone> {
        let (mut lines, mut line, mut first) = (Lines::new(input, self.limit), Vec::new(), true);
        loop {
            let found = match lines.next(&mut line) {
                Ok(Some(found)) => found,
                Ok(None) => return Ok(Ok(())),
                Err(error) => return Ok(Err((lines.number(), error))),
            };
            let place = Place::Line(lines.number());
            if found == Line::TooLong {
                self.reject(place, &Reason::TooLong(self.limit), None)?;
            } else if std::mem::take(&mut first) && matches!(line.trim_ascii(), b"{" | b"[") {
                // Every line of a pretty-printed file would be rejected: all of it, several times as large.
                self.reject(Place::File, &Reason::NotNdjson, None)?;
                return Ok(Ok(()));
            } else {
                self.line(lines.number(), &line)?;
            }
            first = false;
        }
    }

    fn line(&mut self, number: u64, line: &[u8]) -> Result<(), Gone> {
        let text = match std::str::from_utf8(line) {
            Ok(text) => text,
            Err(error) => {
                let text = String::from_utf8_lossy(line).into_owned();
                let reason = Reason::NotUtf8(error.valid_up_to() + 1);
                return self.reject(Place::Line(number), &reason, Some(text));
            }
        };
        let head = Head::read(text);
        match head.and_then(|head| Ok((head.resource_type, head.id.ok_or(Reason::NoId)?))) {
            Ok((kind, id)) => self.push(number, kind.as_str(), &id, text),
            Err(reason) => self.reject(Place::Line(number), &reason, Some(text.to_owned())),
        }
    }

    fn bundle(&mut self, input: impl Read) -> Result<End, Gone> {
        let mut bytes = Vec::new();
        if let Err(error) = input.take(self.bundle_limit + 1).read_to_end(&mut bytes) {
            return Ok(Err((0, error)));
        }
        if bytes.len() as u64 > self.bundle_limit {
            self.reject(
                Place::File,
                &Reason::BundleTooLarge(self.bundle_limit),
                None,
            )?;
            return Ok(Ok(()));
        }
        let json = String::from_utf8(bytes).map_err(|_| Reason::NotABundle("not UTF-8".to_owned()));
        let bundle = json
            .as_deref()
            .map_err(Clone::clone)
            .and_then(|json| Bundle::read(json.strip_prefix('\u{feff}').unwrap_or(json)));
        match bundle {
            Ok(bundle) => self.entries(bundle)?,
            Err(reason) => self.reject(Place::File, &reason, None)?,
        }
        Ok(Ok(()))
    }

    fn entries(&mut self, bundle: Bundle<'_>) -> Result<(), Gone> {
        for item in bundle.into_items() {
            self.unknown_references += item.unknown_references;
            let place = Place::Entry(item.number);
            match (item.outcome, item.line) {
                (Ok(_), Some(line)) if line.len() > self.limit => {
                    self.reject(place, &Reason::TooLong(self.limit), None)?;
                }
                (Ok((kind, id)), Some(line)) => {
                    self.push(item.number, kind.as_str(), &id, &line)?;
                }
                (Ok(_), None) => self.reject(place, &Reason::NoResource, None)?,
                (Err(reason), line) => self.reject(place, &reason, line)?,
            }
        }
        Ok(())
    }

    fn push(&mut self, number: u64, kind: &str, id: &str, body: &str) -> Result<(), Gone> {
        if !self.batch.has_room(body.len()) {
            self.send()?;
        }
        self.batch.push(number, kind, id, body);
        Ok(())
    }

    fn reject(&mut self, place: Place, reason: &Reason, text: Option<String>) -> Result<(), Gone> {
        self.rejected_bytes += 256 + text.as_ref().map_or(0, String::len);
        self.rejects.push(Reject::new(place, reason, text));
        if self.rejected_bytes > REJECTED_BYTES {
            self.send()?;
        }
        Ok(())
    }

    fn send(&mut self) -> Result<(), Gone> {
        self.rejected_bytes = 0;
        let work = Work {
            batch: std::mem::replace(&mut self.batch, Batch::new()),
            rejects: std::mem::take(&mut self.rejects),
            read: self.read.load(Ordering::Relaxed),
            unknown_references: std::mem::take(&mut self.unknown_references),
        };
        self.events.send(Event::Work(work)).map_err(|_| Gone)
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::mpsc::sync_channel};

    use super::*;

    /// The resources' places with their ids, and the rejects' places with their reasons.
    type Found = (Vec<(u64, String)>, Vec<(Place, String)>);

    fn read(form: Form, content: &[u8]) -> Found {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, content).unwrap();
        let (sender, events) = sync_channel(1_000);
        let mut reader = Reader::new(form, 1_000, sender);
        reader.bundle_limit = 10_000;
        reader.run(&[Input::new(&path)]);
        let (mut resources, mut rejects) = (Vec::new(), Vec::new());
        for event in events {
            match event {
                Event::Work(work) => {
                    for row in 0..work.batch.len() {
                        let head = Head::read(work.batch.body(row)).unwrap();
                        resources.push((work.batch.line(row), head.id.unwrap().into_owned()));
                    }
                    rejects.extend(work.rejects.into_iter().map(|r| (r.place, r.reason)));
                }
                Event::End(end) => end.unwrap(),
            }
        }
        (resources, rejects)
    }

    #[test]
    fn good_and_bad_lines_keep_their_places() {
        let mut content =
            b"\xef\xbb\xbf{\"resourceType\":\"Patient\",\"id\":\"a\"}\r\n\nx\n".to_vec();
        content.extend(b"{\"resourceType\":\"Patient\",\"id\":\"b\",\"x\":\"\xff\"}\n");
        content.extend(
            [
                &b" ".repeat(2_000)[..],
                b"\n{\"resourceType\":\"Patient\",\"id\":\"c\"}",
            ]
            .concat(),
        );
        let (resources, rejects) = read(Form::Lines, &content);
        assert_eq!(resources, [(1, "a".to_owned()), (6, "c".to_owned())]);
        let places: Vec<_> = rejects.iter().map(|(place, _)| *place).collect();
        assert_eq!(places, [Place::Line(3), Place::Line(4), Place::Line(5)]);
        assert!(
            rejects[1].1.starts_with("not UTF-8 from byte 41 on"),
            "{}",
            rejects[1].1
        );
        assert!(rejects[2].1.starts_with("longer than 1000 bytes"));
    }

    #[test]
    fn a_pretty_printed_file_is_rejected_once() {
        for content in [
            "\n{\n \"resourceType\": \"Patient\",\n \"id\": \"a\"\n}\n",
            "[\n{}]",
        ] {
            let (resources, rejects) = read(Form::Lines, content.as_bytes());
            assert_eq!(resources, []);
            assert_eq!(rejects.len(), 1);
            assert_eq!(rejects[0].0, Place::File);
        }
    }

    #[test]
    fn a_bundles_entries_keep_their_places() {
        let json = "\u{feff}{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[
            {},{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"a\"}}]}";
        let (resources, rejects) = read(Form::Bundle, json.as_bytes());
        assert_eq!(resources, [(1, "a".to_owned())]);
        assert_eq!(rejects, [(Place::Entry(0), Reason::NoResource.to_string())]);
        let (_, rejects) = read(Form::Bundle, b"{\"a\":\"\xff\"}");
        assert_eq!(rejects[0].0, Place::File);
        assert!(rejects[0].1.contains("not UTF-8"));
        let large = json.to_owned() + &" ".repeat(10_001 - json.len());
        let (_, rejects) = read(Form::Bundle, large.as_bytes());
        assert_eq!(
            rejects,
            [(Place::File, Reason::BundleTooLarge(10_000).to_string())]
        );
        assert_eq!(read(Form::Bundle, &large.as_bytes()[..10_000]).0, resources);
    }

    #[test]
    fn what_is_rejected_does_not_gather_and_a_missing_file_is_told() {
        let (sender, events) = sync_channel(1);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "x\n".repeat(100_000)).unwrap();
        let inputs = [Input::new(&path), Input::new(Path::new("/no/such/file"))];
        let reader = Reader::new(Form::Lines, 1_000, sender);
        let reader = std::thread::spawn(move || reader.run(&inputs));
        let mut most = 0;
        let mut ends = Vec::new();
        for event in events {
            match event {
                Event::Work(work) => most = most.max(work.rejects.len()),
                Event::End(end) => ends.push(end.is_ok()),
            }
        }
        reader.join().unwrap();
        assert!((1..20_000).contains(&most), "{most}");
        assert_eq!(ends, [true, false]);
    }
}
