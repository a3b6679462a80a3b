//! Pages: the frame that all apps share, and the parts they are made of. The classes are those
//! of the stylesheet that the host serves at `/_city/theme.css`; no page needs JavaScript.

mod frame;
mod parts;

pub use frame::{Layout, NavItem, problem};
pub use parts::{
    Column, Tone, amount, badge, card, checkbox, confirm, empty, error_summary, field, file_field, hidden, notice,
    pager, select, table, textarea,
};
