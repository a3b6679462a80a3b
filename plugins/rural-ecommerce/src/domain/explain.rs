//! What every refusal of the domain can say of itself: to programs, and to people in two languages.

use serde_json::Value;
use yunlong_sdk::Text;

/// A refusal that explains itself: what state the thing is in, what is allowed, what to do next.
pub trait Explain: std::fmt::Debug {
    /// A word for programs, in kebab case.
    fn kind(&self) -> &'static str;

    /// What happened, in a few words.
    fn title(&self) -> Text;

    /// What happened in this case, and what to do.
    fn detail(&self) -> Text;

    /// What a program needs besides: names and values of members of the problem document.
    fn members(&self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }
}

/// A field of a request that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// A JSON Pointer (RFC 6901) into the request, such as `/skus/0/price`.
    pub pointer: String,
    /// What is wrong and what to do.
    pub text: Text,
}

impl FieldError {
    /// A refused field.
    #[must_use]
    pub fn new(pointer: impl Into<String>, text: Text) -> Self {
        Self { pointer: pointer.into(), text }
    }
}
