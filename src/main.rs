//! tetherd.
fn main() {}
