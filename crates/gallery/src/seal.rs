//! Sealing of stored records: XChaCha20-Poly1305 with a synthetic nonce.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use twinprint_signal::SubjectId;

use crate::protection::{Key, subkey};

const NONCE: usize = 24;

/// Seals and opens records, or passes them through where the gallery is not sealed.
///
/// The nonce is a keyed hash of the record and of what it is bound to, so that no random source is needed and no nonce can
/// repeat for two different records (the construction of Rogaway and Shrimpton's SIV, 2006). Equal records of one person
/// would seal alike, which tells no more than the file's history does.
pub(crate) struct Seal {
    keys: Option<Keys>,
    gallery: String,
}

struct Keys {
    cipher: XChaCha20Poly1305,
    nonce: Key,
    handle: Key,
}

impl Seal {
    /// A seal under `key`, or none, for the gallery with this id.
    pub(crate) fn new(key: Option<&Key>, gallery: &str) -> Self {
        let keys = key.map(|key| Keys {
            cipher: XChaCha20Poly1305::new((&*subkey(key, "seal")).into()),
            nonce: subkey(key, "nonce"),
            handle: subkey(key, "handle"),
        });
        Self { keys, gallery: gallery.to_owned() }
    }

    /// What a person is looked up by: a hash of her name, keyed where names are sealed.
    pub(crate) fn handle(&self, subject: &SubjectId) -> [u8; 32] {
        match &self.keys {
            Some(keys) => *blake3::keyed_hash(&keys.handle, subject.as_str().as_bytes()).as_bytes(),
            None => *blake3::hash(subject.as_str().as_bytes()).as_bytes(),
        }
    }

    /// Seals a record of a kind that belongs to a handle.
    pub(crate) fn close(&self, kind: &str, handle: &[u8], record: &[u8]) -> Vec<u8> {
        let Some(keys) = &self.keys else { return record.to_vec() };
        let bound = self.bound(kind, handle);
        let mut hasher = blake3::Hasher::new_keyed(&keys.nonce);
        hasher.update(&(bound.len() as u64).to_le_bytes()).update(&bound).update(record);
        let hash = hasher.finalize();
        let fixed: [u8; NONCE] = std::array::from_fn(|at| hash.as_bytes()[at]);
        let mut sealed = fixed.to_vec();
        // Encryption fails only beyond 256 GiB.
        let text = keys.cipher.encrypt(&XNonce::from(fixed), Payload { msg: record, aad: &bound });
        sealed.extend(text.unwrap_or_default());
        sealed
    }

    /// Opens a record; nothing where it was changed or moved here from elsewhere.
    pub(crate) fn open(&self, kind: &str, handle: &[u8], stored: &[u8]) -> Option<Vec<u8>> {
        let Some(keys) = &self.keys else { return Some(stored.to_vec()) };
        let (nonce, text) = stored.split_at_checked(NONCE)?;
        let fixed: [u8; NONCE] = std::array::from_fn(|at| nonce[at]);
        let bound = self.bound(kind, handle);
        keys.cipher.decrypt(&XNonce::from(fixed), Payload { msg: text, aad: &bound }).ok()
    }

    fn bound(&self, kind: &str, handle: &[u8]) -> Vec<u8> {
        [self.gallery.as_bytes(), b"\0", kind.as_bytes(), b"\0", handle].concat()
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn a_sealed_record_opens_only_where_it_belongs_and_unchanged() {
        let seal = Seal::new(Some(&Zeroizing::new([3; 32])), "g");
        let sealed = seal.close("template", b"handle", b"numbers");
        assert!(!sealed.windows(7).any(|window| window == b"numbers"));
        assert_eq!(seal.open("template", b"handle", &sealed).unwrap(), b"numbers");
        assert!(seal.open("template", b"other", &sealed).is_none());
        assert!(seal.open("name", b"handle", &sealed).is_none());
        assert!(
            Seal::new(Some(&Zeroizing::new([4; 32])), "g").open("template", b"handle", &sealed).is_none()
        );
        assert!(
            Seal::new(Some(&Zeroizing::new([3; 32])), "h").open("template", b"handle", &sealed).is_none()
        );
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(seal.open("template", b"handle", &changed).is_none(), "byte {at}");
        }
        assert!(seal.open("template", b"handle", &sealed[..10]).is_none());
    }

    #[test]
    fn names_cannot_be_looked_up_without_the_key() {
        let subject = SubjectId::new("sub-01").unwrap();
        let with = |byte| Seal::new(Some(&Zeroizing::new([byte; 32])), "g").handle(&subject);
        assert_eq!(with(1), with(1));
        assert_ne!(with(1), with(2));
        assert_ne!(with(1), Seal::new(None, "g").handle(&subject));
    }
}
