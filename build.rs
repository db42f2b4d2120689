//! How the program is linked.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if is_for_this_machine() && glibc().is_some_and(|version| version >= (2, 36)) {
        // A program for glibc is put right for where it was loaded, in 53 000 places at every start. Packed they take
        // 50 kB in place of 1.3 MB, on disk and in memory; a glibc of before 2.36 does not know how. Static programs are not moved.
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

fn is_for_this_machine() -> bool {
    let told = |name| std::env::var(name).unwrap_or_default();
    told("CARGO_CFG_TARGET_ENV") == "gnu" && told("HOST") == told("TARGET")
}

/// As in `glibc 2.36`.
fn glibc() -> Option<(u32, u32)> {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?.stdout;
    let told = String::from_utf8(told).ok()?;
    let (major, minor) = told.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
