//! Mentat (cli).
