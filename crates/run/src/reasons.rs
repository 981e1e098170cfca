//! The operating system's reasons in plain words.

use std::borrow::Cow;
use std::io::{Error, ErrorKind};

/// What stands before the number in the words of an [`Error`] of the system.
const MARK: &str = " (os error ";

/// What Rust says of a file that is no text.
const NO_TEXT: &str = "stream did not contain valid UTF-8";

/// The text with every reason of the operating system in it, such as `No such file or directory (os error 2)`, in plain words; of what
/// libhdf5 says, the reason alone is left.
///
/// ```
/// let system = std::fs::read("nowhere").unwrap_err().to_string();
/// let text = format!("cannot read nowhere: {system}");
/// let said = twinprint_run::plain_reasons(&text);
/// assert_eq!(said, "cannot read nowhere: there is no such file or folder");
/// ```
pub fn plain_reasons(text: &str) -> Cow<'_, str> {
    if let Some(plain) = of_hdf5(text) {
        return Cow::Owned(plain);
    }
    if text.contains(NO_TEXT) {
        return Cow::Owned(text.replace(NO_TEXT, "it is no text, or no text in UTF-8"));
    }
    if !text.contains(MARK) {
        return Cow::Borrowed(text);
    }
    let (mut plain, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once(MARK) {
        let Some((code, end)) = after.split_once(')') else { break };
        let Ok(code) = code.parse::<i32>() else { break };
        let error = Error::from_raw_os_error(code);
        let words = error.to_string();
        let words = words.split_once(MARK).map_or("", |(words, _)| words);
        plain += before.strip_suffix(words).unwrap_or(before);
        plain += &reason(&error);
        rest = end;
    }
    Cow::Owned(plain + rest)
}

/// The same for `H5Dwrite(): can't write data: file write failed: time = …, errno = 28, error message = …`, where the system has
/// given libhdf5 a reason.
fn of_hdf5(text: &str) -> Option<String> {
    let (_, after) = text.split_once("errno = ")?;
    let digits = after.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(after.len());
    let number = after[..digits].parse().ok()?;
    let begin = text[..text.find("(): ")?].rfind("H5")?;
    Some(text[..begin].to_owned() + &reason(&Error::from_raw_os_error(number)))
}

/// A reason as a clause that can follow a colon.
fn reason(error: &Error) -> Cow<'static, str> {
    if let Some(known) = error.raw_os_error().and_then(by_number) {
        return known.into();
    }
    let known = match error.kind() {
        ErrorKind::NotFound => "there is no such file or folder",
        ErrorKind::PermissionDenied => "this user may not do that there",
        ErrorKind::AlreadyExists => "something of that name is there already",
        ErrorKind::NotADirectory => "a part of its path is a file, not a folder",
        ErrorKind::IsADirectory => "it is a folder, not a file",
        ErrorKind::DirectoryNotEmpty => "the folder is not empty",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full",
        ErrorKind::ReadOnlyFilesystem => "nothing can be written there: the disk is read-only",
        ErrorKind::FileTooLarge => "the file is larger than may be written here",
        ErrorKind::InvalidFilename => "the name is too long, or holds a sign that no name may have",
        ErrorKind::OutOfMemory => "there is too little memory",
        ErrorKind::WouldBlock => "no more threads, processes or locks are to be had just now",
        ErrorKind::ResourceBusy | ErrorKind::ExecutableFileBusy => "something else uses it",
        ErrorKind::StaleNetworkFileHandle => "it is gone from the network's disk",
        ErrorKind::CrossesDevices => "it lies on another disk",
        ErrorKind::BrokenPipe => "nobody reads it any more",
        ErrorKind::ConnectionRefused | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            "nobody answers there"
        }
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => "the connection broke off",
        ErrorKind::TimedOut => "no answer came in time",
        _ => {
            return format!(
                "the operating system refuses, with number {}",
                error.raw_os_error().unwrap_or(0)
            )
            .into();
        }
    };
    known.into()
}

/// Reasons that have no kind of their own.
#[cfg(unix)]
fn by_number(number: i32) -> Option<&'static str> {
    let circle = if cfg!(target_os = "linux") { 40 } else { 62 };
    match number {
        5 => Some("the disk fails"),
        23 | 24 => Some("too many files are open: allow more with `ulimit -n`"),
        _ if number == circle => Some("its links lead round in a circle"),
        _ => None,
    }
}

#[cfg(not(unix))]
fn by_number(_: i32) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_words_of_the_system_are_left_whatever_its_number() {
        for number in 1..140 {
            let error = Error::from_raw_os_error(number);
            let words = error.to_string();
            let words = words.split_once(MARK).unwrap().0;
            let said = plain_reasons(&format!("a: {error}; do b")).into_owned();
            assert!(said.starts_with("a: ") && said.ends_with("; do b"), "{said}");
            assert!(!said.contains("os error") && !said.contains(words), "{number}: {said}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn several_reasons_in_one_text_are_each_told() {
        let [missing, full] = [2, 28].map(|number| Error::from_raw_os_error(number).to_string());
        assert_eq!(
            plain_reasons(&format!("one: {missing}\ntwo: {full}")),
            "one: there is no such file or folder\ntwo: the disk is full"
        );
        assert_eq!(plain_reasons("nothing (os error of ours)"), "nothing (os error of ours)");
        assert_eq!(plain_reasons("as it is"), "as it is");
        let hdf5 = "a.h5: cannot write it: H5Dwrite(): can't write data: file write failed: time = Tue, filename = 'a', \
                    file descriptor = 7, errno = 28, error message = 'No space left on device', offset = 0";
        assert_eq!(plain_reasons(hdf5), "a.h5: cannot write it: the disk is full");
        assert_eq!(
            plain_reasons("a: stream did not contain valid UTF-8"),
            "a: it is no text, or no text in UTF-8"
        );
    }
}
