//! The gallery: its file, its lock and its people.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ndarray::{Array1, Array2, ArrayView2};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use twinprint_signal::SubjectId;

use crate::protection::{Key, hex};
use crate::record::Event;
use crate::schema::{self, database};
use crate::seal::Seal;
use crate::template::Facts;
use crate::{GalleryError, Index, Lock, Projection, Protection, Secret, Template, Thresholds, Wanted};

/// An open gallery.
pub struct Gallery {
    pub(crate) path: PathBuf,
    pub(crate) connection: Connection,
    pub(crate) lock: Lock,
    pub(crate) thresholds: Thresholds,
    pub(crate) protection: Protection,
    pub(crate) projection: Option<Projection>,
    pub(crate) seal: Seal,
    pub(crate) id: String,
    pub(crate) created: String,
}

/// Somebody enrolled.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Who.
    pub subject: SubjectId,
    /// Her template.
    pub template: Template,
    /// What happened to it, in order.
    pub events: Vec<Event>,
}

/// A person's row as it is stored.
pub(crate) struct Stored {
    pub(crate) row: i64,
    handle: Vec<u8>,
    name: Vec<u8>,
    template: Vec<u8>,
    facts: Vec<u8>,
}

impl Stored {
    const COLUMNS: &str = "id, handle, name, template, facts";

    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            row: row.get(0)?,
            handle: row.get(1)?,
            name: row.get(2)?,
            template: row.get(3)?,
            facts: row.get(4)?,
        })
    }
}

