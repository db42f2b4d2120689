//! SQLite: one writer, readers, migrations, and what is kept.
