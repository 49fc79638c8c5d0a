use std::io::Write as _;

use bulk_export_ipfs::Decoder;

use super::*;

/// Runs messages through the codec; gives what it tells, and the messages that come out.
fn run(messages: Vec<Message>) -> (Result<Vec<Decoded>, Failure>, Vec<Message>) {
    let (sender, receiver) = mpsc::channel(100);
    for message in messages {
        sender.try_send(message).unwrap();
    }
    drop(sender);
    let (sender, mut coded) = mpsc::channel(100);
    let told = encode(Coding::Gzip, receiver, &sender);
    drop(sender);
    let mut out = Vec::new();
    while let Ok(message) = coded.try_recv() {
        out.push(message);
    }
    (told, out)
}

fn bytes(text: &'static str) -> Message {
    Message::Bytes(Bytes::from_static(text.as_bytes()))
}

/// Decodes the files among messages, as the upload would cut them.
fn files(messages: Vec<Message>) -> Vec<String> {
    let (mut files, mut stored) = (Vec::new(), Vec::new());
    for message in messages {
        match message {
            Message::Bytes(bytes) => stored.extend_from_slice(&bytes),
            Message::NextFile | Message::End if stored.is_empty() => {}
            Message::NextFile | Message::End => {
                let mut decoder = Decoder::new(Coding::Gzip, Vec::new()).unwrap();
                decoder.write_all(&std::mem::take(&mut stored)).unwrap();
                files.push(String::from_utf8(decoder.finish().unwrap().0).unwrap());
            }
        }
    }
    files
}

#[test]
fn each_file_is_coded_by_itself_and_told_of_in_its_order() {
    let (told, out) = run(vec![
        bytes("{}\n"),
        bytes("{\"a\":1}\n"),
        Message::NextFile,
        bytes("[]\n"),
        Message::End,
    ]);
    let expected = [(2, 11), (1, 3)].map(|(lines, bytes)| Decoded { lines, bytes });
    assert_eq!(told.unwrap(), expected);
    assert!(matches!(out.last(), Some(Message::End)));
    assert_eq!(files(out), ["{}\n{\"a\":1}\n", "[]\n"]);
}

#[test]
fn where_there_are_no_bytes_there_is_no_file() {
    let (told, out) = run(vec![bytes("{}\n"), Message::NextFile, Message::End]);
    assert_eq!((told.unwrap().len(), files(out).len()), (1, 1));
    let (told, out) = run(vec![Message::End]);
    assert_eq!(told.unwrap(), []);
    assert!(matches!(out[..], [Message::End]));
}

#[test]
fn a_reader_that_is_gone_without_a_word_never_looks_like_an_end() {
    let (told, out) = run(vec![bytes("{}\n")]);
    assert!(matches!(told, Err(Failure::Lost)));
    assert!(
        !out.iter()
            .any(|message| matches!(message, Message::NextFile | Message::End))
    );
}

#[test]
fn an_upload_that_is_gone_ends_the_codec() {
    let (sender, receiver) = mpsc::channel(100);
    sender.try_send(bytes("{}\n")).unwrap();
    sender.try_send(Message::End).unwrap();
    let (coded, gone) = mpsc::channel(1);
    drop(gone);
    assert!(matches!(
        encode(Coding::Zstd, receiver, &coded),
        Err(Failure::Lost)
    ));
    assert!(sender.is_closed(), "the reader sees it too");
}
