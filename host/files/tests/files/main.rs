//! What the files of installations promise, read as a specification: over a folder that is opened again, as after a
//! crash of the server, and over an object store.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod attaching;
mod city;
mod growing;
mod sealing;
mod sweeping;
mod tickets;
