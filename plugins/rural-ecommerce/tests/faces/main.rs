//! The pages and the API against the city in memory.
#![allow(clippy::unwrap_used)]

mod api;
mod contract;
mod department;
mod files;
mod lists;
mod orders;
mod pages;
mod pictures;
mod support;
