//! The token of an unsubscribe link: which subscription, and proof that the link is ours.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use skillwire_schemas::SubscriptionId;
use skillwire_web::Secret;
use uuid::Uuid;

/// A tag for this is none for anything else.
const PURPOSE: &str = "unsubscribe";

/// Writes one. It does not end: a mail from years ago must still be able to end the mails.
#[must_use]
pub(crate) fn write(secret: &Secret, subscription: SubscriptionId) -> String {
    let id = subscription.0.as_bytes();
    format!("{}.{}", URL_SAFE_NO_PAD.encode(id), secret.sign(PURPOSE, id))
}

/// Reads one; `None` when it is not ours.
#[must_use]
pub(crate) fn read(secret: &Secret, token: &str) -> Option<SubscriptionId> {
    let (id, tag) = token.split_once('.')?;
    let id = Uuid::from_slice(&URL_SAFE_NO_PAD.decode(id).ok()?).ok()?;
    secret.verify(PURPOSE, id.as_bytes(), tag).then_some(SubscriptionId(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_no_other_does() {
        let secret: Secret = "07".repeat(32).parse().unwrap();
        let (one, two) = (SubscriptionId::derived(&["1"]), SubscriptionId::derived(&["2"]));
        let token = write(&secret, one);
        assert_eq!(read(&secret, &token), Some(one));
        assert!(token.len() < 70, "long addresses are folded by some relays, and folding breaks signatures");
        let (_, tag) = token.split_once('.').unwrap();
        let forged = format!("{}.{tag}", URL_SAFE_NO_PAD.encode(two.0.as_bytes()));
        for bad in ["", ".", "x.y", &forged, &token[1..], &format!("{token}A")] {
            assert_eq!(read(&secret, bad), None, "{bad}");
        }
    }
}
