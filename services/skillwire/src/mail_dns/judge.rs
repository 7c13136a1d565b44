//! What a record is worth, and what record would be right. Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Mechanisms of an SPF record that cost a look-up: more than ten make it void (RFC 7208, 4.6.4).
const SPF_LOOKUPS_MAX: usize = 10;
/// Bytes of an RSA public key of 1,024 bits as it stands in a record; shorter ones are refused (RFC 8301, 3.2).
const RSA_KEY_BYTES_MIN: usize = 140;
/// Bytes of an Ed25519 public key (RFC 8463).
const ED25519_KEY_BYTES: usize = 32;

/// How something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Right.
    Fine(String),
    /// Wrong.
    Wrong {
        /// What.
        what: String,
        /// What would be right.
        remedy: String,
    },
}

fn wrong(what: String, remedy: String) -> Judged {
    Judged::Wrong { what, remedy }
}

/// The DNS did not answer.
pub(super) fn unanswered(name: &str, error: &str) -> Judged {
    wrong(
        format!("{name} cannot be looked up ({error})"),
        "mend this machine's resolver, or the name's servers".to_owned(),
    )
}

/// SPF: which servers may send for the domain.
pub(super) fn spf(domain: &str, records: &[String]) -> Judged {
    let right = format!("{domain}. TXT \"v=spf1 mx a:<your mail server> -all\"");
    let ours: Vec<&String> = records.iter().filter(|r| is_version(r, "v=spf1", ' ')).collect();
    let record = match ours[..] {
        [one] => one,
        [] => return wrong(format!("{domain} has no SPF record"), format!("add {right}")),
        _ => {
            return wrong(
                format!("{domain} has {} SPF records: that makes all void", ours.len()),
                format!("keep one: {right}"),
            );
        }
    };
    let terms: Vec<String> = record.split_whitespace().skip(1).map(str::to_lowercase).collect();
    let lookups = terms.iter().filter(|term| costs_a_lookup(term)).count();
    if lookups > SPF_LOOKUPS_MAX {
        let what = format!("{domain}: SPF asks for {lookups} look-ups, more than {SPF_LOOKUPS_MAX} make it void");
        return wrong(what, "name networks (ip4:, ip6:) in place of names".to_owned());
    }
    let ending = terms.iter().find(|t| matches!(t.trim_start_matches(['+', '-', '~', '?']), "all"));
    match ending.map(String::as_str) {
        Some("-all" | "~all") => Judged::Fine(format!("{domain}: {record}")),
        Some("?all") => wrong(
            format!("{domain}: SPF ends with ?all, which says nothing"),
            format!("end it with -all or ~all: {right}"),
        ),
        Some(_) => {
            wrong(format!("{domain}: SPF ends with +all: everybody may send"), format!("end it with -all: {right}"))
        }
        None if terms.iter().any(|t| t.starts_with("redirect=")) => Judged::Fine(format!("{domain}: {record}")),
        None => wrong(
            format!("{domain}: SPF has no end, which says nothing of other servers"),
            format!("end it with -all: {right}"),
        ),
    }
}

fn costs_a_lookup(term: &str) -> bool {
    let word = term.trim_start_matches(['+', '-', '~', '?']);
    let name = word.split([':', '/', '=']).next().unwrap_or(word);
    matches!(name, "include" | "a" | "mx" | "ptr" | "exists" | "redirect")
}

/// DKIM: the key that mails are signed with.
pub(super) fn dkim(name: &str, records: &[String]) -> Judged {
    let right = format!("{name}. TXT \"v=DKIM1; k=rsa; p=<the public key, base64>\"");
    let keys: Vec<&String> = records.iter().filter(|r| tag(r, "p").is_some()).collect();
    let record = match keys[..] {
        [one] => one,
        [] => return wrong(format!("{name} has no DKIM key"), format!("add {right}")),
        _ => {
            return wrong(
                format!("{name} has {} DKIM keys: which one holds is not defined", keys.len()),
                format!("keep one: {right}"),
            );
        }
    };
    if tag(record, "v").is_some_and(|v| v != "DKIM1") {
        return wrong(format!("{name} is of another version than DKIM1"), format!("write {right}"));
    }
    let key: String = tag(record, "p").unwrap_or_default().split_whitespace().collect();
    if key.is_empty() {
        return wrong(
            format!("{name}: the key is withdrawn (p= is empty)"),
            format!("sign with another selector, or write {right}"),
        );
    }
    let Ok(bytes) = STANDARD.decode(&key) else {
        return wrong(
            format!("{name}: p= is no base64"),
            format!("write the key on one line, without BEGIN and END: {right}"),
        );
    };
    match tag(record, "k").unwrap_or("rsa") {
        "rsa" if bytes.len() < RSA_KEY_BYTES_MIN => wrong(
            format!("{name}: the key is shorter than 1,024 bits and is refused"),
            "make one of 2,048 bits".to_owned(),
        ),
        "ed25519" if bytes.len() != ED25519_KEY_BYTES => wrong(
            format!("{name}: an Ed25519 key has {ED25519_KEY_BYTES} bytes, not {}", bytes.len()),
            "write the raw key, not its PEM".to_owned(),
        ),
        "rsa" | "ed25519" if flags(record).any(|flag| flag == "y") => {
            wrong(format!("{name}: t=y says that the key is only tried out"), "take t=y away".to_owned())
        }
        kind @ ("rsa" | "ed25519") => Judged::Fine(format!("{name}: a key of kind {kind}")),
        kind => wrong(format!("{name}: keys of kind '{kind}' are not known"), format!("write {right}")),
    }
}

