//! State machines: which steps a state allows, and the refusal of those that it does not.

use super::explain::Explain;
use serde_json::{Value, json};
use std::fmt;
use yunlong_sdk::Text;

/// A state of something that only some steps lead away from.
pub trait Machine: Copy + PartialEq + fmt::Debug + 'static {
    /// What can happen.
    type Step: Copy + PartialEq + fmt::Debug + 'static;
    /// What is in the state, in Chinese and English: `订单`, `order`.
    const OF: (&'static str, &'static str);

    /// As documents and the API write it.
    fn code(self) -> &'static str;
    /// As people read it.
    fn name(self) -> Text;
    /// The steps that it allows.
    fn allows(self) -> &'static [Self::Step];
    /// A step, as the API writes it.
    fn step_code(step: Self::Step) -> &'static str;
    /// A step, as people read it.
    fn step_name(step: Self::Step) -> Text;

    /// Whether it allows a step.
    ///
    /// # Errors
    /// [`WrongState`] says what it allows instead.
    fn check(self, step: Self::Step) -> Result<(), WrongState<Self>> {
        if self.allows().contains(&step) { Ok(()) } else { Err(WrongState { state: self, step }) }
    }
}

/// A step that the state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongState<M: Machine> {
    /// Where the thing stands.
    pub state: M,
    /// What was asked.
    pub step: M::Step,
}

impl<M: Machine> fmt::Display for WrongState<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail().en)
    }
}

impl<M: Machine> std::error::Error for WrongState<M> {}

impl<M: Machine> Explain for WrongState<M> {
    fn kind(&self) -> &'static str {
        "wrong-state"
    }

    fn title(&self) -> Text {
        let (zh, en) = M::OF;
        Text::new(format!("{zh}的状态不允许这样操作"), format!("The {en}'s state does not allow this"))
    }

    fn detail(&self) -> Text {
        let (of, name, step) = (M::OF, self.state.name(), M::step_name(self.step));
        let allowed: Vec<Text> = self.state.allows().iter().map(|s| M::step_name(*s)).collect();
        let join = |f: fn(&Text) -> &str, between: &str| allowed.iter().map(f).collect::<Vec<_>>().join(between);
        let (zh, en) = if allowed.is_empty() {
            ("没有可做的操作".to_owned(), "nothing more can be done with it".to_owned())
        } else {
            (format!("现在可以：{}", join(|t| &t.zh, "、")), format!("what can be done now: {}", join(|t| &t.en, ", ")))
        };
        Text::new(
            format!("{}现为“{}”，不能{}；{zh}。", of.0, name.zh, step.zh),
            format!("The {} is {}, which does not allow to {}; {en}.", of.1, name.en, step.en),
        )
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let allowed: Vec<_> = self.state.allows().iter().map(|s| M::step_code(*s)).collect();
        vec![("state", json!(self.state.code())), ("allowed", json!(allowed))]
    }
}

/// Declares the states and steps of one machine, with their codes and names.
macro_rules! machine {
    (
        of $ozh:literal $oen:literal;
        $(#[$sdoc:meta])* states $State:ident { $($(#[$d:meta])* $S:ident $code:literal $zh:literal $en:literal => [$($A:ident),*];)+ }
        $(#[$tdoc:meta])* steps $Step:ident { $($(#[$e:meta])* $T:ident $tcode:literal $tzh:literal $ten:literal;)+ }
    ) => {
        $(#[$sdoc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $State { $($(#[$d])* #[serde(rename = $code)] $S,)+ }

        $(#[$tdoc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $Step { $($(#[$e])* #[serde(rename = $tcode)] $T,)+ }

        impl $State {
            /// Every state, in the order of a life.
            pub const ALL: &'static [Self] = &[$(Self::$S),+];

            /// The state of this code.
            #[must_use]
            pub fn of_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$S),)+ _ => None }
            }
        }

        impl $crate::domain::machine::Machine for $State {
            type Step = $Step;
            const OF: (&'static str, &'static str) = ($ozh, $oen);
            fn code(self) -> &'static str {
                match self { $(Self::$S => $code,)+ }
            }
            fn name(self) -> yunlong_sdk::Text {
                match self { $(Self::$S => yunlong_sdk::t($zh, $en),)+ }
            }
            fn allows(self) -> &'static [$Step] {
                match self { $(Self::$S => &[$($Step::$A),*],)+ }
            }
            fn step_code(step: $Step) -> &'static str {
                match step { $($Step::$T => $tcode,)+ }
            }
            fn step_name(step: $Step) -> yunlong_sdk::Text {
                match step { $($Step::$T => yunlong_sdk::t($tzh, $ten),)+ }
            }
        }
    };
}
pub(crate) use machine;
