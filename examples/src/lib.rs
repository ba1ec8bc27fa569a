//! Programs that embed Mentat.
