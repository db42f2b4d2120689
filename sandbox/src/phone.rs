//! Virtual phones.
