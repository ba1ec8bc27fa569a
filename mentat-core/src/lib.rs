//! Security event processing.
