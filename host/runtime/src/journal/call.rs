//! One call of a guest into the host, as a journal has it.

use crate::interceptor::Stop;
use data_encoding::BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;
use std::fmt;

/// Characters of a call's arguments that are shown.
const SHOWN: usize = 400;

/// A call: who was called, with what, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The interface or package, as [`crate::Interface::name`] has it.
    pub interface: String,
    /// The function, as an observer is told it.
    pub function: String,
    /// The arguments in their order. A handle is `{"handle": n}`: the n-th that the guest was given.
    pub args: Value,
    /// What came of it.
    pub outcome: Outcome,
    /// Why the guest was stopped by this call, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stop: Option<Stop>,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It answered.
    Answer(Value),
    /// It stopped the guest, with this text.
    Trap(String),
    /// The invocation ended before it did.
    Unfinished,
}

impl Call {
    /// Whether the same is asked of the same function.
    pub(crate) fn asks(&self, interface: &str, function: &str, args: &Value) -> bool {
        self.is_of(interface, function) && self.args == *args
    }

    /// Whether the same function is called.
    pub(crate) fn is_of(&self, interface: &str, function: &str) -> bool {
        self.function == function && self.interface == interface
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let args = self.args.to_string();
        let inner = args.strip_prefix('[').and_then(|a| a.strip_suffix(']')).unwrap_or(&args);
        let shown: String = inner.chars().take(SHOWN).collect();
        let cut = if shown.len() < inner.len() { "…" } else { "" };
        write!(f, "{} {}({shown}{cut})", self.interface, self.function)
    }
}

/// Bytes: as text where they are UTF-8, as base64 where they are not.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Data(pub Vec<u8>);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Written<'a> {
    Text(std::borrow::Cow<'a, str>),
    Base64(String),
}

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => Written::Text(text.into()),
            Err(_) => Written::Base64(BASE64.encode(&self.0)),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Text(text) => Ok(Self(text.into_owned().into_bytes())),
            Written::Base64(text) => BASE64
                .decode(text.as_bytes())
                .map(Self)
                .map_err(|e| de::Error::custom(format!("what is said to be base64 is not: {e}"))),
        }
    }
}

/// How much, and not what: it may be personal.
impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Data({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn bytes_come_back_as_they_were_whether_or_not_they_are_text() {
        for (bytes, written) in [
            ("徐州".as_bytes(), json!({ "text": "徐州" })),
            (&[0xff, 0], json!({ "base64": "/wA=" })),
            (b"", json!({ "text": "" })),
        ] {
            let data = Data(bytes.to_vec());
            assert_eq!(serde_json::to_value(&data).unwrap(), written);
            assert_eq!(serde_json::from_value::<Data>(written).unwrap(), data);
        }
        assert!(serde_json::from_value::<Data>(json!({ "base64": "!" })).is_err());
    }

    #[test]
    fn an_answer_of_nothing_is_an_answer() {
        let call = |outcome| Call {
            interface: "city:data/collections".into(),
            function: "get".into(),
            args: json!(["spots", "云龙湖"]),
            outcome,
            stop: None,
        };
        for outcome in [Outcome::Answer(Value::Null), Outcome::Trap("x".into()), Outcome::Unfinished] {
            let text = serde_json::to_string(&call(outcome.clone())).unwrap();
            assert_eq!(serde_json::from_str::<Call>(&text).unwrap().outcome, outcome, "{text}");
        }
        assert_eq!(call(Outcome::Unfinished).to_string(), "city:data/collections get(\"spots\",\"云龙湖\")");
    }
}
