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
    /// Tells the right key from a wrong one and nothing else about it.
    pub check: Option<String>,
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

    fn key(&self, kdf: &Kdf) -> Result<Key, String> {
        match (self, kdf) {
            (Self::KeyFile(bytes), Kdf::KeyFile) => {
                Ok(Zeroizing::new(blake3::derive_key("twinprint gallery 2026 key file", bytes)))
            }
            (Self::Passphrase(text), Kdf::Argon2id { memory, passes, salt }) => {
                let salt = unhex(salt).ok_or("its salt is not hexadecimal")?;
                let params = Params::new(*memory, *passes, 1, Some(32)).map_err(|error| error.to_string())?;
                let mut key = Zeroizing::new([0; 32]);
                Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                    .hash_password_into(text.as_bytes(), &salt, &mut *key)
                    .map_err(|error| error.to_string())?;
                Ok(key)
            }
            (Self::KeyFile(_), Kdf::Argon2id { .. }) => {
                Err("this gallery opens with a passphrase, not with a key file: give --passphrase-file"
                    .to_owned())
            }
            (Self::Passphrase(_), Kdf::KeyFile) => {
                Err("this gallery opens with a key file, not with a passphrase: give --key-file".to_owned())
            }
        }
    }
}

impl Protection {
    /// Settles the protection of a new gallery of prints of `dim` numbers.
    ///
    /// # Errors
    /// With the sentence to say, when a secret is missing or not needed, or the dimensions do not fit.
    pub(crate) fn settle(
        wanted: Wanted,
        dim: usize,
        secret: Option<&Secret>,
        salt: &[u8; 16],
    ) -> Result<(Self, Option<Key>), String> {
        let cancelable = match wanted.cancelable {
            Some(kept) if kept == 1 || kept > dim => {
                return Err(format!(
                    "--cancelable {kept}: prints have {dim} numbers; write 0 for all of them, or 2 to {dim}"
                ));
            }
            Some(0) => Some(dim),
            other => other,
        };
        match secret {
            None if wanted.seal || cancelable.is_some() => Err(
                "--encrypt and --cancelable need a secret: give --key-file or --passphrase-file, and keep it apart from the gallery"
                    .to_owned(),
            ),
            None => Ok((Self::default(), None)),
            Some(_) if !wanted.seal && cancelable.is_none() => {
                Err("a secret without a use: write --encrypt, --cancelable or both".to_owned())
            }
            Some(secret) => {
                let kdf = secret.kdf(salt);
                let key = secret.key(&kdf)?;
                let check = Some(check_of(&key));
                Ok((Self { sealed: wanted.seal, cancelable, kdf: Some(kdf), check }, Some(key)))
            }
        }
    }

    /// The key of an existing gallery.
    ///
    /// # Errors
    /// With the sentence to say, when the secret is missing, not needed, of the wrong kind or wrong.
    pub(crate) fn unlock(&self, secret: Option<&Secret>) -> Result<Option<Key>, String> {
        let give = match &self.kdf {
            None => {
                return match secret {
                    None => Ok(None),
                    Some(_) => {
                        Err("this gallery is not protected: leave the key file or passphrase out".to_owned())
                    }
                };
            }
            Some(Kdf::KeyFile) => "this gallery is protected: give its --key-file",
            Some(Kdf::Argon2id { .. }) => "this gallery is protected: give its --passphrase-file",
        };
        let (Some(secret), Some(kdf)) = (secret, &self.kdf) else { return Err(give.to_owned()) };
        let key = secret.key(kdf)?;
        if self.check.as_deref() == Some(check_of(&key).as_str()) {
            Ok(Some(key))
        } else {
            Err("the key file or passphrase is not this gallery's".to_owned())
        }
    }
}

/// A key for one purpose.
pub(crate) fn subkey(key: &Key, purpose: &str) -> Key {
    Zeroizing::new(blake3::derive_key(&format!("twinprint gallery 2026 {purpose}"), &**key))
}

fn check_of(key: &Key) -> String {
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
        let (protection, key) = Protection::settle(wanted, 8, Some(&key_file(1)), &[0; 16]).unwrap();
        assert_eq!(protection.unlock(Some(&key_file(1))).unwrap(), key);
        assert!(protection.unlock(Some(&key_file(2))).unwrap_err().contains("not this gallery's"));
        assert!(protection.unlock(None).unwrap_err().contains("--key-file"));
        let words = Secret::passphrase("eight or more\n".to_owned()).unwrap();
        assert!(protection.unlock(Some(&words)).unwrap_err().contains("not with a passphrase"));
    }

    #[test]
    fn a_passphrase_unlocks_through_argon2id_and_its_salt() {
        let words = || Secret::passphrase("correct horse battery".to_owned()).unwrap();
        let wanted = Wanted { seal: true, cancelable: Some(0) };
        let (protection, key) = Protection::settle(wanted, 8, Some(&words()), &[7; 16]).unwrap();
        assert_eq!(protection.cancelable, Some(8));
        assert_eq!(protection.unlock(Some(&words())).unwrap(), key);
        let (_, other) = Protection::settle(wanted, 8, Some(&words()), &[8; 16]).unwrap();
        assert_ne!(key, other);
    }

    #[test]
    fn secrets_too_short_or_without_a_use_are_refused() {
        assert!(Secret::key_file(vec![1; 31]).is_err());
        assert!(Secret::passphrase("short".to_owned()).is_err());
        let settle =
            |wanted, secret: Option<&Secret>| Protection::settle(wanted, 8, secret, &[0; 16]).unwrap_err();
        let key = key_file(1);
        assert!(settle(Wanted::default(), Some(&key)).contains("without a use"));
        assert!(settle(Wanted { seal: true, cancelable: None }, None).contains("need a secret"));
        assert!(settle(Wanted { seal: false, cancelable: Some(9) }, Some(&key)).contains("2 to 8"));
    }
}
