//! Where accounts come from: outside providers, and people themselves.

use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;

/// How citizens come to accounts.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Accounts {
    /// Let citizens open accounts themselves at `/register`. What they say is checked for its form alone:
    /// prefer an outside provider where identity matters. `--self-registration` and
    /// YUNLONG_SELF_REGISTRATION.
    pub(crate) self_registration: bool,
}

/// An outside provider to sign in with (OpenID Connect); one section for each. `--providers FILE` and
/// YUNLONG_PROVIDERS read them from another file, in the place of these.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Provider {
    /// Its name in addresses, such as `province`: lower-case letters, digits and hyphens. Register
    /// `https://<portal>/sign-in/callback/<name>` at the provider.
    pub(crate) name: String,
    /// What stands on its button: `{ zh = "省政务服务网", en = "The province's services" }`.
    pub(crate) title: Title,
    /// The issuer, as its tokens name it: https; http on loopback alone.
    pub(crate) issuer: String,
    /// The client's id at the provider.
    pub(crate) client_id: String,
    /// A file with the client's secret, for its owner's eyes only, beside the configuration file or
    /// absolute; none for a public client.
    #[serde(default)]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// A PEM file with the certificates to trust in the place of the public ones.
    #[serde(default)]
    pub(crate) ca_file: Option<PathBuf>,
    /// What is asked for beyond `openid`, such as `["profile"]`.
    #[serde(default)]
    pub(crate) scopes: Vec<String>,
    /// Under which names it tells what: `{ resident-id = "id_card" }`; `name`, `resident_id` and
    /// `phone_number` when nothing is said.
    #[serde(default)]
    pub(crate) claims: Claims,
    /// What it is believed: `real-name`, `resident-id`, `mobile`; nothing by default.
    #[serde(default)]
    pub(crate) trusted: Vec<Trusts>,
}

/// A text in two languages.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Title {
    /// Chinese.
    pub(crate) zh: String,
    /// English.
    pub(crate) en: String,
}

/// The names of a provider's claims.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Claims {
    /// The registered name.
    pub(crate) real_name: Option<String>,
    /// The resident ID number.
    pub(crate) resident_id: Option<String>,
    /// The mobile number.
    pub(crate) mobile: Option<String>,
}

/// What a provider is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Trusts {
    /// The registered name.
    RealName,
    /// The resident ID number.
    ResidentId,
    /// The mobile number.
    Mobile,
}
