//! DKIM (RFC 6376; Ed25519: RFC 8463): mails are signed by the installation's domain, so that receivers can tell that they are
//! ours and unchanged.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use lettre::Message;
use lettre::message::dkim::{
    DkimCanonicalization, DkimCanonicalizationType, DkimConfig, DkimSigningAlgorithm, DkimSigningKey,
};
use lettre::message::header::HeaderName;
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey};
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use skillwire_runtime::Ids;

use super::failure::SmtpError;
use crate::config::Config;

/// What is signed. Those of them that a mail has not are signed as missing: nobody can add one.
const SIGNED: [HeaderName; 12] = [
    HeaderName::new_from_ascii_str("From"),
    HeaderName::new_from_ascii_str("To"),
    HeaderName::new_from_ascii_str("Subject"),
    HeaderName::new_from_ascii_str("Date"),
    HeaderName::new_from_ascii_str("Message-ID"),
    HeaderName::new_from_ascii_str("MIME-Version"),
    HeaderName::new_from_ascii_str("Content-Type"),
    HeaderName::new_from_ascii_str("Content-Transfer-Encoding"),
    HeaderName::new_from_ascii_str("List-Id"),
    HeaderName::new_from_ascii_str("List-Unsubscribe"),
    HeaderName::new_from_ascii_str("List-Unsubscribe-Post"),
    HeaderName::new_from_ascii_str("Auto-Submitted"),
];

/// Bits of an RSA key at least (RFC 8301 3.2: shorter ones are not believed), and of one that we make.
const RSA_BITS_MIN: usize = 1_024;
const RSA_BITS: usize = 2_048;
/// The PKCS#8 form of an Ed25519 key (RFC 8410 7) is this and the 32 bytes of the seed.
const ED25519_PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
/// Largest key file, bytes.
const FILE_BYTES_MAX: u64 = 65_536;
/// Longest string of a TXT record (RFC 1035 3.3).
const TXT_CHARS_MAX: usize = 255;

/// Which kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA of 2,048 bits: every receiver knows it.
    Rsa,
    /// Ed25519: short, and not known to every receiver yet.
    Ed25519,
}

enum Key {
    Rsa(Box<RsaPrivateKey>),
    Ed25519(Box<SigningKey>),
}

/// What signs.
#[derive(Debug)]
pub(super) struct Signer(DkimConfig);

impl Signer {
    /// Signs; to be called last. The signature has the machine's time (`t=`), whose only use is that old ones can be told.
    pub(super) fn sign(&self, message: &mut Message) {
        message.sign(&self.0);
    }
}

/// Domain, selector and key of the settings; none when DKIM is not set up.
fn settings(config: &Config) -> Result<Option<(&str, &str, Key)>, SmtpError> {
    let bad = |why: String| SmtpError::Settings(why);
    let (domain, selector, file) = match (&config.dkim_domain, &config.dkim_selector, &config.dkim_key_file) {
        (None, None, None) => return Ok(None),
        (Some(domain), Some(selector), Some(file)) => (domain, selector, file),
        _ => {
            let why = "deliver.dkim_domain, deliver.dkim_selector and deliver.dkim_key_file belong together: give all or none";
            return Err(bad(why.to_owned()));
        }
    };
    for (name, value) in [("domain", domain), ("selector", selector)] {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if value.is_empty() || !value.chars().all(fits) {
            return Err(bad(format!(
                "deliver.dkim_{name}: '{value}' is no name in DNS; give one such as wire.example"
            )));
        }
    }
    let cannot = |why: String| {
        let right = "give a PEM file with an RSA or Ed25519 private key, e.g. from `skillwire dkim-key --out FILE`";
        bad(format!("deliver.dkim_key_file: {} {why}; {right}", file.display()))
    };
    let size = std::fs::metadata(file).map_err(|e| cannot(format!("cannot be read ({e})")))?.len();
    if size > FILE_BYTES_MAX {
        return Err(cannot(format!("has {size} bytes: that is no key")));
    }
    let pem = std::fs::read_to_string(file).map_err(|e| cannot(format!("cannot be read ({e})")))?;
    let key = read(&pem).map_err(|why| cannot(why.to_owned()))?;
    Ok(Some((domain, selector, key)))
}

