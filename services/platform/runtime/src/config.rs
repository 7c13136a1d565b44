//! Settings: defaults, then a TOML file, then the environment; and the file that documents them, made from the types.

use std::path::Path;

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A setting that is wrong: which, what it is, what would be right.
#[derive(Debug, thiserror::Error)]
#[error("configuration: {0}")]
pub struct ConfigError(pub String);

/// Reads settings of sections: `SKILLWIRE_<SECTION>_<KEY>` in the environment wins over the file, the file over the default.
///
/// # Errors
/// [`ConfigError`] for a missing or unreadable file, an unknown key or a value of the wrong kind, with its place.
pub fn load<C>(file: Option<&Path>) -> Result<C, ConfigError>
where
    C: Default + Serialize + DeserializeOwned + JsonSchema,
{
    let mut figment = Figment::from(Serialized::defaults(C::default()));
    if let Some(path) = file {
        if !path.is_file() {
            return Err(ConfigError(format!("{} is not there; give --config a file that is", path.display())));
        }
        figment = figment.merge(Toml::file_exact(path));
    }
    let known = environment_keys::<C>();
    // Only keys that exist are taken: SKILLWIRE_TEST_... and the like belong to others.
    let names: Vec<(String, String)> = known;
    let pick = names.clone();
    figment = figment.merge(
        Env::raw()
            .filter(move |key| pick.iter().any(|(variable, _)| key == variable.as_str()))
            .map(move |key| {
                names
                    .iter()
                    .find(|(variable, _)| key == variable.as_str())
                    .map_or_else(|| key.into(), |(_, path)| path.clone().into())
            })
            .split("."),
    );
    figment.extract().map_err(|e| ConfigError(e.to_string()))
}

/// Environment variable -> `section.key`, for every key there is.
fn environment_keys<C: Default + Serialize>() -> Vec<(String, String)> {
    let defaults = serde_json::to_value(C::default()).unwrap_or_default();
    let mut keys = Vec::new();
    for (section, values) in defaults.as_object().into_iter().flatten() {
        for key in values.as_object().into_iter().flat_map(|v| v.keys()) {
            let variable = format!("SKILLWIRE_{}_{}", section.to_uppercase(), key.to_uppercase());
            keys.push((variable, format!("{section}.{key}")));
        }
    }
    keys
}

/// The documented configuration file: every key with its default and its comment.
#[must_use]
pub fn render<C: Default + Serialize + JsonSchema>(head: &str) -> String {
    let schema = serde_json::to_value(
        schemars::generate::SchemaSettings::default()
            .with(|s| s.inline_subschemas = true)
            .into_generator()
            .into_root_schema_for::<C>(),
    )
    .unwrap_or_default();
    let defaults = serde_json::to_value(C::default()).unwrap_or_default();
    let mut out = String::from(head);
    for (section, values) in defaults.as_object().into_iter().flatten() {
        let properties = &schema["properties"][section];
        out.push('\n');
        comment(&mut out, &properties["description"]);
        out.push_str(&format!("[{section}]\n"));
        for (key, value) in values.as_object().into_iter().flatten() {
            comment(&mut out, &properties["properties"][key]["description"]);
            let variable = format!("SKILLWIRE_{}_{}", section.to_uppercase(), key.to_uppercase());
            out.push_str(&format!("# Environment: {variable}\n"));
            match toml_value(value) {
                Some(value) => out.push_str(&format!("{key} = {value}\n")),
                None => out.push_str(&format!("# {key} =   (not set)\n")),
            }
        }
    }
    out
}

fn comment(out: &mut String, text: &Value) {
    for line in text.as_str().unwrap_or_default().lines() {
        out.push_str(format!("# {line}").trim_end());
        out.push('\n');
    }
}

fn toml_value(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        // A JSON string, number, boolean or array of them is written the same in TOML.
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Serialize, Deserialize, JsonSchema, Default, PartialEq, Debug)]
    #[serde(default, deny_unknown_fields)]
    struct Root {
        /// The door.
        http: Http,
    }

    #[derive(Serialize, Deserialize, JsonSchema, PartialEq, Debug)]
    #[serde(default, deny_unknown_fields)]
    struct Http {
        /// Where to listen.
        listen: String,
        /// Largest body, bytes.
        body_bytes_max: u64,
        /// Name of the house.
        name: Option<String>,
    }

    impl Default for Http {
        fn default() -> Self {
            Self { listen: "127.0.0.1:8080".to_owned(), body_bytes_max: 10, name: None }
        }
    }

    #[test]
    fn the_rendered_file_reads_back_as_the_defaults_and_explains_each_key() {
        let text = render::<Root>("# Skillwire\n");
        assert_eq!(toml::from_str::<Root>(&text).unwrap(), Root::default());
        for line in ["# The door.", "# Largest body, bytes.", "# Environment: SKILLWIRE_HTTP_LISTEN"] {
            assert!(text.contains(line), "{text}");
        }
    }

    #[test]
    fn an_unknown_key_is_named() {
        let file = std::env::temp_dir().join("skillwire-config-unknown-key.toml");
        std::fs::write(&file, "[http]\nlisten_on = 3\n").unwrap();
        let error = load::<Root>(Some(&file)).unwrap_err().to_string();
        assert!(error.contains("listen_on"), "{error}");
    }
}
