//! Sealing of stored records: XChaCha20-Poly1305 with random nonces.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use rand::CryptoRng;
use twinprint_signal::SubjectId;

use crate::protection::{Key, subkey};

const NONCE: usize = 24;

/// Seals and opens records, or passes them through where the gallery is not sealed.
///
/// A sealed record is its nonce of 24 random bytes and then the ciphertext with its tag. So many random bytes may be drawn
/// for every record without fear that two are alike. A record is bound to its kind, its person, its gallery and, since
/// galleries are authenticated as a whole, to that: a gallery stripped of its stamp does not pass for one of before.
pub(crate) struct Seal {
    keys: Option<Keys>,
    gallery: String,
    /// Whether records that are not so bound open as well: those of a gallery that an earlier version wrote.
    unstamped: bool,
}

/// What binds a record to an authenticated gallery.
const STAMPED: &[u8] = b"stamped\0";

struct Keys {
    cipher: XChaCha20Poly1305,
    handle: Key,
}

impl Seal {
    /// A seal under `key`, or none, for the gallery with this id; `unstamped` where an earlier version wrote it.
    pub(crate) fn new(key: Option<&Key>, gallery: &str, unstamped: bool) -> Self {
        let keys = key.map(|key| Keys {
            cipher: XChaCha20Poly1305::new((&*subkey(key, "seal")).into()),
            handle: subkey(key, "handle"),
        });
        Self { keys, gallery: gallery.to_owned(), unstamped }
    }

    /// What a person is looked up by: a hash of their name, keyed where names are sealed.
    pub(crate) fn handle(&self, subject: &SubjectId) -> [u8; 32] {
        match &self.keys {
            Some(keys) => *blake3::keyed_hash(&keys.handle, subject.as_str().as_bytes()).as_bytes(),
            None => *blake3::hash(subject.as_str().as_bytes()).as_bytes(),
        }
    }

    /// Seals a record of a kind that belongs to a handle; nothing where it is longer than the cipher takes (256 GiB).
    pub(crate) fn close(
        &self,
        kind: &str,
        handle: &[u8],
        record: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Option<Vec<u8>> {
        let Some(keys) = &self.keys else { return Some(record.to_vec()) };
        let mut nonce = [0; NONCE];
        rng.fill_bytes(&mut nonce);
        let payload = Payload { msg: record, aad: &[STAMPED, &self.bound(kind, handle)].concat() };
        let text = keys.cipher.encrypt(&XNonce::from(nonce), payload).ok()?;
        Some([nonce.as_slice(), &text].concat())
    }

    /// Opens a record; nothing where it was changed or moved here from elsewhere.
    pub(crate) fn open(&self, kind: &str, handle: &[u8], stored: &[u8]) -> Option<Vec<u8>> {
        let Some(keys) = &self.keys else { return Some(stored.to_vec()) };
        let (nonce, text) = stored.split_first_chunk::<NONCE>()?;
        let bound = self.bound(kind, handle);
        let open = |aad: &[u8]| keys.cipher.decrypt(&XNonce::from(*nonce), Payload { msg: text, aad }).ok();
        open(&[STAMPED, &bound].concat()).or_else(|| self.unstamped.then(|| open(&bound)).flatten())
    }

    fn bound(&self, kind: &str, handle: &[u8]) -> Vec<u8> {
        [self.gallery.as_bytes(), b"\0", kind.as_bytes(), b"\0", handle].concat()
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;
    use zeroize::Zeroizing;

    use super::*;

    fn seal(key: u8, gallery: &str) -> Seal {
        Seal::new(Some(&Zeroizing::new([key; 32])), gallery, false)
    }

    #[test]
    fn a_sealed_record_opens_only_where_it_belongs_and_unchanged() {
        let rng = &mut ChaCha20Rng::from_seed([5; 32]);
        let sealed = seal(3, "g").close("template", b"handle", b"numbers", rng).unwrap();
        assert!(!sealed.windows(7).any(|window| window == b"numbers"));
        assert_eq!(seal(3, "g").open("template", b"handle", &sealed).unwrap(), b"numbers");
        assert!(seal(3, "g").open("template", b"other", &sealed).is_none());
        assert!(seal(3, "g").open("name", b"handle", &sealed).is_none());
        assert!(seal(4, "g").open("template", b"handle", &sealed).is_none());
        assert!(seal(3, "h").open("template", b"handle", &sealed).is_none());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(seal(3, "g").open("template", b"handle", &changed).is_none(), "byte {at}");
        }
        assert!(seal(3, "g").open("template", b"handle", &sealed[..10]).is_none());
    }

    #[test]
    fn a_record_sealed_twice_is_never_the_same_bytes() {
        let rng = &mut ChaCha20Rng::from_seed([5; 32]);
        let mut close = || seal(3, "g").close("name", b"handle", b"ann", rng).unwrap();
        assert_ne!(close(), close());
    }

    #[test]
    fn names_cannot_be_looked_up_without_the_key() {
        let subject = SubjectId::new("sub-01").unwrap();
        let with = |byte| seal(byte, "g").handle(&subject);
        assert_eq!(with(1), with(1));
        assert_ne!(with(1), with(2));
        assert_ne!(with(1), Seal::new(None, "g", false).handle(&subject));
    }
}
