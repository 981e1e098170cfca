//! How a gallery's templates are protected, and the keys that follow from its secret.

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::GalleryError;

/// What opens a protected gallery. Its bytes are wiped from memory when dropped.
pub enum Secret {
    /// The contents of a key file.
    KeyFile(Zeroizing<Vec<u8>>),
    /// A passphrase.
    Passphrase(Zeroizing<String>),
}

/// What protection is asked for when a gallery is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Seal names, templates and logs with XChaCha20-Poly1305.
    pub seal: bool,
    /// Project templates by a keyed orthogonal matrix onto so many dimensions; 0 for as many as a print has.
    pub cancelable: Option<usize>,
}

/// How the key follows from the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Kdf {
    /// BLAKE3 of a key file.
    KeyFile,
    /// Argon2id of a passphrase (RFC 9106).
    Argon2id {
        /// Memory in KiB.
        memory: u32,
        /// Passes over it.
        passes: u32,
        /// Hexadecimal.
        salt: String,
    },
}

/// How a gallery is protected, as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Protection {
    /// Names, templates and logs are sealed.
    pub sealed: bool,
    /// Templates are projected onto so many dimensions.
    pub cancelable: Option<usize>,
    /// How the key follows from the secret; nothing where there is none.
    pub kdf: Option<Kdf>,
    /// Tells the right key from a wrong one and nothing else about it; another for a gallery that is authenticated as a whole.
    pub check: Option<String>,
}

/// Why a secret does not serve, or a protection cannot be had; the message says what to give.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Protection was asked for without a secret.
    #[error(
        "--encrypt and --cancelable need a secret: give --key-file or --passphrase-file, and keep it apart from the gallery"
    )]
    Needed,
    /// A secret was given for a new gallery without protection.
    #[error("a secret without a use: write --encrypt, --cancelable or both")]
    WithoutUse,
    /// Templates cannot keep so many dimensions.
    #[error("--cancelable {kept}: prints have {dim} numbers; write 0 for all of them, or 2 to {dim}")]
    Dimensions {
        /// Dimensions to keep.
        kept: usize,
        /// Numbers a print.
        dim: usize,
    },
    /// The gallery is protected and no secret was given.
    #[error("this gallery is protected: give its {0}")]
    Missing(&'static str),
    /// The gallery is not protected and a secret was given.
    #[error(
        "this gallery is not protected: leave the key file or passphrase out, unless you made it with one: then this is another file in its place"
    )]
    NotProtected,
    /// A key file was given for a passphrase.
    #[error("this gallery opens with a passphrase, not with a key file: give --passphrase-file")]
    WantsPassphrase,
    /// A passphrase was given for a key file.
    #[error("this gallery opens with a key file, not with a passphrase: give --key-file")]
    WantsKeyFile,
    /// The secret is another gallery's.
    #[error("the key file or passphrase is not this gallery's")]
    Wrong,
    /// What the gallery says of its passphrase cannot be used.
    #[error("what it says of its passphrase was changed outside twinprint ({0}): restore a copy")]
    Derivation(argon2::Error),
    /// A gallery without protection has no key to change.
    #[error("this gallery is not protected, so there is no key to change")]
    NothingToReissue,
    /// Templates keep too few dimensions to be projected anew.
    #[error(
        "its templates keep {kept} of {dim} dimensions, from which there is no way back: make a new gallery and enrol anew"
    )]
    NoWayBack {
        /// Dimensions kept.
        kept: usize,
        /// Numbers a print.
        dim: usize,
    },
    /// The new key is the old one.
    #[error("the new key is the old one: give another")]
    SameKey,
}

/// The key that everything secret follows from.
pub(crate) type Key = Zeroizing<[u8; 32]>;

/// RFC 9106's second recommended choice: 64 MiB, 3 passes.
const MEMORY: u32 = 64 * 1024;
const PASSES: u32 = 3;
/// A key file must hold at least as many bytes as the key.
const LEAST_KEY: usize = 32;
const MOST_KEY: usize = 1 << 20;
/// Below this a passphrase is guessed at any price of a guess.
const LEAST_PASSPHRASE: usize = 8;

