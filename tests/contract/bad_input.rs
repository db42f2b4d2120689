//! The whole list of bad input: each gets the documented error, and nothing is changed.

mod asking;
mod bodies;
mod haste;
mod keys;
mod names;
mod routes;
mod types;
