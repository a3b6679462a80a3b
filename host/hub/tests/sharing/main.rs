//! Sharing between departments as a specification: who gets what of whose data, and what is written down.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on panics")]

mod access;
mod city;
mod feed;
mod jobs;
mod orders;
mod places;
mod reading;
mod requests;
mod rights;