/// DMARC: what receivers do with mails that pass neither. None when there is no record at this name.
pub(super) fn dmarc(name: &str, records: &[String]) -> Option<Judged> {
    let right = format!("{name}. TXT \"v=DMARC1; p=quarantine; rua=mailto:<who reads the reports>\"");
    let ours: Vec<&String> = records.iter().filter(|r| is_version(r, "v=DMARC1", ';')).collect();
    let record = match ours[..] {
        [] => return None,
        [one] => one,
        _ => {
            return Some(wrong(
                format!("{name} has {} DMARC records: that makes all void", ours.len()),
                format!("keep one: {right}"),
            ));
        }
    };
    Some(match tag(record, "p") {
        Some("quarantine" | "reject") => Judged::Fine(format!("{name}: {record}")),
        Some("none") => Judged::Fine(format!("{name}: {record} (p=none only watches; p=quarantine protects)")),
        Some(other) => {
            wrong(format!("{name}: p={other} is no policy"), format!("p=none, quarantine or reject: {right}"))
        }
        None => wrong(format!("{name} has no policy (p=)"), format!("write {right}")),
    })
}

/// There is no DMARC record, here or above.
pub(super) fn no_dmarc(domain: &str) -> Judged {
    wrong(
        format!("{domain} has no DMARC record, nor has a domain above it"),
        format!(
            "add _dmarc.{domain}. TXT \"v=DMARC1; p=none; rua=mailto:<who reads the reports>\", later p=quarantine"
        ),
    )
}

fn is_version(record: &str, version: &str, after: char) -> bool {
    let Some(head) = record.get(..version.len()) else { return false };
    let rest = record[version.len()..].trim_start_matches(|c: char| c == ' ' && after != ' ');
    head.eq_ignore_ascii_case(version) && (rest.is_empty() || rest.starts_with(after))
}

/// The value of a tag in `a=b; c=d`.
fn tag<'a>(record: &'a str, name: &str) -> Option<&'a str> {
    record.split(';').filter_map(|part| part.split_once('=')).find(|(key, _)| key.trim() == name).map(|(_, v)| v.trim())
}

fn flags(record: &str) -> impl Iterator<Item = &str> {
    tag(record, "t").unwrap_or_default().split(':').map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_fine(judged: &Judged) -> bool {
        matches!(judged, Judged::Fine(_))
    }

    #[test]
    fn spf_is_one_record_that_ends_with_a_no() {
        let of = |records: &[&str]| spf("x.edu", &records.iter().map(|r| (*r).to_owned()).collect::<Vec<_>>());
        for good in ["v=spf1 mx -all", "V=SPF1 include:_spf.x.edu ~all", "v=spf1 redirect=_spf.x.edu", "v=spf1 -all"] {
            assert!(is_fine(&of(&["google-site-verification=1", good])), "{good}");
        }
        let many = format!("v=spf1 {} -all", "include:a.edu ".repeat(11));
        for bad in ["v=spf1 mx", "v=spf1 +all", "v=spf1 all", "v=spf1 ?all", "v=spf10 -all", "spf1 -all", many.as_str()]
        {
            assert!(!is_fine(&of(&[bad])), "{bad}");
        }
        assert!(!is_fine(&of(&["v=spf1 -all", "v=spf1 mx -all"])) && !is_fine(&of(&[])));
    }

    #[test]
    fn dkim_is_a_key_that_can_be_read() {
        let of = |record: String| dkim("s._domainkey.x.edu", &[record]);
        let key = STANDARD.encode([7u8; 294]);
        assert!(is_fine(&of(format!("v=DKIM1; k=rsa; p={key}"))));
        assert!(is_fine(&of(format!("p={} {}", &key[..80], &key[80..]))), "spaces inside a key are none");
        assert!(is_fine(&of(format!("v=DKIM1;k=ed25519;p={}", STANDARD.encode([7u8; 32])))));
        for bad in [
            "v=DKIM1; p=".to_owned(),
            "v=DKIM1; p=-----BEGIN".to_owned(),
            format!("v=DKIM2; p={key}"),
            format!("v=DKIM1; k=dsa; p={key}"),
            format!("v=DKIM1; t=y; p={key}"),
            format!("v=DKIM1; k=ed25519; p={key}"),
            format!("v=DKIM1; p={}", STANDARD.encode([7u8; 94])),
            "something else".to_owned(),
        ] {
            assert!(!is_fine(&of(bad.clone())), "{bad}");
        }
    }

    #[test]
    fn dmarc_is_one_record_with_a_policy() {
        let of = |records: &[&str]| dmarc("_dmarc.x.edu", &records.iter().map(|r| (*r).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["something else"]), None);
        for good in ["v=DMARC1; p=reject", "v=DMARC1;p=none;rua=mailto:a@x.edu", "v=DMARC1 ; p=quarantine"] {
            assert!(of(&[good]).is_some_and(|j| is_fine(&j)), "{good}");
        }
        for bad in [&["v=DMARC1; p=all"][..], &["v=DMARC1"], &["v=DMARC1; p=none", "v=DMARC1; p=reject"]] {
            assert!(of(bad).is_some_and(|j| !is_fine(&j)), "{bad:?}");
        }
    }
}
