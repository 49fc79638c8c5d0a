//! Round trips, equal bytes for equal files, and files that are not whole or not what they were.

use futures::stream;

use super::*;

const CODED: [Coding; 2] = [Coding::Gzip, Coding::Zstd];

/// Lines that compress about as well as real ones, and differ everywhere.
fn lines(size: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size + 200);
    let mut state = 1_u64;
    while bytes.len() < size {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let id = format!("{state:016x}");
        writeln!(
            bytes,
            "{{\"resourceType\":\"Observation\",\"id\":\"{id}\",\"status\":\"final\",\"value\":{}}}",
            state >> 40
        )
        .unwrap();
    }
    bytes.truncate(size);
    bytes
}

fn coded<'a>(coding: Coding, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Bytes>, Decoded) {
    let mut encoder = Encoder::new(coding).unwrap();
    let mut given = Vec::new();
    for piece in pieces {
        let give = |bytes| -> io::Result<()> {
            given.push(bytes);
            Ok(())
        };
        encoder.push(piece, give).unwrap();
    }
    let (last, decoded) = encoder.finish().unwrap();
    given.push(last);
    (given, decoded)
}

fn written(coding: Coding, stored: &[u8]) -> io::Result<(Vec<u8>, Decoded)> {
    let mut decoder = Decoder::new(coding, Vec::new())?;
    for piece in stored.chunks(10_000) {
        decoder.write_all(piece)?;
    }
    decoder.finish()
}

fn chunks(stored: &[u8], end: Option<Error>) -> Chunks {
    let chunks: Vec<_> = stored
        .chunks(50_000)
        .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
        .chain(end.map(Err))
        .collect();
    stream::iter(chunks).boxed()
}

/// Decodes a stream, and gives what came and how it ended.
async fn streamed(coding: Coding, stored: Chunks, size: u64) -> (Vec<u8>, Result<(), Error>) {
    let mut stream = decoded(stored, coding, size);
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(error) => return (bytes, Err(error)),
        }
    }
    (bytes, Ok(()))
}

#[tokio::test]
async fn what_is_coded_is_decoded_again_by_writer_and_by_stream() {
    for coding in Coding::ALL {
        for size in [1, 100, 1 << 20, 3_000_001] {
            let plain = lines(size);
            let (given, facts) = coded(coding, plain.chunks(300_000));
            let stored = given.concat();
            let expected = Decoded {
                lines: memchr::memchr_iter(b'\n', &plain).count() as u64,
                bytes: size as u64,
            };
            assert_eq!(facts, expected, "{coding} {size}");
            let (bytes, found) = written(coding, &stored).unwrap();
            assert!(bytes == plain && found == expected, "{coding} {size}");
            let (bytes, end) = streamed(coding, chunks(&stored, None), size as u64).await;
            assert!(bytes == plain && end.is_ok(), "{coding} {size} {end:?}");
            if coding != Coding::Identity && size > 100 {
                assert!(stored.len() < size / 2, "{coding} {size}: {}", stored.len());
            }
        }
    }
}

#[test]
fn equal_files_are_equal_bytes_however_they_are_cut() {
    let plain = lines(2_500_000);
    for coding in CODED {
        let whole = coded(coding, [&plain[..]]).0.concat();
        for size in [997, 4096, 65_536, 262_144, 262_145, 700_000] {
            let cut = coded(coding, plain.chunks(size)).0.concat();
            assert!(cut == whole, "{coding} in pieces of {size} bytes");
        }
    }
}

#[test]
fn a_gzip_header_holds_neither_time_nor_name() {
    let stored = coded(Coding::Gzip, [&b"{}\n"[..]]).0.concat();
    assert_eq!(stored[..4], [0x1f, 0x8b, 8, 0], "no flags");
    assert_eq!(stored[4..8], [0; 4], "no time");
}

#[test]
fn a_zstd_file_carries_its_checksum() {
    let stored = coded(Coding::Zstd, [&b"{}\n"[..]]).0.concat();
    assert_eq!(stored[..4], 0xFD2F_B528_u32.to_le_bytes());
    assert_eq!(stored[4] & 0b100, 0b100);
}

#[test]
fn coded_bytes_are_given_out_in_bounded_pieces() {
    // What cannot be compressed comes out as large as it went in.
    let mut state = 7_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    })
    .take(5 << 20)
    .collect();
    for coding in Coding::ALL {
        let given = coded(coding, [&noise[..]]).0;
        assert!(given.len() > 5, "{coding}");
        assert!(given.iter().all(|bytes| bytes.len() <= 2 * PIECE_BYTES));
    }
}

#[tokio::test]
async fn a_file_that_was_cut_off_never_ends_well() {
    let plain = lines(400_000);
    for coding in CODED {
        let stored = coded(coding, [&plain[..]]).0.concat();
        for missing in [1, 4, 9, 1000, stored.len() - 1, stored.len()] {
            let cut = &stored[..stored.len() - missing];
            assert!(written(coding, cut).is_err(), "{coding} without {missing}");
            let (bytes, end) = streamed(coding, chunks(cut, None), 400_000).await;
            assert!(
                end.is_err() && bytes.len() < plain.len(),
                "{coding} without {missing}"
            );
        }
    }
}

#[tokio::test]
async fn a_changed_byte_never_ends_well() {
    let plain = lines(400_000);
    for coding in CODED {
        let stored = coded(coding, [&plain[..]]).0.concat();
        for place in [0, stored.len() / 2, stored.len() - 9, stored.len() - 1] {
            let mut changed = stored.clone();
            changed[place] ^= 0x10;
            assert!(written(coding, &changed).is_err(), "{coding} at {place}");
            let (bytes, end) = streamed(coding, chunks(&changed, None), 400_000).await;
            assert!(
                end.is_err() && bytes.len() < plain.len(),
                "{coding} at {place}"
            );
        }
    }
}

#[tokio::test]
async fn the_verdict_about_the_stored_bytes_comes_before_the_last_decoded_ones() {
    let plain = lines(400_000);
    for coding in CODED {
        let stored = coded(coding, [&plain[..]]).0.concat();
        let (bytes, end) = streamed(coding, chunks(&stored, Some(Error::NotFound)), 400_000).await;
        assert!(matches!(end, Err(Error::NotFound)), "{coding}: {end:?}");
        assert!(bytes.len() < plain.len(), "{coding}");
    }
}

#[tokio::test]
async fn another_decoded_size_than_the_recorded_one_never_ends_well() {
    let plain = lines(400_000);
    for coding in CODED {
        let stored = coded(coding, [&plain[..]]).0.concat();
        for size in [0, 1, 399_999, 400_001] {
            let (bytes, end) = streamed(coding, chunks(&stored, None), size).await;
            assert!(matches!(end, Err(Error::Corrupt(_))), "{coding} {size}");
            assert!(bytes.len() < plain.len() && bytes.len() as u64 <= size);
        }
    }
}
