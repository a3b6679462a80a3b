//! Sharing between departments as a specification: who gets what of whose data, and what is written down.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on panics")]

mod access;
mod asking;
mod attributes;
mod city;
mod classes;
mod clocks;
mod corrections;
mod counting;
mod denying;
mod feed;
mod jobs;
mod linking;
mod orders;
mod places;
mod positions;
mod reading;
mod requests;
mod reseal;
mod resting;
mod rights;
mod stops;
