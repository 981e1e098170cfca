//! The people of a gallery: finding, reading and writing their records.

use std::collections::HashSet;
use std::ops::ControlFlow;

use ndarray::{Array1, Array2};
use rand::CryptoRng;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use twinprint_signal::SubjectId;

use crate::record::{Event, Source};
use crate::schema::database;
use crate::template::TemplateCounts;
use crate::{Gallery, GalleryError, Index, Template};

/// Somebody enrolled.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// The name they are enrolled under.
    pub subject: SubjectId,
    /// The mean of their prints.
    pub template: Template,
    /// What happened to the template, in order of time.
    pub events: Vec<Event>,
}

/// What is written of a person.
pub(crate) struct Written<'a> {
    pub(crate) subject: &'a SubjectId,
    pub(crate) template: &'a Template,
    pub(crate) event: &'a Event,
}

/// An entry of a person's log, with the number and the handle of the person's row.
pub(crate) struct LogEntry {
    pub(crate) person: i64,
    pub(crate) handle: Vec<u8>,
    pub(crate) event: Event,
}

/// A person's row as it is stored.
pub(crate) struct Stored {
    pub(crate) row: i64,
    pub(crate) handle: Vec<u8>,
    pub(crate) name: Vec<u8>,
    pub(crate) template: Vec<u8>,
    pub(crate) facts: Vec<u8>,
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
    /// When nobody of that name is enrolled (names that look alike are in the error), or their records are damaged.
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
        let mut people = Vec::new();
        let mut ids = Vec::new();
        self.each_stored(&self.connection, |stored| {
            let (subject, template) = (self.name(&stored)?, self.template(&stored)?);
            people.push(Person { subject, template, events: Vec::new() });
            ids.push(stored.row);
            Ok(())
        })?;
        self.each_event(&self.connection, |entry| {
            if let Ok(place) = ids.binary_search(&entry.person) {
                people[place].events.push(entry.event);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(people)
    }

    /// The names of everybody, in the order of enrolment.
    ///
    /// # Errors
    /// When a record is damaged.
    pub fn names(&self) -> Result<Vec<SubjectId>, GalleryError> {
        let mut names = Vec::new();
        self.each_stored(&self.connection, |stored| {
            names.push(self.name(&stored)?);
            Ok(())
        })?;
        Ok(names)
    }

    /// The first enrolment that samples of one of these hashes stand behind: the person, the recording's name then, and when.
    ///
    /// # Errors
    /// When a record is damaged.
    pub fn enrolled_from(
        &self,
        sources: &[Source],
    ) -> Result<Option<(SubjectId, Source, String)>, GalleryError> {
        let wanted: HashSet<&str> = sources.iter().map(|source| source.samples.as_str()).collect();
        let mut found = None;
        self.each_event(&self.connection, |entry| {
            let source =
                entry.event.sources.into_iter().find(|source| wanted.contains(source.samples.as_str()));
            Ok(match source {
                Some(source) => {
                    found = Some((entry.handle, source, entry.event.at));
                    ControlFlow::Break(())
                }
                None => ControlFlow::Continue(()),
            })
        })?;
        let Some((handle, source, at)) = found else { return Ok(None) };
        let stored = self.find_handle(&self.connection, &handle)?;
        stored.map(|stored| Ok((self.name(&stored)?, source, at))).transpose()
    }

    /// All templates in memory, for identification.
    ///
    /// # Errors
    /// When a record is damaged.
    pub fn index(&self) -> Result<Index, GalleryError> {
        let dim = self.kept();
        let mut names = Vec::new();
        let mut values: Vec<f32> = Vec::new();
        self.each_stored(&self.connection, |stored| {
            names.push(self.name(&stored)?);
            values.extend(self.numbers(&stored)?);
            Ok(())
        })?;
        let templates = Array2::from_shape_vec((names.len(), dim), values).map_err(|error| {
            self.damaged("its templates", "are not all of one length", Some(error.into()))
        })?;
        Index::new(names, templates)
    }

    /// How many numbers a stored template has.
    pub(crate) fn kept(&self) -> usize {
        self.protection.cancelable.unwrap_or(self.encoder.dim)
    }

    pub(crate) fn stored(&self) -> Result<Vec<Stored>, GalleryError> {
        self.stored_in(&self.connection)
    }

    pub(crate) fn stored_in(&self, connection: &Connection) -> Result<Vec<Stored>, GalleryError> {
        let mut all = Vec::new();
        self.each_stored(connection, |stored| {
            all.push(stored);
            Ok(())
        })?;
        Ok(all)
    }

    /// Shows every person's row, in the order of enrolment, none of them kept.
    pub(crate) fn each_stored(
        &self,
        connection: &Connection,
        mut each: impl FnMut(Stored) -> Result<(), GalleryError>,
    ) -> Result<(), GalleryError> {
        let fail = || database(&self.path, "read its people");
        let mut statement = connection
            .prepare(&format!("SELECT {} FROM person ORDER BY id", Stored::COLUMNS))
            .map_err(fail())?;
        let mut rows = statement.query([]).map_err(fail())?;
        while let Some(row) = rows.next().map_err(fail())? {
            each(Stored::of(row).map_err(fail())?)?;
        }
        Ok(())
    }

    /// Shows the log of every person, in the order of enrolment and each in order of time, until it has seen enough.
    pub(crate) fn each_event(
        &self,
        connection: &Connection,
        mut each: impl FnMut(LogEntry) -> Result<ControlFlow<()>, GalleryError>,
    ) -> Result<(), GalleryError> {
        let fail = || database(&self.path, "read the log");
        let query = "SELECT person.id, handle, record FROM person JOIN event ON event.person = person.id
                     ORDER BY person.id, event.id";
        let mut statement = connection.prepare(query).map_err(fail())?;
        let mut rows = statement.query([]).map_err(fail())?;
        while let Some(row) = rows.next().map_err(fail())? {
            let (person, handle) = (row.get(0).map_err(fail())?, row.get::<_, Vec<u8>>(1).map_err(fail())?);
            let record: Vec<u8> = row.get(2).map_err(fail())?;
            let event = self.parse_record("event", &handle, &record)?;
            if each(LogEntry { person, handle, event })?.is_break() {
                break;
            }
        }
        Ok(())
    }

    pub(crate) fn find(
        &self,
        connection: &Connection,
        subject: &SubjectId,
    ) -> Result<Option<Stored>, GalleryError> {
        self.find_handle(connection, &self.seal.handle(subject))
    }

    fn find_handle(&self, connection: &Connection, handle: &[u8]) -> Result<Option<Stored>, GalleryError> {
        let query = format!("SELECT {} FROM person WHERE handle = ?1", Stored::COLUMNS);
        let mut found = connection.prepare(&query).map_err(database(&self.path, "look a person up"))?;
        let found = found.query_row([handle], Stored::of).optional();
        found.map_err(database(&self.path, "look a person up"))
    }

    pub(crate) fn name(&self, stored: &Stored) -> Result<SubjectId, GalleryError> {
        let bytes = self.open_record("name", &stored.handle, &stored.name)?;
        let text = String::from_utf8(bytes)
            .map_err(|error| self.damaged("a name", "is not text", Some(error.into())))?;
        let subject = SubjectId::new(&text)
            .map_err(|error| self.damaged("a name", "is not one", Some(error.into())))?;
        if self.seal.handle(&subject).as_slice() != stored.handle {
            return Err(self.damaged("a name", "is not the one the person is filed under", None));
        }
        Ok(subject)
    }

    pub(crate) fn numbers(&self, stored: &Stored) -> Result<Vec<f32>, GalleryError> {
        let bytes = self.open_record("template", &stored.handle, &stored.template)?;
        if bytes.len() != 4 * self.kept() {
            let what = format!("a template of {} bytes instead of {}", bytes.len(), 4 * self.kept());
            return Err(self.damaged(&what, "cannot be read", None));
        }
        let (floats, _) = bytes.as_chunks::<4>();
        Ok(floats.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
    }

    pub(crate) fn template(&self, stored: &Stored) -> Result<Template, GalleryError> {
        let facts: TemplateCounts = self.parse_record("facts", &stored.handle, &stored.facts)?;
        let weight = facts.weight.unwrap_or(facts.epochs as f64);
        Template::from_mean(Array1::from_vec(self.numbers(stored)?), facts.epochs, weight)
            .map_err(|error| self.damaged("a template", "cannot be used", Some(error.into())))
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

    /// Writes a person's template, in place of the one there where there is one, and adds to their log.
    pub(crate) fn write(
        &self,
        transaction: &Transaction<'_>,
        Written { subject, template, event }: &Written<'_>,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), GalleryError> {
        let handle = self.seal.handle(subject);
        let numbers: Vec<f32> = template.mean().to_vec();
        let counts = self.json(&template.counts())?;
        let mut close = |kind, record: &[u8]| self.close_record(kind, &handle, record, rng);
        let record = params![
            handle.as_slice(),
            close("name", subject.as_str().as_bytes())?,
            close("template", bytemuck::cast_slice(&numbers))?,
            close("facts", counts.as_bytes())?
        ];
        let fail = || database(&self.path, "write a person");
        let mut write = transaction
            .prepare(
                "INSERT INTO person (handle, name, template, facts) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (handle) DO UPDATE SET template = excluded.template, facts = excluded.facts RETURNING id",
            )
            .map_err(fail())?;
        let row: i64 = write.query_row(record, |row| row.get(0)).map_err(fail())?;
        self.write_event(transaction, Some(row), &handle, event, rng)
    }

    /// Adds an entry to a person's log, or where there is no person's row to the gallery's.
    pub(crate) fn write_event(
        &self,
        transaction: &Transaction<'_>,
        person: Option<i64>,
        handle: &[u8],
        event: &Event,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), GalleryError> {
        let fail = || database(&self.path, "write its log");
        let record = self.close_record("event", handle, self.json(event)?.as_bytes(), rng)?;
        let mut write =
            transaction.prepare("INSERT INTO event (person, record) VALUES (?1, ?2)").map_err(fail())?;
        write.execute(params![person, record]).map(drop).map_err(fail())
    }

    /// Up to three names that share their beginning or end with this one.
    fn similar(&self, subject: &SubjectId) -> Result<Vec<SubjectId>, GalleryError> {
        let names = self.names()?;
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