impl Secret {
    /// Takes the contents of a key file.
    ///
    /// # Errors
    /// When it holds fewer than 32 bytes or more than a mebibyte.
    pub fn key_file(bytes: Vec<u8>) -> Result<Self, GalleryError> {
        let bytes = Zeroizing::new(bytes);
        if (LEAST_KEY..=MOST_KEY).contains(&bytes.len()) {
            return Ok(Self::KeyFile(bytes));
        }
        Err(GalleryError::Setting {
            name: "--key-file",
            value: format!("a file of {} bytes", bytes.len()),
            limit: "it must hold 32 bytes to 1 MiB; make one with `head -c 32 /dev/urandom > gallery.key`"
                .to_owned(),
        })
    }

    /// Takes a passphrase; a line break at its end does not count.
    ///
    /// # Errors
    /// When it has fewer than 8 characters.
    pub fn passphrase(text: String) -> Result<Self, GalleryError> {
        let text = Zeroizing::new(text);
        let text = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
        let count = text.chars().count();
        if count >= LEAST_PASSPHRASE {
            return Ok(Self::Passphrase(text));
        }
        Err(GalleryError::Setting {
            name: "--passphrase-file",
            value: format!("a passphrase of {count} characters"),
            limit: "it must have 8 or more; several random words are better".to_owned(),
        })
    }

    fn kdf(&self, salt: &[u8; 16]) -> Kdf {
        match self {
            Self::KeyFile(_) => Kdf::KeyFile,
            Self::Passphrase(_) => Kdf::Argon2id { memory: MEMORY, passes: PASSES, salt: hex(salt) },
        }
    }

    fn key(&self, kdf: &Kdf) -> Result<Key, SecretError> {
        match (self, kdf) {
            (Self::KeyFile(bytes), Kdf::KeyFile) => {
                Ok(Zeroizing::new(blake3::derive_key("twinprint gallery 2026 key file", bytes)))
            }
            (Self::Passphrase(text), Kdf::Argon2id { memory, passes, salt }) => {
                stretch(text, *memory, *passes, salt).map_err(SecretError::Derivation)
            }
            (Self::KeyFile(_), Kdf::Argon2id { .. }) => Err(SecretError::WantsPassphrase),
            (Self::Passphrase(_), Kdf::KeyFile) => Err(SecretError::WantsKeyFile),
        }
    }
}

/// Argon2id of a passphrase.
fn stretch(text: &str, memory: u32, passes: u32, salt: &str) -> Result<Key, argon2::Error> {
    // A salt that is not hexadecimal is too short to be one.
    let salt = unhex(salt).ok_or(argon2::Error::SaltTooShort)?;
    let params = Params::new(memory, passes, 1, Some(32))?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
        text.as_bytes(),
        &salt,
        &mut *key,
    )?;
    Ok(key)
}

impl Protection {
    /// Settles the protection of a new gallery of prints of `dim` numbers.
    ///
    /// # Errors
    /// When a secret is missing or not needed, or the dimensions do not fit.
    pub(crate) fn settle(
        wanted: Wanted,
        dim: usize,
        secret: Option<&Secret>,
        (id, salt): (&str, &[u8; 16]),
    ) -> Result<(Self, Option<Key>), SecretError> {
        let cancelable = match wanted.cancelable {
            Some(kept) if kept == 1 || kept > dim => return Err(SecretError::Dimensions { kept, dim }),
            Some(0) => Some(dim),
            other => other,
        };
        let protected = wanted.seal || cancelable.is_some();
        match secret {
            None if protected => Err(SecretError::Needed),
            None => Ok((Self::default(), None)),
            Some(_) if !protected => Err(SecretError::WithoutUse),
            Some(secret) => {
                let kdf = secret.kdf(salt);
                let key = secret.key(&kdf)?;
                let check = Some(check_of(&key, id));
                Ok((Self { sealed: wanted.seal, cancelable, kdf: Some(kdf), check }, Some(key)))
            }
        }
    }