impl Gallery {
    /// Makes a gallery. It appears under its name only when it is complete.
    ///
    /// `thresholds` measures them with the projection that templates will go through, where there is one. `entropy` is 32
    /// random bytes: the first half names the gallery, the second is the passphrase's salt.
    ///
    /// # Errors
    /// When a file is there, the secret does not fit what is wanted, thresholds cannot be measured, or the folder cannot be
    /// written.
    pub fn create<E: From<GalleryError>>(
        path: &Path,
        lock: Lock,
        thresholds: impl FnOnce(Option<&Projection>) -> Result<Thresholds, E>,
        (wanted, secret): (Wanted, Option<&Secret>),
        entropy: [u8; 32],
        now: &str,
    ) -> Result<Self, E> {
        if path.exists() {
            return Err(GalleryError::Exists { path: path.to_owned() }.into());
        }
        let mut salt = [0; 16];
        salt.copy_from_slice(&entropy[16..]);
        let (protection, key) = Protection::settle(wanted, lock.dim, secret, &salt)
            .map_err(|reason| GalleryError::Secret { path: path.to_owned(), reason })?;
        let projection = protection.cancelable.zip(key.as_ref());
        let projection = projection.map(|(kept, key)| Projection::of_key(key, lock.dim, kept));
        let thresholds = thresholds(projection.as_ref())?;
        let id = hex(&entropy[..16]);
        let partial = beside(path, &format!("{}.partial", &id[..8]));
        let made = (|| {
            let connection = schema::create(&partial)?;
            let parts = (lock, thresholds, protection, id.clone(), now.to_owned());
            let gallery = Self::assemble(partial.clone(), connection, parts, key.as_ref());
            gallery.write_meta()?;
            gallery.compact()?;
            gallery.connection.close().map_err(|(_, error)| database(path, "close it")(error))
        })();
        let published = made.and_then(|()| publish(&partial, path));
        if published.is_err() {
            for ending in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(beside(&partial, ending));
            }
        }
        published?;
        Ok(Self::open(path, secret)?)
    }

    /// Opens a gallery.
    ///
    /// # Errors
    /// When the file is missing or no gallery, or the secret is missing, not needed or wrong.
    pub fn open(path: &Path, secret: Option<&Secret>) -> Result<Self, GalleryError> {
        let connection = schema::open(path)?;
        let meta = |key: &str| read_meta(&connection, path, key);
        let protection: Protection = parse(path, "protection", meta("protection")?.as_bytes())?;
        let key = protection
            .unlock(secret)
            .map_err(|reason| GalleryError::Secret { path: path.to_owned(), reason })?;
        let lock: Lock = parse(path, "lock", meta("lock")?.as_bytes())?;
        let thresholds: Thresholds = parse(path, "thresholds", meta("thresholds")?.as_bytes())?;
        let (id, created) = (meta("id")?, meta("created")?);
        Ok(Self::assemble(
            path.to_owned(),
            connection,
            (lock, thresholds, protection, id, created),
            key.as_ref(),
        ))
    }

    fn assemble(
        path: PathBuf,
        connection: Connection,
        (lock, thresholds, protection, id, created): (Lock, Thresholds, Protection, String, String),
        key: Option<&Key>,
    ) -> Self {
        let projection =
            protection.cancelable.zip(key).map(|(kept, key)| Projection::of_key(key, lock.dim, kept));
        let seal = Seal::new(key.filter(|_| protection.sealed), &id);
        Self { path, connection, lock, thresholds, protection, projection, seal, id, created }
    }

    fn write_meta(&self) -> Result<(), GalleryError> {
        let entries = [
            ("id", self.id.clone()),
            ("created", self.created.clone()),
            ("lock", self.json(&self.lock)?),
            ("thresholds", self.json(&self.thresholds)?),
            ("protection", self.json(&self.protection)?),
        ];
        for (key, value) in entries {
            set_meta(&self.connection, key, &value).map_err(database(&self.path, "write its description"))?;
        }
        Ok(())
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is locked to.
    pub fn lock(&self) -> &Lock {
        &self.lock
    }

    /// Its thresholds and what they cost.
    pub fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// How it is protected.
    pub fn protection(&self) -> &Protection {
        &self.protection
    }

    /// When it was made, RFC 3339 in UTC.
    pub fn created(&self) -> &str {
        &self.created
    }

    /// Refuses another encoder than the one the gallery was made with.
    ///
    /// # Errors
    /// [`GalleryError::OtherEncoder`] with everything that differs.
    pub fn check_encoder(&self, lock: &Lock) -> Result<(), GalleryError> {
        let differences = self.lock.differences(lock);
        if differences.is_empty() {
            return Ok(());
        }
        Err(GalleryError::OtherEncoder { path: self.path.clone(), differences })
    }

    /// Prints `[epochs, dim]` as they are stored and compared here: projected where templates are cancelable.
    ///
    /// # Errors
    /// When they have another dimension than the gallery's encoder gives.
    pub fn project(&self, prints: ArrayView2<'_, f32>) -> Result<Array2<f32>, GalleryError> {
        if prints.ncols() != self.lock.dim {
            return Err(GalleryError::Prints(format!(
                "prints have {} numbers, those of {} have {}",
                prints.ncols(),
                self.path.display(),
                self.lock.dim
            )));
        }
        Ok(match &self.projection {
            Some(projection) => projection.apply(prints),
            None => prints.to_owned(),
        })
    }

    /// How many are enrolled.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn len(&self) -> Result<usize, GalleryError> {
        let count = self.connection.query_row("SELECT count(*) FROM person", [], |row| row.get::<_, i64>(0));
        count.map(|count| count as usize).map_err(database(&self.path, "count its people"))
    }

    /// Whether nobody is enrolled.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn is_empty(&self) -> Result<bool, GalleryError> {
        Ok(self.len()? == 0)
    }

    /// One person.
    ///
    /// # Errors
    /// When nobody of that name is enrolled (names that look alike are in the error), or her records are damaged.
    pub fn person(&self, subject: &SubjectId) -> Result<Person, GalleryError> {
        match self.find(&self.connection, subject)? {
            Some(stored) => self.read(&self.connection, &stored),
            None => Err(GalleryError::Unknown { subject: subject.clone(), similar: self.similar(subject)? }),
        }
    }

    /// Everybody, in the order of enrolment.
    ///
    /// # Errors
    /// When a record is damaged.
    pub fn people(&self) -> Result<Vec<Person>, GalleryError> {
        self.stored()?.iter().map(|stored| self.read(&self.connection, stored)).collect()
    }

    /// All templates in memory, for identification.
    ///
    /// # Errors
    /// When a record is damaged.
    pub fn index(&self) -> Result<Index, GalleryError> {
        let fail = || database(&self.path, "read its templates");
        let dim = self.kept();
        let mut names = Vec::new();
        let mut values: Vec<f32> = Vec::new();
        let mut statement = self
            .connection
            .prepare(&format!("SELECT {} FROM person ORDER BY id", Stored::COLUMNS))
            .map_err(fail())?;
        let mut rows = statement.query([]).map_err(fail())?;
        while let Some(row) = rows.next().map_err(fail())? {
            let stored = Stored::of(row).map_err(fail())?;
            names.push(self.name(&stored)?);
            values.extend(self.numbers(&stored)?);
        }
        let templates = Array2::from_shape_vec((names.len(), dim), values)
            .map_err(|error| GalleryError::Prints(error.to_string()))?;
        Index::new(names, templates)
    }

    /// Numbers a stored template.
    pub(crate) fn kept(&self) -> usize {
        self.protection.cancelable.unwrap_or(self.lock.dim)
    }

    pub(crate) fn stored(&self) -> Result<Vec<Stored>, GalleryError> {
        let fail = || database(&self.path, "read its people");
        let mut statement = self
            .connection
            .prepare(&format!("SELECT {} FROM person ORDER BY id", Stored::COLUMNS))
            .map_err(fail())?;
        let rows = statement.query_map([], Stored::of).map_err(fail())?;
        rows.collect::<Result<_, _>>().map_err(fail())
    }

    pub(crate) fn find(
        &self,
        connection: &Connection,
        subject: &SubjectId,
    ) -> Result<Option<Stored>, GalleryError> {
        let query = format!("SELECT {} FROM person WHERE handle = ?1", Stored::COLUMNS);
        let handle = self.seal.handle(subject);
        let found = connection.query_row(&query, [handle.as_slice()], Stored::of).optional();
        found.map_err(database(&self.path, "look a person up"))
    }

    pub(crate) fn name(&self, stored: &Stored) -> Result<SubjectId, GalleryError> {
        let bytes = self.open_record("name", &stored.handle, &stored.name)?;
        let text = String::from_utf8(bytes).map_err(|_| self.damaged("a name", "is not text"))?;
        let subject = SubjectId::new(&text).map_err(|error| self.damaged("a name", error))?;
        if self.seal.handle(&subject).as_slice() != stored.handle {
            return Err(self.damaged("a name", "is not the one the person is filed under"));
        }
        Ok(subject)
    }

    pub(crate) fn numbers(&self, stored: &Stored) -> Result<Vec<f32>, GalleryError> {
        let bytes = self.open_record("template", &stored.handle, &stored.template)?;
        if bytes.len() != 4 * self.kept() {
            return Err(
                self.damaged("a template", format!("has {} bytes, not {}", bytes.len(), 4 * self.kept()))
            );
        }
        let (floats, _) = bytes.as_chunks::<4>();
        Ok(floats.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
    }

    pub(crate) fn template(&self, stored: &Stored) -> Result<Template, GalleryError> {
        let facts: Facts = self.parse_record("facts", &stored.handle, &stored.facts)?;
        Template::from_mean(Array1::from_vec(self.numbers(stored)?), facts.epochs)
            .map_err(|error| self.damaged("a template", error))
    }

    pub(crate) fn read(&self, connection: &Connection, stored: &Stored) -> Result<Person, GalleryError> {
        let (subject, template) = (self.name(stored)?, self.template(stored)?);
        let fail = || database(&self.path, "read a person's log");
        let mut statement =
            connection.prepare("SELECT record FROM event WHERE person = ?1 ORDER BY id").map_err(fail())?;
        let records = statement.query_map([stored.row], |row| row.get::<_, Vec<u8>>(0)).map_err(fail())?;
        let events = records
            .map(|record| self.parse_record("event", &stored.handle, &record.map_err(fail())?))
            .collect::<Result<_, _>>()?;
        Ok(Person { subject, template, events })
    }

    /// Writes a person's template, in place of the one there where there is one, and adds to her log.
    pub(crate) fn write(
        &self,
        transaction: &Transaction<'_>,
        subject: &SubjectId,
        template: &Template,
        event: &Event,
    ) -> Result<(), GalleryError> {
        let handle = self.seal.handle(subject);
        let close = |kind: &str, record: &[u8]| self.seal.close(kind, &handle, record);
        let numbers: Vec<f32> = template.mean().to_vec();
        let facts = Facts { epochs: template.epochs() };
        let fail = || database(&self.path, "write a person");
        let row: i64 = transaction
            .query_row(
                "INSERT INTO person (handle, name, template, facts) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (handle) DO UPDATE SET template = excluded.template, facts = excluded.facts RETURNING id",
                params![
                    handle.as_slice(),
                    close("name", subject.as_str().as_bytes()),
                    close("template", bytemuck::cast_slice(&numbers)),
                    close("facts", self.json(&facts)?.as_bytes())
                ],
                |row| row.get(0),
            )
            .map_err(fail())?;
        let record = close("event", self.json(event)?.as_bytes());
        transaction
            .execute("INSERT INTO event (person, record) VALUES (?1, ?2)", params![row, record])
            .map_err(fail())?;
        Ok(())
    }

    /// Begins a change; the write lock is taken at once, so that what is read inside it stays true.
    pub(crate) fn begin<'a>(
        connection: &'a mut Connection,
        path: &Path,
    ) -> Result<Transaction<'a>, GalleryError> {
        // A transaction borrows its connection for as long as it lives; the caller lends it apart from the gallery.
        Transaction::new(connection, TransactionBehavior::Immediate).map_err(database(path, "begin a change"))
    }

    /// A second connection for changes, so that the gallery stays readable while one is made.
    pub(crate) fn writer(&self) -> Result<Connection, GalleryError> {
        schema::open(&self.path)
    }

    /// Rewrites the file without what was deleted and empties its log.
    ///
    /// # Errors
    /// [`GalleryError::StillOpen`] when another process reads the file, so that its log must stay.
    pub(crate) fn compact(&self) -> Result<(), GalleryError> {
        let fail = || database(&self.path, "compact it");
        self.connection.execute_batch("VACUUM").map_err(fail())?;
        // A reader is waited for shortly: what it keeps alive is said, and can be tidied later.
        self.connection.busy_timeout(Duration::from_secs(1)).map_err(fail())?;
        let busy = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
            .map_err(fail())?;
        self.connection.busy_timeout(schema::PATIENCE).map_err(fail())?;
        if busy == 0 { Ok(()) } else { Err(GalleryError::StillOpen { path: self.path.clone() }) }
    }

    pub(crate) fn open_record(
        &self,
        kind: &str,
        handle: &[u8],
        stored: &[u8],
    ) -> Result<Vec<u8>, GalleryError> {
        let opened = self.seal.open(kind, handle, stored);
        opened.ok_or_else(|| self.damaged(format!("a sealed {kind}"), "does not open"))
    }

    pub(crate) fn parse_record<T: DeserializeOwned>(
        &self,
        kind: &str,
        handle: &[u8],
        stored: &[u8],
    ) -> Result<T, GalleryError> {
        parse(&self.path, kind, &self.open_record(kind, handle, stored)?)
    }

    pub(crate) fn json(&self, value: &impl Serialize) -> Result<String, GalleryError> {
        serde_json::to_string(value).map_err(|error| self.damaged("a record to be written", error))
    }

    pub(crate) fn damaged(&self, what: impl Into<String>, reason: impl ToString) -> GalleryError {
        GalleryError::Damaged { path: self.path.clone(), what: what.into(), reason: reason.to_string() }
    }

    /// Up to three names that share their beginning or end with this one.
    fn similar(&self, subject: &SubjectId) -> Result<Vec<SubjectId>, GalleryError> {
        let names = self.stored()?.iter().map(|stored| self.name(stored)).collect::<Result<Vec<_>, _>>()?;
        let digits = |name: &str| name.chars().filter(char::is_ascii_digit).collect::<String>();
        let wanted = (subject.as_str().to_lowercase(), digits(subject.as_str()));
        let alike = |name: &SubjectId| {
            let folded = name.as_str().to_lowercase();
            folded == wanted.0
                || folded.contains(&wanted.0)
                || wanted.0.contains(&folded)
                || (!wanted.1.is_empty() && digits(name.as_str()) == wanted.1)
        };
        Ok(names.into_iter().filter(alike).take(3).collect())
    }
}