/// What signs, as the settings say.
pub(super) fn signer(config: &Config) -> Result<Option<Signer>, SmtpError> {
    let Some((domain, selector, key)) = settings(config)? else { return Ok(None) };
    let made = match &key {
        Key::Rsa(key) => {
            let pem = key.to_pkcs1_pem(LineEnding::LF).map_err(|e| SmtpError::Settings(e.to_string()))?;
            DkimSigningKey::new(&pem, DkimSigningAlgorithm::Rsa)
        }
        Key::Ed25519(key) => DkimSigningKey::new(&STANDARD.encode(key.to_bytes()), DkimSigningAlgorithm::Ed25519),
    };
    let made = made.map_err(|e| SmtpError::Settings(format!("deliver.dkim_key_file: {e}")))?;
    // Relays fold headers and change spaces; relaxed signatures outlive that.
    let relaxed = DkimCanonicalizationType::Relaxed;
    let canonicalization = DkimCanonicalization { header: relaxed, body: relaxed };
    let config = DkimConfig::new(selector.to_owned(), domain.to_owned(), made, SIGNED.to_vec(), canonicalization);
    Ok(Some(Signer(config)))
}

/// The DNS record that goes with the key of the settings, as a line of a zone file.
///
/// # Errors
/// [`SmtpError::Settings`] when there is no key, or it cannot be used.
pub fn record(config: &Config) -> Result<String, SmtpError> {
    match settings(config)? {
        Some((domain, selector, key)) => Ok(format!("{selector}._domainkey.{domain}. IN TXT {}", text(&key)?)),
        None => Err(SmtpError::Settings(
            "DKIM is not set up: give deliver.dkim_domain, deliver.dkim_selector and deliver.dkim_key_file".to_owned(),
        )),
    }
}

/// A new key (PEM, PKCS#8), and the text of its DNS record.
///
/// # Errors
/// When a key cannot be made or written.
pub fn generate(kind: KeyKind, ids: &dyn Ids) -> Result<(String, String), SmtpError> {
    let wrong = |e: &dyn std::fmt::Display| SmtpError::Settings(format!("no key can be made: {e}"));
    let (key, pem) = match kind {
        KeyKind::Rsa => {
            let key = RsaPrivateKey::new(&mut Random(ids), RSA_BITS).map_err(|e| wrong(&e))?;
            let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|e| wrong(&e))?.to_string();
            (Key::Rsa(Box::new(key)), pem)
        }
        KeyKind::Ed25519 => {
            let mut seed = [0u8; 32];
            ids.fill(&mut seed);
            let der = [&ED25519_PKCS8[..], &seed].concat();
            let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der));
            (Key::Ed25519(Box::new(SigningKey::from_bytes(&seed))), pem)
        }
    };
    let record = text(&key)?;
    Ok((pem, record))
}

/// A key from PEM; or why it is none that can be used.
fn read(pem: &str) -> Result<Key, &'static str> {
    if pem.contains("ENCRYPTED") {
        return Err("is locked with a passphrase, which nobody could type in here");
    }
    if !pem.contains("PRIVATE KEY-----") {
        return Err("holds no private key");
    }
    let rsa = RsaPrivateKey::from_pkcs1_pem(pem).ok().or_else(|| RsaPrivateKey::from_pkcs8_pem(pem).ok());
    if let Some(key) = rsa {
        if key.n().bits() < RSA_BITS_MIN {
            return Err("holds an RSA key of fewer than 1,024 bits, which receivers do not believe");
        }
        return Ok(Key::Rsa(Box::new(key)));
    }
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    let der = STANDARD.decode(body).unwrap_or_default();
    // A public key may follow the seed (RFC 5958); the seed stands at the same place, and the first bytes then differ.
    let seed = der.strip_prefix(&ED25519_PKCS8[..]).and_then(|seed| <[u8; 32]>::try_from(seed).ok());
    seed.map(|seed| Key::Ed25519(Box::new(SigningKey::from_bytes(&seed))))
        .ok_or("is damaged, or holds a key of another kind")
}