    /// The key of an existing gallery, with its id; without one it must be a gallery that an earlier version wrote.
    ///
    /// # Errors
    /// When the secret is missing, not needed, of the wrong kind or wrong.
    pub(crate) fn unlock(
        &self,
        secret: Option<&Secret>,
        id: Option<&str>,
    ) -> Result<Option<Key>, SecretError> {
        let (kdf, secret) = match (&self.kdf, secret) {
            (None, None) => return Ok(None),
            (None, Some(_)) => return Err(SecretError::NotProtected),
            (Some(Kdf::KeyFile), None) => return Err(SecretError::Missing("--key-file")),
            (Some(Kdf::Argon2id { .. }), None) => return Err(SecretError::Missing("--passphrase-file")),
            (Some(kdf), Some(secret)) => (kdf, secret),
        };
        let key = secret.key(kdf)?;
        let expected = id.map_or_else(|| unstamped_check_of(&key), |id| check_of(&key, id));
        if self.check.as_deref() == Some(expected.as_str()) { Ok(Some(key)) } else { Err(SecretError::Wrong) }
    }
}

/// A key for one purpose.
pub(crate) fn subkey(key: &Key, purpose: &str) -> Key {
    Zeroizing::new(blake3::derive_key(&format!("twinprint gallery 2026 {purpose}"), &**key))
}

/// What tells the key of the gallery with this id.
pub(crate) fn check_of(key: &Key, id: &str) -> String {
    hex(&blake3::keyed_hash(&subkey(key, "check of a stamped gallery"), id.as_bytes()).as_bytes()[..8])
}

/// The same for galleries that earlier versions wrote.
fn unstamped_check_of(key: &Key) -> String {
    hex(&subkey(key, "check")[..8])
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || text.len() % 2 == 1 {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_file(byte: u8) -> Secret {
        Secret::key_file(vec![byte; 32]).unwrap()
    }

    #[test]
    fn only_the_secret_it_was_made_with_unlocks() {
        let wanted = Wanted { seal: true, cancelable: None };
        let (protection, key) = Protection::settle(wanted, 8, Some(&key_file(1)), ("g", &[0; 16])).unwrap();
        assert_eq!(protection.unlock(Some(&key_file(1)), Some("g")).unwrap(), key);
        assert_eq!(protection.unlock(Some(&key_file(2)), Some("g")), Err(SecretError::Wrong));
        assert_eq!(protection.unlock(None, Some("g")), Err(SecretError::Missing("--key-file")));
        let words = Secret::passphrase("eight or more\n".to_owned()).unwrap();
        assert_eq!(protection.unlock(Some(&words), Some("g")), Err(SecretError::WantsKeyFile));
    }

    #[test]
    fn a_passphrase_unlocks_through_argon2id_and_its_salt() {
        let words = || Secret::passphrase("correct horse battery".to_owned()).unwrap();
        let wanted = Wanted { seal: true, cancelable: Some(0) };
        let (protection, key) = Protection::settle(wanted, 8, Some(&words()), ("g", &[7; 16])).unwrap();
        assert_eq!(protection.cancelable, Some(8));
        assert_eq!(protection.unlock(Some(&words()), Some("g")).unwrap(), key);
        let (_, other) = Protection::settle(wanted, 8, Some(&words()), ("g", &[8; 16])).unwrap();
        assert_ne!(key, other);
    }

    #[test]
    fn secrets_too_short_or_without_a_use_are_refused() {
        assert!(Secret::key_file(vec![1; 31]).is_err());
        assert!(Secret::passphrase("short".to_owned()).is_err());
        let settle = |wanted, secret: Option<&Secret>| {
            Protection::settle(wanted, 8, secret, ("g", &[0; 16])).unwrap_err()
        };
        let key = key_file(1);
        assert_eq!(settle(Wanted::default(), Some(&key)), SecretError::WithoutUse);
        assert_eq!(settle(Wanted { seal: true, cancelable: None }, None), SecretError::Needed);
        let nine = settle(Wanted { seal: false, cancelable: Some(9) }, Some(&key));
        assert!(nine.to_string().contains("2 to 8"), "{nine}");
    }
}
