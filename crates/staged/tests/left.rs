//! What a killed process leaves is removed by the next writer; what a living one is writing is not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use twinprint_staged::{Readers, Staged, StagedFolder, remove_left};

/// Set for the child that is killed: the folder it writes in.
const CHILD: &str = "TWINPRINT_STAGED_CHILD";

fn hidden(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with('.')).collect()
}

#[test]
fn what_a_killed_process_left_is_removed_by_the_next_writer_and_what_a_living_one_writes_is_not() {
    if let Some(folder) = std::env::var_os(CHILD) {
        let mut staged = Staged::new(&Path::new(&folder).join("prints.h5"), Readers::AsUsual).unwrap();
        staged.file().write_all(b"half").unwrap();
        sleep(Duration::from_secs(60));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let name = "what_a_killed_process_left_is_removed_by_the_next_writer_and_what_a_living_one_writes_is_not";
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name])
        .env(CHILD, place)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while hidden(place).iter().all(|folder| fs::read(folder.join("data")).unwrap_or_default() != b"half") {
        assert!(begin.elapsed() < Duration::from_secs(20), "the child writes nothing");
        sleep(Duration::from_millis(10));
    }
    // A folder of somebody else's with such a name holds no lock and is not touched.
    let foreign = place.join(".other.abcdef.partial");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("notes"), "mine").unwrap();
    // One whose process was killed before it had locked it is empty.
    fs::create_dir(place.join(".empty.abcdef.partial")).unwrap();
    Staged::new(&place.join("living.csv"), Readers::AsUsual).unwrap().publish().unwrap();
    assert_eq!(hidden(place).len(), 2, "the child lives: its file stays");

    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(hidden(place).len(), 2, "killed, it left its file");
    let staged = Staged::new(&place.join("next.csv"), Readers::AsUsual).unwrap();
    assert_eq!(hidden(place).len(), 2, "the foreign folder and this one's");
    drop(staged);
    assert_eq!(hidden(place), [foreign]);
}

#[test]
fn many_who_begin_at_once_take_nothing_from_one_another() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            scope.spawn(move || {
                for round in 0..50 {
                    let name = format!("{writer}-{round}");
                    let filled = StagedFolder::new(place, &name).unwrap();
                    fs::write(filled.path().join("samples"), &name).unwrap();
                    filled.publish_new(&place.join(&name)).unwrap();
                    let mut staged = Staged::new(&place.join("same.txt"), Readers::AsUsual).unwrap();
                    staged.file().write_all(b"whole").unwrap();
                    staged.publish().unwrap();
                }
            });
        }
    });
    assert!(hidden(place).is_empty());
    assert_eq!(fs::read_dir(place).unwrap().count(), 8 * 50 + 1);
    assert_eq!(fs::read_to_string(place.join("7-49/samples")).unwrap(), "7-49");
}

#[test]
fn a_folder_appears_whole_or_not_at_all_and_what_was_left_goes_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let staged = StagedFolder::new(place, "entry").unwrap();
    fs::write(staged.path().join("samples"), "1 2 3").unwrap();
    remove_left(place);
    assert!(staged.path().join("samples").is_file(), "it is being filled");
    drop(staged);
    assert!(hidden(place).is_empty());
    // As a process that was killed leaves it: the lock is nobody's.
    fs::create_dir_all(place.join(".entry.abcdef.partial/data/below")).unwrap();
    fs::write(place.join(".entry.abcdef.partial/lock"), "").unwrap();
    remove_left(place);
    assert!(hidden(place).is_empty());
    fs::create_dir(place.join("taken")).unwrap();
    fs::write(place.join("taken/one"), "").unwrap();
    let staged = StagedFolder::new(place, "taken").unwrap();
    assert!(staged.publish_new(&place.join("taken")).is_err());
    assert!(place.join("taken/one").is_file() && hidden(place).is_empty());
}

#[test]
fn a_file_appears_whole_or_not_at_all_and_replaces_only_when_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    let write = |text: &[u8]| {
        let mut staged = Staged::new(&path, Readers::AsUsual).unwrap();
        staged.file().write_all(text).unwrap();
        staged
    };
    write(b"dropped");
    assert!(!path.exists() && hidden(folder.path()).is_empty());
    write(b"first").publish_new().unwrap();
    let refused = write(b"second").publish_new().unwrap_err();
    assert_eq!(refused.source.kind(), std::io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&path).unwrap(), b"first");
    write(b"third").publish().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"third");
    assert!(hidden(folder.path()).is_empty());
}

#[cfg(unix)]
#[test]
fn a_private_file_can_be_read_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    Staged::new(&path, Readers::Owner).unwrap().publish().unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
