//! Downloads from a local server that misbehaves in the ways servers do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail as tests do")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::{Digest, Sha256};
use twinprint_dataset::Manifest;
use twinprint_dataset::fetch::{Event, FetchError, Options, Outcome, RECORD, Report, Trust, fetch};

/// What the server does with the n-th request for a file; the last behaviour stays.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Behaviour {
    Serve,
    /// Closes the connection after so many bytes of the body.
    Truncate(usize),
    /// Sends so many bytes and then nothing, without closing.
    Stall(usize),
    /// Flips a bit.
    Corrupt,
    /// States a length that is so much off, and sends that much where it can.
    Lie(i64),
    /// Answers with this status.
    Status(u16),
    /// Serves the whole file whatever was asked for.
    IgnoreRange,
    /// Answers a range with another range.
    WrongRange,
    /// Sends neither length nor chunks, and closes.
    NoLength,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, (Vec<u8>, Vec<Behaviour>)>,
    requests: Mutex<Vec<(String, Option<usize>)>>,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

struct Server {
    state: Arc<State>,
    url: String,
}

impl Server {
    fn start(files: &[(&str, &[u8], &[Behaviour])]) -> Self {
        let mut state = State::default();
        for (path, bytes, behaviours) in files {
            state.files.insert((*path).to_owned(), (bytes.to_vec(), behaviours.to_vec()));
        }
        let state = Arc::new(state);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || {
                    let open = state.open.fetch_add(1, Ordering::SeqCst) + 1;
                    state.most_open.fetch_max(open, Ordering::SeqCst);
                    let _ = answer(&state, stream);
                    state.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { state, url }
    }

    /// The first bytes asked for, in order, for one file.
    fn ranges(&self, path: &str) -> Vec<Option<usize>> {
        let requests = self.state.requests.lock().unwrap();
        requests.iter().filter(|(asked, _)| asked == path).map(|(_, range)| *range).collect()
    }
}

fn answer(state: &State, mut stream: TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    let path = first.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
    let mut range = None;
    for line in lines {
        let line = line?.to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(start) = line.strip_prefix("range: bytes=") {
            range = start.trim_end_matches('-').parse().ok();
        }
    }
    let Some((bytes, behaviours)) = state.files.get(&path) else {
        return write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    };
    let count = {
        let mut requests = state.requests.lock().unwrap();
        requests.push((path.clone(), range));
        requests.iter().filter(|(asked, _)| *asked == path).count()
    };
    let behaviour = behaviours.get(count - 1).or(behaviours.last()).copied().unwrap_or(Behaviour::Serve);
    // Long enough for streams to overlap.
    std::thread::sleep(Duration::from_millis(20));
    respond(stream, bytes, range, behaviour)
}

fn respond(
    mut stream: TcpStream,
    bytes: &[u8],
    range: Option<usize>,
    behaviour: Behaviour,
) -> std::io::Result<()> {
    let start = match behaviour {
        Behaviour::IgnoreRange | Behaviour::NoLength => 0,
        _ => range.unwrap_or(0),
    };
    if start > 0 && start >= bytes.len() {
        return write!(
            stream,
            "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
    }
    let mut body = bytes[start..].to_vec();
    if let Behaviour::Status(code) = behaviour {
        return write!(
            stream,
            "HTTP/1.1 {code} Sorry\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
    }
    let mut length = body.len() as i64;
    match behaviour {
        Behaviour::Corrupt => body[0] ^= 1,
        Behaviour::Lie(by) => length += by,
        _ => {}
    }
    if range.is_some() && behaviour != Behaviour::IgnoreRange {
        let claimed = if behaviour == Behaviour::WrongRange { start + 1 } else { start };
        write!(
            stream,
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {claimed}-{}/{}\r\n",
            bytes.len() - 1,
            bytes.len()
        )?;
    } else {
        write!(stream, "HTTP/1.1 200 OK\r\n")?;
    }
    if behaviour != Behaviour::NoLength {
        write!(stream, "Content-Length: {length}\r\n")?;
    }
    write!(stream, "ETag: \"v1\"\r\nConnection: close\r\n\r\n")?;
    match behaviour {
        Behaviour::Truncate(at) => stream.write_all(&body[..at.min(body.len())]),
        Behaviour::Stall(at) => {
            stream.write_all(&body[..at.min(body.len())])?;
            stream.flush()?;
            std::thread::sleep(Duration::from_secs(3));
            Ok(())
        }
        Behaviour::Lie(by) if by < 0 => stream.write_all(&body[..length as usize]),
        _ => stream.write_all(&body),
    }
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn content(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i * 31 % 251) as u8).collect()
}

/// A manifest of files whose sum is known or not.
fn manifest(files: &[(&str, Option<String>)]) -> Manifest {
    let mut text = String::from(
        "name = \"t\"\ntitle = \"t\"\nhomepage = \"h\"\nlicence = \"CC0-1.0\"\ncitation = []\nlayout = { kind = \"bids\" }\n",
    );
    for (path, sum) in files {
        text += &format!("[[files]]\npath = {path:?}\n");
        text += &sum.as_ref().map(|s| format!("sha256 = {s:?}\n")).unwrap_or_default();
    }
    Manifest::parse("t", &text).unwrap()
}

fn options(to: &Path, server: &Server) -> Options {
    Options {
        mirror: Some(server.url.clone()),
        delay: Duration::from_millis(1),
        stall_timeout: Duration::from_millis(300),
        retries: 3,
        ..Options::new(to)
    }
}

fn quiet(_: Event<'_>) {}

/// Downloads `a.bin` of `size` bytes from a server that behaves so, with its sum known.
fn one(
    size: usize,
    behaviours: &[Behaviour],
) -> (Result<Report, FetchError>, Server, tempfile::TempDir, Vec<u8>) {
    let bytes = content(size);
    let server = Server::start(&[("a.bin", &bytes, behaviours)]);
    let folder = tempfile::tempdir().unwrap();
    let result = fetch(&manifest(&[("a.bin", Some(sum(&bytes)))]), &options(folder.path(), &server), &quiet);
    (result, server, folder, bytes)
}

fn assert_arrived(behaviours: &[Behaviour]) -> Server {
    let (result, server, folder, bytes) = one(100_000, behaviours);
    let report = result.unwrap();
    assert_eq!(report.files, [("a.bin".to_owned(), Outcome::Downloaded(Trust::Verified))]);
    assert_eq!(std::fs::read(folder.path().join("a.bin")).unwrap(), bytes);
    assert!(!folder.path().join("a.bin.part").exists());
    server
}

fn assert_refused(behaviours: &[Behaviour], reason: &str) {
    let (result, _server, folder, _) = one(100_000, behaviours);
    let error = result.unwrap_err();
    assert!(error.to_string().contains(reason), "{error}");
    assert!(!folder.path().join("a.bin").exists(), "a bad download has its final name");
}

#[test]
fn a_file_arrives_whole_and_verified() {
    assert_eq!(assert_arrived(&[Behaviour::Serve]).ranges("a.bin"), [None]);
}

#[test]
fn a_truncated_file_is_resumed_where_it_broke_off() {
    let server =
        assert_arrived(&[Behaviour::Truncate(40_000), Behaviour::Truncate(10_000), Behaviour::Serve]);
    assert_eq!(server.ranges("a.bin"), [None, Some(40_000), Some(50_000)]);
}

#[test]
fn a_stalled_connection_is_given_up_and_resumed() {
    let server = assert_arrived(&[Behaviour::Stall(30_000), Behaviour::Serve]);
    assert_eq!(server.ranges("a.bin"), [None, Some(30_000)]);
}

#[test]
fn a_corrupt_file_is_thrown_away_and_asked_for_from_the_start() {
    let server = assert_arrived(&[Behaviour::Corrupt, Behaviour::Serve]);
    assert_eq!(server.ranges("a.bin"), [None, None]);
}

#[test]
fn a_busy_server_is_asked_again() {
    assert_arrived(&[Behaviour::Status(503), Behaviour::Status(429), Behaviour::Serve]);
}

#[test]
fn a_server_that_refuses_ranges_sends_the_file_from_the_start() {
    assert_arrived(&[Behaviour::Truncate(40_000), Behaviour::IgnoreRange]);
}

#[test]
fn a_range_other_than_the_one_asked_for_is_not_used() {
    let server = assert_arrived(&[Behaviour::Truncate(40_000), Behaviour::WrongRange, Behaviour::Serve]);
    assert_eq!(server.ranges("a.bin"), [None, Some(40_000), None]);
}

#[test]
fn a_server_that_stays_bad_never_gives_a_file_its_name() {
    assert_refused(&[Behaviour::Corrupt], "SHA-256");
    assert_refused(&[Behaviour::Truncate(0)], "attempt 4 of 4");
    assert_refused(&[Behaviour::Lie(-5_000)], "SHA-256");
    assert_refused(&[Behaviour::Lie(5_000)], "attempt 4 of 4");
    assert_refused(&[Behaviour::Status(503)], "503");
    assert_refused(&[Behaviour::Status(403)], "403");
}

#[test]
fn a_lasting_refusal_is_not_repeated() {
    let (result, server, _folder, _) = one(10, &[Behaviour::Status(403)]);
    assert!(result.is_err());
    assert_eq!(server.ranges("a.bin").len(), 1);
}

#[test]
fn an_interrupted_download_goes_on_where_it_stopped() {
    let bytes = content(50_000);
    let server = Server::start(&[("a.bin", &bytes, &[Behaviour::Serve])]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.bin.part"), &bytes[..20_000]).unwrap();
    fetch(&manifest(&[("a.bin", Some(sum(&bytes)))]), &options(folder.path(), &server), &quiet).unwrap();
    assert_eq!(server.ranges("a.bin"), [Some(20_000)]);
    assert_eq!(std::fs::read(folder.path().join("a.bin")).unwrap(), bytes);
}

#[test]
fn a_partial_file_of_something_else_is_thrown_away() {
    let bytes = content(50_000);
    let server = Server::start(&[("a.bin", &bytes, &[Behaviour::Serve])]);
    for leftover in [vec![7; 20_000], vec![7; 50_000], vec![7; 90_000]] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.bin.part"), leftover).unwrap();
        fetch(&manifest(&[("a.bin", Some(sum(&bytes)))]), &options(folder.path(), &server), &quiet).unwrap();
        assert_eq!(std::fs::read(folder.path().join("a.bin")).unwrap(), bytes);
    }
}

#[test]
fn a_file_that_is_there_is_verified_and_kept() {
    let (_, server, folder, bytes) = one(1_000, &[Behaviour::Serve]);
    let known = manifest(&[("a.bin", Some(sum(&bytes)))]);
    let report = fetch(&known, &options(folder.path(), &server), &quiet).unwrap();
    assert_eq!(report.files[0].1, Outcome::Kept(Trust::Verified));
    assert_eq!(server.ranges("a.bin").len(), 1, "nothing is downloaded twice");
}

#[test]
fn a_changed_file_is_replaced_only_when_asked() {
    let (_, server, folder, bytes) = one(1_000, &[Behaviour::Serve]);
    let known = manifest(&[("a.bin", Some(sum(&bytes)))]);
    std::fs::write(folder.path().join("a.bin"), b"mine").unwrap();
    let error = fetch(&known, &options(folder.path(), &server), &quiet).unwrap_err();
    assert!(error.to_string().contains("there already"), "{error}");
    assert_eq!(std::fs::read(folder.path().join("a.bin")).unwrap(), b"mine");
    let replace = Options { replace: true, ..options(folder.path(), &server) };
    fetch(&known, &replace, &quiet).unwrap();
    assert_eq!(std::fs::read(folder.path().join("a.bin")).unwrap(), bytes);
}

#[test]
fn a_sum_nobody_publishes_is_recorded_and_holds_next_time() {
    let bytes = content(2_000);
    let server = Server::start(&[("a.bin", &bytes, &[Behaviour::Serve])]);
    let folder = tempfile::tempdir().unwrap();
    let unknown = manifest(&[("a.bin", None)]);
    let report = fetch(&unknown, &options(folder.path(), &server), &quiet).unwrap();
    assert_eq!(report.files[0].1, Outcome::Downloaded(Trust::Recorded));
    let record = std::fs::read_to_string(folder.path().join(RECORD)).unwrap();
    assert_eq!(record, format!("{}  a.bin\n", sum(&bytes)));
    let again = fetch(&unknown, &options(folder.path(), &server), &quiet).unwrap();
    assert_eq!(again.files[0].1, Outcome::Kept(Trust::Verified));
    std::fs::write(folder.path().join("a.bin"), b"changed").unwrap();
    assert!(fetch(&unknown, &options(folder.path(), &server), &quiet).is_err());
}

#[test]
fn the_sources_own_list_of_sums_is_used() {
    let bytes = content(2_000);
    let list = format!("{}  a.bin\n", sum(&bytes));
    let bad = format!("{}  a.bin\n", "0".repeat(64));
    for (list, is_fine) in [(list, true), (bad, false)] {
        let server = Server::start(&[
            ("a.bin", &bytes, &[]),
            ("SUMS", list.as_bytes(), &[Behaviour::Status(503), Behaviour::Serve]),
        ]);
        let folder = tempfile::tempdir().unwrap();
        let mut unknown = manifest(&[("a.bin", None)]);
        unknown.published_checksums = Some("SUMS".to_owned());
        let result = fetch(&unknown, &options(folder.path(), &server), &quiet);
        assert_eq!(result.is_ok(), is_fine);
        assert_eq!(folder.path().join("a.bin").exists(), is_fine);
    }
}

#[test]
fn a_source_without_its_list_is_noted() {
    let bytes = content(2_000);
    let server = Server::start(&[("a.bin", &bytes, &[])]);
    let folder = tempfile::tempdir().unwrap();
    let mut unknown = manifest(&[("a.bin", None)]);
    unknown.published_checksums = Some("SUMS".to_owned());
    let report = fetch(&unknown, &options(folder.path(), &server), &quiet).unwrap();
    assert!(
        report.notices[0].contains("no published checksums") && report.notices[0].contains("404"),
        "{:?}",
        report.notices
    );
}

#[test]
fn without_a_sum_a_file_of_unknown_length_is_refused() {
    let bytes = content(2_000);
    let server = Server::start(&[("a.bin", &bytes, &[Behaviour::NoLength])]);
    let folder = tempfile::tempdir().unwrap();
    let error = fetch(&manifest(&[("a.bin", None)]), &options(folder.path(), &server), &quiet).unwrap_err();
    assert!(error.to_string().contains("how long"), "{error}");
    fetch(&manifest(&[("a.bin", Some(sum(&bytes)))]), &options(folder.path(), &server), &quiet).unwrap();
}

#[test]
fn no_more_is_written_than_the_manifest_knows_the_file_to_have() {
    let (short, long) = (content(2_000), content(3_000_000));
    let server = Server::start(&[("a.bin", &long, &[Behaviour::NoLength; 8])]);
    let folder = tempfile::tempdir().unwrap();
    let mut manifest = manifest(&[("a.bin", Some(sum(&short)))]);
    manifest.files[0].bytes = Some(2_000);
    let error = fetch(&manifest, &options(folder.path(), &server), &quiet).unwrap_err();
    assert!(error.to_string().contains("arrived of 2000"), "{error}");
    let part = folder.path().join("a.bin.part");
    assert!(std::fs::metadata(part).map_or(0, |part| part.len()) <= 2_000);
}

/// An EDF file of one signal and `records` records of 10 samples.
fn edf(records: usize) -> Vec<u8> {
    let mut bytes = format!(
        "{:<8}{:<80}{:<80}01.01.8500.00.00{:<8}{:<44}{:<8}{:<8}{:<4}",
        0, "X", "X", 512, "", records, 1, 1
    );
    bytes += &format!(
        "{:<16}{:<80}{:<8}{:<8}{:<8}{:<8}{:<8}{:<80}{:<8}{:<32}",
        "Cz", "", "uV", -1, 1, -100, 100, "", 10, ""
    );
    let mut bytes = bytes.into_bytes();
    bytes.extend(vec![1; records * 20]);
    bytes
}

#[test]
fn without_a_sum_an_edf_file_must_be_as_long_as_its_header_says() {
    let whole = edf(50);
    for (behaviour, is_fine) in
        [(Behaviour::Serve, true), (Behaviour::Lie(-20), false), (Behaviour::Corrupt, false)]
    {
        let server = Server::start(&[("a.edf", &whole, &[behaviour])]);
        let folder = tempfile::tempdir().unwrap();
        let result = fetch(&manifest(&[("a.edf", None)]), &options(folder.path(), &server), &quiet);
        assert_eq!(result.is_ok(), is_fine, "{behaviour:?}: {result:?}");
        assert_eq!(folder.path().join("a.edf").exists(), is_fine);
    }
}

#[test]
fn many_files_arrive_side_by_side_and_one_failure_stops_no_other() {
    let bytes = content(10_000);
    let names: Vec<String> = (0..12).map(|i| format!("sub-{i}/a.bin")).collect();
    let mut files: Vec<(&str, &[u8], &[Behaviour])> =
        names.iter().map(|n| (n.as_str(), &bytes[..], &[][..])).collect();
    files[3].2 = &[Behaviour::Status(404)];
    let server = Server::start(&files);
    let folder = tempfile::tempdir().unwrap();
    let known: Vec<(&str, Option<String>)> = names.iter().map(|n| (n.as_str(), Some(sum(&bytes)))).collect();
    let events = Mutex::new(Vec::new());
    let record = |event: Event<'_>| events.lock().unwrap().push(format!("{event:?}"));
    let error = fetch(&manifest(&known), &options(folder.path(), &server), &record).unwrap_err();
    let FetchError::Incomplete { failures, report } = error else { panic!("{error}") };
    assert_eq!((failures.len(), report.files.len()), (1, 11));
    assert_eq!(failures[0].path, "sub-3/a.bin");
    assert!(server.state.most_open.load(Ordering::SeqCst) > 1, "streams did not overlap");
    let events = events.into_inner().unwrap();
    assert_eq!(events.iter().filter(|e| e.starts_with("Finished")).count(), 11);
    assert_eq!(events.iter().filter(|e| e.starts_with("Failed")).count(), 1);
}

#[test]
fn a_folder_serves_as_a_mirror() {
    let bytes = content(3_000);
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::create_dir(from.path().join("my data")).unwrap();
    std::fs::write(from.path().join("my data/a.bin"), &bytes).unwrap();
    let mirror = Some(format!("file://{}/my%20data/", from.path().display()));
    let options = Options { mirror, delay: Duration::ZERO, ..Options::new(to.path()) };
    fetch(&manifest(&[("a.bin", Some(sum(&bytes)))]), &options, &quiet).unwrap();
    assert_eq!(std::fs::read(to.path().join("a.bin")).unwrap(), bytes);
    let error = fetch(&manifest(&[("b.bin", None)]), &options, &quiet).unwrap_err();
    assert!(error.to_string().contains("b.bin"), "{error}");
}

#[test]
fn when_one_source_has_no_file_the_next_is_asked() {
    let bytes = content(3_000);
    let (empty, full) = (Server::start(&[]), Server::start(&[("a.bin", &bytes, &[])]));
    let folder = tempfile::tempdir().unwrap();
    let mut known = manifest(&[("a.bin", Some(sum(&bytes)))]);
    known.sources = vec![empty.url.clone(), full.url.clone()];
    let options = Options { mirror: None, ..options(folder.path(), &empty) };
    fetch(&known, &options, &quiet).unwrap();
}

#[test]
fn only_the_files_asked_for_are_downloaded() {
    let bytes = content(100);
    let server = Server::start(&[("S001/a", &bytes, &[]), ("S002/a", &bytes, &[])]);
    let folder = tempfile::tempdir().unwrap();
    let both = manifest(&[("S001/a", None), ("S002/a", None)]);
    let some = Options { only: vec!["S002/".to_owned()], ..options(folder.path(), &server) };
    assert_eq!(fetch(&both, &some, &quiet).unwrap().files.len(), 1);
    let none = Options { only: vec!["S9".to_owned()], ..some };
    assert!(fetch(&both, &none, &quiet).unwrap_err().to_string().contains("begins like that"));
}

#[test]
fn options_out_of_range_are_refused() {
    let server = Server::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let base = || options(folder.path(), &server);
    let known = manifest(&[("a.bin", None)]);
    for (options, part) in [
        (Options { parallel: 0, ..base() }, "parallel"),
        (Options { parallel: 33, ..base() }, "parallel"),
        (Options { stall_timeout: Duration::ZERO, ..base() }, "stall_timeout"),
        (Options { connect_timeout: Duration::ZERO, ..base() }, "connect_timeout"),
        (Options { mirror: Some("/home/me".to_owned()), ..base() }, "file://"),
        (Options { mirror: None, ..base() }, "--mirror"),
        (Options { proxy: Some("nonsense://x".to_owned()), ..base() }, "proxy"),
    ] {
        let error = fetch(&known, &options, &quiet).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}
