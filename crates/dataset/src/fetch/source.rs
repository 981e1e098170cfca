//! Where bytes come from: HTTP servers and folders.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use ureq::Agent;
use ureq::http::{HeaderMap, StatusCode};

use super::{FetchError, Options};
use crate::manifest::Manifest;

/// The addresses to try, and the client to try them with.
pub(super) struct Sources {
    agent: Agent,
    bases: Vec<String>,
}

/// A file's bytes from some position on.
pub(super) struct Stream {
    pub(super) reader: Box<dyn Read>,
    /// Position of the first byte; 0 where the server does not resume.
    pub(super) start: u64,
    /// Bytes of the whole file, where the server says.
    pub(super) total: Option<u64>,
    /// Whether the end of the stream is told from a broken connection.
    pub(super) is_delimited: bool,
    /// Names this version of the file, for `If-Range`.
    pub(super) version: Option<String>,
}

/// Why an attempt failed.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Trying this source again is no use.
    Lasting(String),
    /// It may be better later; the server may say when.
    Passing(String, Option<Duration>),
    /// What was received so far is of no use; try from the start.
    Restart(String),
}

const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The pause after failed attempt `attempt` (from 0): doubling, no shorter than the server asks, at most a minute.
pub(super) fn pause(delay: Duration, attempt: u32, asked: Option<Duration>) -> Duration {
    delay.saturating_mul(1 << attempt.min(16)).max(asked.unwrap_or_default()).min(LONGEST_PAUSE)
}

impl Sources {
    pub(super) fn new(manifest: &Manifest, options: &Options) -> Result<Self, FetchError> {
        let bases = match &options.mirror {
            Some(mirror) => vec![mirror.clone()],
            None => manifest.sources.clone(),
        };
        if bases.is_empty() {
            return Err(FetchError::NoSource(manifest.name.clone()));
        }
        let is_known =
            |base: &&String| ["http://", "https://", "file://"].iter().any(|s| base.starts_with(s));
        if let Some(odd) = bases.iter().find(|base| !is_known(base)) {
            let limit =
                "an address begins with http://, https:// or file:// (file:///home/me/eegmat for a folder)";
            return Err(FetchError::Option {
                option: "mirror",
                value: format!("{odd:?}"),
                limit: limit.to_owned(),
            });
        }
        let proxy = options.proxy.as_deref().map(ureq::Proxy::new).transpose().map_err(FetchError::Proxy)?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(proxy)
            .user_agent(concat!("twinprint/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(options.connect_timeout))
            .timeout_recv_response(Some(options.stall_timeout))
            .timeout_per_read(Some(options.stall_timeout))
            .build();
        Ok(Self { agent: config.into(), bases })
    }

    pub(super) fn len(&self) -> usize {
        self.bases.len()
    }

    /// Opens a file at source `index`, from byte `from` on if it is still the given version.
    pub(super) fn open(
        &self,
        index: usize,
        path: &str,
        from: u64,
        version: Option<&str>,
    ) -> Result<Stream, Trouble> {
        let base = self.bases[index % self.bases.len()].trim_end_matches('/');
        match base.strip_prefix("file://") {
            Some(folder) => {
                let folder = percent_decode_str(folder).decode_utf8_lossy();
                open_file(&format!("{folder}/{path}"), from)
            }
            None => self.open_url(&format!("{base}/{}", utf8_percent_encode(path, ENDING)), from, version),
        }
    }

    fn open_url(&self, url: &str, from: u64, version: Option<&str>) -> Result<Stream, Trouble> {
        let mut request = self.agent.get(url);
        if from > 0 {
            request = request.header("Range", format!("bytes={from}-"));
            if let Some(version) = version {
                request = request.header("If-Range", version);
            }
        }
        let response = request.call().map_err(|error| Trouble::Passing(format!("{url}: {error}"), None))?;
        let (parts, body) = response.into_parts();
        let headers = &parts.headers;
        let length = number(headers, "content-length");
        let is_chunked =
            text(headers, "transfer-encoding").is_some_and(|e| e.eq_ignore_ascii_case("chunked"));
        let (start, total) = match parts.status {
            StatusCode::OK => (0, length),
            StatusCode::PARTIAL_CONTENT => {
                content_range(headers).filter(|(start, _)| *start == from).ok_or_else(|| {
                    Trouble::Restart(format!("{url}: the server resumes at another place than asked"))
                })?
            }
            StatusCode::RANGE_NOT_SATISFIABLE => {
                return Err(Trouble::Restart(format!(
                    "{url}: the server's file is shorter than what was received"
                )));
            }
            status => return Err(refused(url, status, headers)),
        };
        Ok(Stream {
            reader: Box::new(body.into_reader()),
            start,
            total,
            is_delimited: length.is_some() || is_chunked,
            version: text(headers, "etag")
                .filter(|tag| !tag.starts_with("W/"))
                .or(text(headers, "last-modified"))
                .map(str::to_owned),
        })
    }
}

fn refused(url: &str, status: StatusCode, headers: &HeaderMap) -> Trouble {
    let reason = format!("{url}: the server answers {status}");
    let is_passing = status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS | StatusCode::TOO_EARLY
        );
    if is_passing {
        Trouble::Passing(reason, number(headers, "retry-after").map(Duration::from_secs))
    } else {
        Trouble::Lasting(reason)
    }
}

fn open_file(path: &str, from: u64) -> Result<Stream, Trouble> {
    let failed = |error: std::io::Error| Trouble::Lasting(format!("{path}: {error}"));
    let mut file = File::open(path).map_err(failed)?;
    let entry = file.metadata().map_err(failed)?;
    if entry.is_dir() {
        return Err(Trouble::Lasting(format!("{path} is a folder")));
    }
    let start = if from <= entry.len() { from } else { 0 };
    file.seek(SeekFrom::Start(start)).map_err(failed)?;
    Ok(Stream { reader: Box::new(file), start, total: Some(entry.len()), is_delimited: true, version: None })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name).and_then(|value| value.parse().ok())
}

/// Start and total of `Content-Range: bytes start-end/total`.
fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let (range, total) = text(headers, "content-range")?.strip_prefix("bytes")?.trim().split_once('/')?;
    Some((range.split_once('-')?.0.trim().parse().ok()?, total.trim().parse().ok()))
}

/// The characters of a path that would end it in an address.
const ENDING: &AsciiSet = &CONTROLS.add(b'%').add(b' ').add(b'?').add(b'#');
