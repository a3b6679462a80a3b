//! Pages: the frame that all apps share, and the parts they are made of. The classes are those
//! of the stylesheet that the host serves at `/_city/theme.css`; no page needs JavaScript. Where
//! scripts run, `/_city/page.js` draws charts and lets print buttons print.

mod chart;
mod district_map;
mod frame;
mod listing;
mod parts;
mod print;
mod quantity;

pub use chart::{Chart, chart};
pub use district_map::{DistrictMap, ON_THE_MAP, district_map};
pub use frame::{Layout, NavItem, problem};
pub use listing::Listing;
pub use parts::{
    Column, Tone, amount, badge, card, checkbox, confirm, empty, error_summary, field, file_field, hidden, notice,
    pager, select, table, textarea,
};
pub use print::{Paper, print_button, print_view};
pub use quantity::Quantity;