fn parse<T: DeserializeOwned>(path: &Path, what: &str, json: &[u8]) -> Result<T, GalleryError> {
    serde_json::from_slice(json).map_err(|error| GalleryError::Damaged {
        path: path.to_owned(),
        what: format!("its {what}"),
        reason: format!("cannot be read ({error})"),
    })
}

fn read_meta(connection: &Connection, path: &Path, key: &str) -> Result<String, GalleryError> {
    let found =
        connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional();
    found.map_err(database(path, "read its description"))?.ok_or_else(|| GalleryError::Damaged {
        path: path.to_owned(),
        what: format!("its {key}"),
        reason: "is missing".to_owned(),
    })
}

pub(crate) fn set_meta(connection: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    let query = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    connection.execute(query, [key, value]).map(drop)
}

/// The path with more text at its end.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    if !ending.is_empty() && !ending.starts_with('-') {
        name.push(".");
    }
    name.push(ending);
    PathBuf::from(name)
}

/// Gives a finished file its name unless the name was taken meanwhile, readable by its owner alone.
fn publish(partial: &Path, path: &Path) -> Result<(), GalleryError> {
    let fail = |error: std::io::Error| GalleryError::NotAGallery {
        path: path.to_owned(),
        reason: format!("it cannot be made here ({error})"),
    };
    private(partial).map_err(fail)?;
    match std::fs::hard_link(partial, path) {
        Ok(()) => std::fs::remove_file(partial).map_err(fail),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(GalleryError::Exists { path: path.to_owned() })
        }
        // Some file systems have no hard links.
        Err(_) => std::fs::rename(partial, path).map_err(fail),
    }
}

#[cfg(unix)]
fn private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn private(_: &Path) -> std::io::Result<()> {
    Ok(())
}
