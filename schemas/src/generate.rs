//! The files beside `src/`, made from the types: a JSON Schema and a sample per event and version, and AsyncAPI.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::envelope::{Envelope, Payload};

/// Path below `schemas/` -> content.
pub type Files = BTreeMap<String, String>;

/// Pretty JSON with a final newline: what a reviewer reads in a diff.
#[must_use]
pub fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn add<P: Payload>(files: &mut Files) {
    let schema = serde_json::to_value(Envelope::<P>::schema()).unwrap_or_default();
    files.insert(format!("event/{}/v{}.json", P::NAME, P::VERSION), pretty(&schema));
    let sample = serde_json::to_value(Envelope::<P>::sample()).unwrap_or_default();
    files.insert(format!("event/{}/sample/v{}.json", P::NAME, P::VERSION), pretty(&sample));
}

/// Everything that the types of this crate give.
#[must_use]
pub fn files() -> Files {
    let mut files = Files::new();
    macro_rules! each {
        ($event:ty) => {
            add::<$event>(&mut files);
        };
    }
    crate::for_each_event!(each);
    files.insert("asyncapi.json".to_owned(), pretty(&crate::asyncapi::document()));
    files
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Every sample that ever lay in `event/<name>/sample/` is decoded by the type of its version, for ever.
    #[test]
    fn every_kept_sample_is_still_read() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("event");
        let mut read = 0;
        macro_rules! each {
            ($event:ty) => {
                let folder = root.join(<$event>::NAME).join("sample");
                for entry in std::fs::read_dir(&folder).unwrap() {
                    let path = entry.unwrap().path();
                    let name = path.file_name().unwrap().to_string_lossy().into_owned();
                    if name.starts_with(&format!("v{}", <$event>::VERSION)) {
                        let event = Envelope::<$event>::from_json(&std::fs::read(&path).unwrap());
                        assert!(event.is_ok(), "{}: {:?}", path.display(), event.err());
                        read += 1;
                    }
                }
            };
        }
        crate::for_each_event!(each);
        assert!(read >= 4);
    }

    #[test]
    fn an_event_of_another_type_is_refused() {
        let sample = serde_json::to_vec(&Envelope::<crate::event::NeedNormalized>::sample()).unwrap();
        assert!(Envelope::<crate::event::SignalPublished>::from_json(&sample).is_err());
        assert!(Envelope::<crate::event::NeedNormalized>::from_json(&sample).is_ok());
    }
}
