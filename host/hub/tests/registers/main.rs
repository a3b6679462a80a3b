//! The catalogue, records, imports, corrections and quality, as a specification.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod catalogue;
mod city;
mod corrections;
mod histories;
mod import;
mod killed;
mod quality;
mod records;
mod validation;