/// The text of the record (RFC 6376 3.6.1), as the strings of a zone file.
fn text(key: &Key) -> Result<String, SmtpError> {
    let (kind, public) = match key {
        Key::Rsa(key) => {
            let der = RsaPublicKey::from(key.as_ref()).to_public_key_der();
            ("rsa", der.map_err(|e| SmtpError::Settings(e.to_string()))?.into_vec())
        }
        Key::Ed25519(key) => ("ed25519", key.verifying_key().to_bytes().to_vec()),
    };
    let whole: Vec<char> = format!("v=DKIM1; k={kind}; p={}", STANDARD.encode(public)).chars().collect();
    let mut out = String::new();
    for piece in whole.chunks(TXT_CHARS_MAX) {
        let gap = if out.is_empty() { "" } else { " " };
        let _ = write!(out, "{gap}\"{}\"", piece.iter().collect::<String>());
    }
    Ok(out)
}

/// Our randomness as the maker of RSA keys wants it.
struct Random<'a>(&'a dyn Ids);

impl rsa::rand_core::RngCore for Random<'_> {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0u8; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0u8; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl rsa::rand_core::CryptoRng for Random<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use skillwire_runtime::SeededIds;

    #[test]
    fn a_made_key_reads_back_and_its_record_holds_the_public_half() {
        let (pem, record) = generate(KeyKind::Ed25519, &SeededIds::new(1)).unwrap();
        let Ok(Key::Ed25519(key)) = read(&pem) else { panic!("{pem}") };
        let public = STANDARD.encode(key.verifying_key().to_bytes());
        assert_eq!(record, format!("\"v=DKIM1; k=ed25519; p={public}\""));
    }

    #[test]
    fn keys_of_rsa_are_read_in_both_forms_and_their_record_is_cut_into_strings() {
        let key = RsaPrivateKey::new(&mut Random(&SeededIds::new(2)), RSA_BITS_MIN).unwrap();
        for pem in [key.to_pkcs1_pem(LineEnding::LF).unwrap(), key.to_pkcs8_pem(LineEnding::CRLF).unwrap()] {
            let Ok(read) = read(&pem) else { panic!("{}", pem.as_str()) };
            assert!(text(&read).unwrap().starts_with("\"v=DKIM1; k=rsa; p=MI"));
        }
        let der = key.to_public_key().to_public_key_der().unwrap().into_vec();
        let strings = text(&Key::Rsa(Box::new(key))).unwrap();
        assert!(strings.split(' ').all(|s| s.len() <= TXT_CHARS_MAX + 2));
        let whole = strings.replace("\" \"", "");
        assert!(whole.contains(&STANDARD.encode(der)), "{whole}");
    }

    #[test]
    fn a_bad_key_says_what_would_be_right() {
        let folder = std::env::temp_dir().join(format!("skillwire-dkim-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (good, _) = generate(KeyKind::Ed25519, &SeededIds::new(1)).unwrap();
        let small = RsaPrivateKey::new(&mut Random(&SeededIds::new(3)), 512).unwrap();
        let small = small.to_pkcs1_pem(LineEnding::LF).unwrap().to_string();
        let bad = [
            ("", "no private key"),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "no private key"),
            ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----", "passphrase"),
            (&good.replace("MC4CAQAwBQYDK2Vw", "MC4CAQAwBQYDK2Vx"), "damaged"),
            (&small, "1,024 bits"),
        ];
        let config = |key: &str| {
            std::fs::write(folder.join("key"), key).unwrap();
            Config {
                dkim_domain: Some("wire.example".to_owned()),
                dkim_selector: Some("s1".to_owned()),
                dkim_key_file: Some(folder.join("key")),
                ..Config::default()
            }
        };
        for (key, why) in bad {
            let error = signer(&config(key)).unwrap_err().to_string();
            assert!(error.contains("deliver.dkim_key_file") && error.contains(why), "{error}");
            assert!(error.contains("skillwire dkim-key --out FILE"), "{error}");
        }
        assert!(signer(&config(&good)).unwrap().is_some());
        assert!(record(&config(&good)).unwrap().starts_with("s1._domainkey.wire.example. IN TXT \"v=DKIM1;"));
        let half = Config { dkim_selector: None, ..config(&good) };
        assert!(signer(&half).unwrap_err().to_string().contains("all or none"));
        let gone = Config { dkim_key_file: Some(folder.join("gone")), ..config(&good) };
        assert!(signer(&gone).unwrap_err().to_string().contains("cannot be read"));
        let named = Config { dkim_domain: Some("wire example".to_owned()), ..config(&good) };
        assert!(signer(&named).unwrap_err().to_string().contains("deliver.dkim_domain"));
        assert!(signer(&Config::default()).unwrap().is_none());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
